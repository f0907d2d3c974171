package protocol

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// equal compares messages: empty and nil lists are one, and so are all NaNs.
var equal = cmp.Options{cmpopts.EquateEmpty(), cmpopts.EquateNaNs(), cmpopts.IgnoreUnexported(Result{})}

func TestEveryMessageDecodesToWhatWasAppended(t *testing.T) {
	for _, s := range samples() {
		t.Run(s.name, func(t *testing.T) {
			got := s.empty()
			if err := got.Decode(s.payload()); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(s.want(), got, equal); diff != "" {
				t.Errorf("decoded differs (-appended +decoded):\n%s", diff)
			}
			if again := got.AppendTo(nil); !bytes.Equal(again, s.payload()) {
				t.Errorf("appended again: %x, not %x", again, s.payload())
			}
		})
	}
}
