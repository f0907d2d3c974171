package engine

import (
	"sync/atomic"

	"github.com/cespare/xxhash/v2"
)

// A version is the applied index of the newest change of something that answers depend on: of a subject (its reports in
// any table, its attributes, that it came to exist), of a topic (its members and anything of theirs), of the catalog. They
// are kept by hash in a table of fixed size that Apply writes before it publishes the root. Two things that share a slot
// share their version, which makes an answer seem changed that is not, never the other way round: with 262,144 slots a
// write touches a list of 50 strangers once in 5,000 times.
//
// An answer that was computed at index A is still the answer when no version of what it depends on is above A.
const (
	versionBits  = 18
	versionSlots = 1 << versionBits // 2 MiB
)

// Dependency is something that an answer depends on: the place of its version.
type Dependency uint32

// change is a kind of change, so that tests can leave each out in turn and see that it is missed.
type change uint8

const (
	reportsOfSubject change = iota
	reportsInTopic
	attributesOfSubject
	joinedTopic
	attributesInTopic // of a member, also of one that leaves
	catalogChange
)

// versions are read by queries and written by Apply.
type versions struct {
	slots [versionSlots]atomic.Uint64
	floor atomic.Uint64 // everything changed here at the latest: a store was put in place of another
	muted uint          // only in tests: a bit for each change that leaves no trace
}

// The kinds of what has a version; they keep a subject apart from a topic of the same name.
const (
	subjectKind = 0x9e3779b97f4a7c15
	topicKind   = 0xc2b2ae3d27d4eb4f
	catalogSlot = Dependency(0)
)

// slotOf returns the place of a name's version. The hash is the same in every process, since kept replies name places.
func slotOf(kind uint64, name string) Dependency {
	h := (xxhash.Sum64String(name) ^ kind) * 0xff51afd7ed558ccd
	return Dependency(h >> (64 - versionBits))
}

// AppendDependencies appends what the answer to a query depends on: the catalog, and its topic or else its subjects,
// known and unknown ones.
func (e *Engine) AppendDependencies(dst []Dependency, topic string, subjects []string) []Dependency {
	dst = append(dst, catalogSlot)
	if topic != "" {
		return append(dst, slotOf(topicKind, topic))
	}
	for _, key := range subjects {
		dst = append(dst, slotOf(subjectKind, key))
	}
	return dst
}

// Unchanged tells whether none of what is listed has changed after the applied index since. What Applied returned
// before the call is taken into account.
func (e *Engine) Unchanged(on []Dependency, since uint64) bool {
	v := e.versions
	newest := v.floor.Load()
	for _, d := range on {
		newest = max(newest, v.slots[d&(versionSlots-1)].Load())
	}
	return newest <= since
}

// restart says that everything changed: nobody knows what did before next was loaded, in place of before (nil = of nothing).
func (v *versions) restart(before, next *root) {
	floor := next.applied
	if before != nil {
		floor = max(floor, before.applied+1)
	}
	v.floor.Store(floor)
}

// touched gathers the places whose versions an entry moves.
type touched struct {
	v     *versions
	slots []Dependency
}

func (t *touched) add(why change, d Dependency) {
	if t.v.muted>>why&1 == 0 {
		t.slots = append(t.slots, d)
	}
}

// publish moves the versions; it comes before the root of that index is published.
func (t *touched) publish(index uint64) {
	for _, d := range t.slots {
		t.v.slots[d].Store(index)
	}
}

// touch gathers what the draft changes.
func (d *draft) touch() touched {
	t := touched{v: d.e.versions}
	if d.next.catalog != d.base.catalog {
		t.add(catalogChange, catalogSlot)
	}
	for n := range d.touched {
		s := d.next.subject(n)
		t.add(attributesOfSubject, slotOf(subjectKind, s.Key))
		for _, topic := range s.Topics {
			t.add(joinedTopic, slotOf(topicKind, topic))
		}
		if n < d.base.count {
			for _, topic := range d.base.subject(n).Topics {
				t.add(attributesInTopic, slotOf(topicKind, topic))
			}
		}
	}
	for _, edit := range d.tables {
		for n := range edit.series {
			s := d.next.subject(n)
			t.add(reportsOfSubject, slotOf(subjectKind, s.Key))
			for _, topic := range s.Topics {
				t.add(reportsInTopic, slotOf(topicKind, topic))
			}
		}
	}
	return t
}
