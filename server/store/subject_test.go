package store

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// Subjects of one reading share what they have alike, and each is what was written all the same, also beyond what is shared.
func TestSubjectsShareWhatTheyHaveAlike(t *testing.T) {
	var a alike
	read := func(key, concept string) *protocol.Subject {
		want := protocol.NewSubject(key)
		want.ListingDate, want.Topics, want.Tags = "2020-01-02", []string{"all"}, []protocol.Tag{{Kind: "concept", Text: concept}}
		got, err := decodeSubject(key, appendSubject(nil, &want), &a)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(&want, got); diff != "" {
			t.Fatalf("%s:\n%s", key, diff)
		}
		return got
	}
	one, two, other := read("33:1", "x"), read("33:2", "x"), read("33:3", "y")
	if &one.Topics[0] != &two.Topics[0] || &one.Tags[0] != &two.Tags[0] {
		t.Error("two subjects with the same tags have each their own")
	}
	if &one.Tags[0] == &other.Tags[0] {
		t.Error("subjects with different tags share them")
	}
	for i := range maxAlike + 100 {
		read(fmt.Sprint("34:", i), fmt.Sprint("concept ", i))
	}
	if len(a.lists) > maxAlike || len(a.texts) > maxAlike {
		t.Errorf("%d lists and %d texts are kept, at most %d are to be", len(a.lists), len(a.texts), maxAlike)
	}
}
