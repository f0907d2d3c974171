package gateway

import (
	"hash/maphash"
	"strings"
	"sync/atomic"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// familiarPlaces is how many subjects are remembered at most; a power of two.
const familiarPlaces = 1 << 16

// familiar gives subjects of answers that come again the identity that they had before. Each answer of a node brings subjects
// of its own; the JSON endpoints know what they have printed before by the address of the subject (httpcompat's memo), as a
// node's engine keeps it. Finding 20 subjects costs a hash and a comparison each, printing them anew some ten times that.
//
// It is a table of fixed size without chains: a subject has one place, and a newer one takes it over. What is kept never
// changes. A subject whose attributes have changed is another one.
type familiar struct {
	seed   maphash.Seed
	places []atomic.Pointer[protocol.Subject]
}

func newFamiliar(places int) *familiar {
	return &familiar{seed: maphash.MakeSeed(), places: make([]atomic.Pointer[protocol.Subject], places)}
}

// recognize replaces the subjects by equal ones that were there before. Rows of one subject that follow each other share it.
func (f *familiar) recognize(subjects []*protocol.Subject) {
	var came, known *protocol.Subject
	for i, s := range subjects {
		if s != came {
			came, known = s, f.of(s)
		}
		subjects[i] = known
	}
}

// of returns the subject that is kept in place of s.
func (f *familiar) of(s *protocol.Subject) *protocol.Subject {
	place := &f.places[maphash.String(f.seed, s.Key)&uint64(len(f.places)-1)]
	if kept := place.Load(); kept != nil && looksLike(kept, s) {
		return kept
	}
	kept := copyOf(s)
	place.Store(kept)
	return kept
}

// looksLike tells whether answers show two subjects alike. Topics and tags are never part of them.
func looksLike(a, b *protocol.Subject) bool {
	return a.Key == b.Key && a.Name == b.Name && a.Status == b.Status && a.ListingDate == b.ListingDate && a.Category == b.Category
}

// copyOf returns a subject with memory of its own: the texts of an answer lie in one piece with all others of it.
func copyOf(s *protocol.Subject) *protocol.Subject {
	text := strings.Join([]string{s.Key, s.Name, s.Status, s.ListingDate, s.Category}, "")
	next := func(like string) (part string) {
		part, text = text[:len(like)], text[len(like):]
		return part
	}
	return &protocol.Subject{Key: next(s.Key), Name: next(s.Name), Status: next(s.Status),
		ListingDate: next(s.ListingDate), Category: next(s.Category)}
}
