package engine

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// moments makes roots of one table with one column and one topic, each a change of the one before.
type moments struct {
	*root
	numbers map[string]uint32
}

func newMoments() *moments {
	return &moments{root: &root{tables: []*table{{}}}, numbers: map[string]uint32{}}
}

// change returns the next moment and the subjects that differ in it. A value of nil takes the report away; in tells
// whether the subject is in the topic.
func (m *moments) change(edits []subjectEdit) (next *moments, changed []uint32) {
	rt := *m.root
	rt.applied++
	rt.subjects = slices.Clone(rt.subjects)
	t := *rt.tables[0]
	t.chunks = slices.Clone(t.chunks)
	own, all := map[int]bool{}, shapes{}
	rt.tables = []*table{&t}
	for _, e := range edits {
		n, ok := m.numbers[e.key]
		if !ok {
			n = rt.count
			rt.count++
			m.numbers[e.key] = n
		}
		i := int(n >> chunkBits)
		if i == len(rt.subjects) {
			rt.subjects = append(rt.subjects, new(subjectChunk))
		}
		people := *rt.subjects[i]
		s := &protocol.Subject{Key: e.key}
		if e.in {
			s.Topics = []string{"topic"}
		}
		people.put(int(n&chunkMask), s)
		rt.subjects[i] = &people
		c := t.writable(i, own)
		var after *series
		if e.value != nil {
			after = newSeries(all.of([]uint64{1}, noShape), 1)
			after.appendTable(report{}, []float64{*e.value})
		}
		t.set(c, int(n&chunkMask), after, rt.applied, &all)
		changed = append(changed, n)
	}
	slices.Sort(changed)
	return &moments{root: &rt, numbers: m.numbers}, slices.Compact(changed)
}

func (m *moments) seen() seen { return seen{m.root, m.tables[0]} }

// topic returns the members of the topic.
func (m *moments) topic() (topic members) {
	for n := range m.count {
		if len(m.subject(n).Topics) > 0 {
			topic = append(topic, n)
		}
	}
	slices.SortFunc(topic, func(a, b uint32) int { return compareKeys(m.root, a, b) })
	return topic
}

type subjectEdit struct {
	key   string
	value *float64
	in    bool
}

func randomEdits(t *rapid.T, keys, most int) []subjectEdit {
	distinct := rapid.SampledFrom([]int{1, 3, 40, 1 << 30}).Draw(t, "distinct values")
	seed := rapid.Uint64().Draw(t, "seed")
	edits := make([]subjectEdit, rapid.IntRange(0, most).Draw(t, "edits"))
	for i := range edits {
		seed = seed*6364136223846793005 + 1442695040888963407
		e := subjectEdit{key: fmt.Sprintf("%05d", seed>>33%uint64(keys)), in: seed>>20&7 > 0}
		if v := float64(int(seed>>40)%distinct - distinct/2); seed>>17&7 > 0 {
			if seed>>50&15 == 0 {
				v = protocol.Missing
			}
			e.value = &v
		}
		edits[i] = e
	}
	return edits
}

// numbersOf reads an order through its pages.
func (o *order) numbersOf(rt *root, ascending bool, offset, limit int) (numbers []uint32) {
	for _, it := range o.page(nil, rt, o.key.figures(rt.tables[0]), &page{ascending: ascending, offset: offset, limit: limit}) {
		numbers = append(numbers, it.number)
	}
	return numbers
}

// ranked ranks the topic anew.
func (o *order) ranked(m *moments, topic members, ascending bool, offset, limit int) (numbers []uint32) {
	p := page{column: o.key.column, ascending: ascending, offset: offset, limit: limit}
	v := view{root: m.root, table: m.tables[0]}
	for _, it := range p.rankKeyed(v.newestItems(nil, topic, &p), new(scratch)) {
		numbers = append(numbers, it.number)
	}
	return numbers
}

// TestAnOrderKeptUpIsTheOneBuiltAnew changes a topic again and again and holds the order that is kept up against one that
// is built anew, and its pages against rankings.
func TestAnOrderKeptUpIsTheOneBuiltAnew(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		keys := rapid.SampledFrom([]int{10, 300, 5000}).Draw(t, "keys")
		key := orderKey{whom: whom{topic: "topic"}, column: rapid.SampledFrom([]int{0, byReportDate}).Draw(t, "column")}
		now, _ := newMoments().change(randomEdits(t, keys, 2*keys))
		o := newOrder(key, now.topic(), key.figures(now.tables[0]))
		for range rapid.IntRange(1, 6).Draw(t, "changes") {
			next, changed := now.change(randomEdits(t, keys, rapid.SampledFrom([]int{1, 5, keys}).Draw(t, "most")))
			if got := changedSince(now.root, next.root, 0); !slices.Equal(got, changed) {
				t.Fatalf("between the moments %v changed, and not %v", got, changed)
			}
			if o = o.advance(now.seen(), next.seen(), changed); o == nil {
				o = newOrder(key, next.topic(), key.figures(next.tables[0]))
			}
			o.use.mark()
			now = next
			topic := now.topic()
			fresh := newOrder(key, topic, key.figures(now.tables[0]))
			if o.present != fresh.present || o.count() != fresh.count() || o.bytes() > 3*orderBytes(o.count()) {
				t.Fatalf("%d subjects, %d with values in %d bytes; anew %d, %d in %d", o.count(), o.present, o.bytes(),
					fresh.count(), fresh.present, fresh.bytes())
			}
			for range 6 {
				ascending := rapid.Bool().Draw(t, "ascending")
				offset, limit := rapid.IntRange(0, o.count()+3).Draw(t, "offset"), rapid.IntRange(1, 30).Draw(t, "limit")
				want := o.ranked(now, topic, ascending, offset, limit)
				if got := o.numbersOf(now.root, ascending, offset, limit); !slices.Equal(got, want) {
					t.Fatalf("from %d on, %d, ascending %v:\n%v, want\n%v", offset, limit, ascending, got, want)
				}
			}
		}
	})
}

// TestLeavesOfAnOrderAreSplitAndJoined lets a topic grow and shrink by steps that an order is kept up through.
func TestLeavesOfAnOrderAreSplitAndJoined(t *testing.T) {
	const most = 6 * leafSize
	key := orderKey{whom: whom{topic: "topic"}}
	now, _ := newMoments().change(nil)
	o := newOrder(key, nil, key.figures(now.tables[0]))
	blocks := 0
	step := func(i int, value *float64) {
		next, changed := now.change([]subjectEdit{{fmt.Sprintf("%05d", i*7919%most), value, true}})
		if o = o.advance(now.seen(), next.seen(), changed); o == nil {
			t.Fatal("the order was given up")
		}
		o.use.mark()
		now = next
		blocks = max(blocks, len(o.blocks))
	}
	check := func(subjects, leaves int) {
		t.Helper()
		if o.count() != subjects || len(o.blocks) > leaves {
			t.Fatalf("%d subjects in %d leaves, want %d in at most %d", o.count(), len(o.blocks), subjects, leaves)
		}
		if want := o.ranked(now, now.topic(), false, 0, most); !slices.Equal(o.numbersOf(now.root, false, 0, most), want) {
			t.Fatal("not in order")
		}
	}
	for i := range most {
		v := float64(i % 1000)
		step(i, &v)
	}
	check(most, 12)
	if blocks < 6 {
		t.Errorf("at most %d leaves", blocks)
	}
	for i := range most - 100 {
		step(i, nil)
	}
	check(100, 1)
	for i := most - 100; i < most; i++ {
		step(i, nil)
	}
	check(0, 0)
}

// TestPagesOfALargeTableAreThoseOfARanking asks pages of a table whose rows are fetched beforehand, with and without equal
// figures on them.
func TestPagesOfALargeTableAreThoseOfARanking(t *testing.T) {
	const subjects = (nearChunks + 2) * chunkRows
	var edits []subjectEdit
	for i := range subjects {
		v := float64(i * 7919 % subjects)
		value := &v
		switch {
		case i%100 == 0:
			v = protocol.Missing
		case i%50 == 0:
			value = nil
		case i%400 < 3:
			v = float64(i / 400)
		}
		edits = append(edits, subjectEdit{fmt.Sprintf("%06d", i), value, true})
	}
	key := orderKey{whom: whom{topic: "topic"}}
	now, _ := newMoments().change(edits)
	o := newOrder(key, now.topic(), key.figures(now.tables[0]))
	for _, ascending := range []bool{true, false} {
		all := o.ranked(now, now.topic(), ascending, 0, subjects)
		for offset := 0; offset < subjects+100; offset += 101 {
			for _, limit := range []int{1, 20, mostFetched, mostFetched + 1} {
				want := cut(&page{offset: offset, limit: limit}, all)
				if got := o.numbersOf(now.root, ascending, offset, limit); !slices.Equal(got, want) {
					t.Fatalf("from %d on, %d, ascending %v:\n%v, want\n%v", offset, limit, ascending, got, want)
				}
			}
		}
	}
}
