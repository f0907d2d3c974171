package engine

import (
	"slices"
	"sync/atomic"
)

// usage is what queries leave with what stands for them: it was asked for.
type usage struct{ marks atomic.Uint32 }

// The marks are taken away by those who look for them.
const (
	markForApply = 1 << iota
	markForEviction
	allMarks = markForApply | markForEviction
)

func (u *usage) mark() {
	if u.marks.Load() != allMarks { // nearly always: no write that other processors would have to see
		u.marks.Store(allMarks)
	}
}

// take tells whether there was a use since the mark was last taken.
func (u *usage) take(mark uint32) bool { return u.marks.And(^mark)&mark != 0 }

// standee stands in a root for queries to come: an order or a past. The zero value is none.
type standee[K comparable] interface {
	comparable
	name() K
	bytes() int
	usage() *usage
}

// standees is the orders or the pasts of one root. It is immutable; nil has none.
type standees[K comparable, S standee[K]] struct {
	index map[K]int // places in list; shared between the roots that have the same ones
	list  []S
	size  int // bytes
}

func (s *standees[K, S]) find(key *K) (found S) {
	if s == nil {
		return found
	}
	if i, ok := s.index[*key]; ok {
		return s.list[i]
	}
	return found
}

func (s *standees[K, S]) len() int {
	if s == nil {
		return 0
	}
	return len(s.list)
}

func (s *standees[K, S]) bytes() int {
	if s == nil {
		return 0
	}
	return s.size
}

// newStandees returns those of a list that are not none.
func newStandees[K comparable, S standee[K]](list []S) *standees[K, S] {
	var none S
	s := &standees[K, S]{index: make(map[K]int, len(list))}
	for _, one := range list {
		if one != none {
			s.index[one.name()] = len(s.list)
			s.list = append(s.list, one)
			s.size += one.bytes()
		}
	}
	return s
}

// with returns s with list in place of its own: each the next of the one before it, or none.
func (s *standees[K, S]) with(list []S) *standees[K, S] {
	var none S
	switch {
	case slices.Equal(list, s.list):
		return s
	case slices.Contains(list, none):
		return newStandees(list)
	}
	next := &standees[K, S]{index: s.index, list: list}
	for _, one := range list {
		next.size += one.bytes()
	}
	return next
}

// put returns s with one more, or with another in place of that of the same name.
func (s *standees[K, S]) put(one S) *standees[K, S] {
	if s == nil {
		return newStandees([]S{one})
	}
	list := slices.Clone(s.list)
	if i, ok := s.index[one.name()]; ok {
		list[i] = one
		return s.with(list)
	}
	return newStandees(append(list, one))
}

// less returns s without the one at a place.
func (s *standees[K, S]) less(i int) *standees[K, S] {
	return newStandees(slices.Delete(slices.Clone(s.list), i, i+1))
}
