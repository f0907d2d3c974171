package protocol

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

func TestShortKeysAreWrittenAsKeysAre(t *testing.T) {
	key := rapid.OneOf(rapid.StringMatching(`[a-z0-9:]{1,40}`), rapid.StringMatching(`沪市:[0-9]{5,6}`))
	rapid.Check(t, func(t *rapid.T) {
		var plain, short Result
		for _, k := range rapid.SliceOf(key).Draw(t, "keys") {
			s := &Subject{Key: k}
			plain.Subjects = append(plain.Subjects, s)
			short.AppendRow(s, ShortKeyOf(k))
		}
		if n := len(plain.Subjects); n > 0 && rapid.Bool().Draw(t, "grouped") {
			for end := range n {
				plain.Groups = append(plain.Groups, int32(end+1))
			}
			short.Groups = plain.Groups
		}
		spare := make([]byte, 0, rapid.IntRange(0, 300).Draw(t, "spare"))
		if got, want := short.AppendTo(spare), plain.AppendTo(nil); !bytes.Equal(got, want) {
			t.Fatalf("got %q, want %q", got, want)
		}
	})
}
