package oracletest

import (
	"fmt"

	"pgregory.net/rapid"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// World is what a random history is about. Its writes and queries share one small vocabulary and know nothing of what
// was written before, so that a history still makes sense when any part of it is left out.
type World struct {
	Keys   []string // subjects that the history writes about and asks for
	Tagged bool     // whether they have topics and tags from the start
	Crowd  int      // subjects besides, written at the start: enough to fill more than one chunk of anything
	Deep   int      // reports of the first subject, written at the start
}

// RandomWorld draws a world. One in three is large.
func RandomWorld() *rapid.Generator[*World] {
	return rapid.Custom(func(t *rapid.T) *World {
		w := &World{
			Keys:   rapid.SliceOfNDistinct(rapid.SampledFrom(subjectKeys), 2, 7, rapid.ID).Draw(t, "keys"),
			Tagged: rapid.SampledFrom([]bool{false, true, true, true}).Draw(t, "tagged"),
			Crowd:  rapid.SampledFrom([]int{0, 0, 0, 0, 0, 0, 120, 520, 1300}).Draw(t, "crowd"),
			Deep:   rapid.SampledFrom([]int{0, 0, 0, 0, 0, 0, 0, 40, 1100}).Draw(t, "deep"),
		}
		for i := range min(w.Crowd, 3) {
			w.Keys = append(w.Keys, crowdKey(i*w.Crowd/3))
		}
		return w
	})
}

// crowdKey returns the key of one of the crowd; all share their first 16 bytes.
func crowdKey(i int) string { return fmt.Sprintf("33:%017d", i) }

// Setup returns the writes with which a history begins: the tables, the tags, the crowd and the deep series.
func (w *World) Setup() []*protocol.Write {
	writes := []*protocol.Write{{Time: 1, Tables: &protocol.PutTables{Tables: []protocol.Table{finance(), macro()}}}}
	if w.Tagged {
		writes = append(writes, w.tags())
	}
	if w.Crowd > 0 {
		writes = append(writes, w.crowdSubjects(), w.crowdReports())
	}
	if w.Deep > 0 {
		writes = append(writes, w.deepSeries())
	}
	return writes
}

// tags puts every key into a topic, every second into two, and tags each.
func (w *World) tags() *protocol.Write {
	p := &protocol.PutSubjects{}
	for i, key := range w.Keys {
		u := protocol.SubjectUpdate{Subject: protocol.NewSubject(key), Set: protocol.FieldTopics | protocol.FieldTags}
		u.Topics = topics[:1+i%2]
		u.Tags = []protocol.Tag{{Kind: tagKinds[i%2], Text: tagTexts[i%len(tagTexts)]}, {Kind: tagKinds[0], Text: tagTexts[0]}}
		p.Subjects = append(p.Subjects, u)
	}
	return &protocol.Write{Time: 2, Subjects: p}
}

// crowdSubjects puts the crowd into a topic and tags a third of it.
func (w *World) crowdSubjects() *protocol.Write {
	p := &protocol.PutSubjects{}
	for i := range w.Crowd {
		u := protocol.SubjectUpdate{Subject: protocol.NewSubject(crowdKey(i)), Set: protocol.FieldTopics | protocol.FieldTags}
		u.Topics = topics[:1]
		if i%3 == 0 {
			u.Tags = []protocol.Tag{{Kind: tagKinds[0], Text: tagTexts[i%len(tagTexts)]}}
		}
		p.Subjects = append(p.Subjects, u)
	}
	return &protocol.Write{Time: 2, Subjects: p}
}

// crowdReports writes one report for each of the crowd, in an order that is not that of their keys.
func (w *World) crowdReports() *protocol.Write {
	p := &protocol.Put{}
	for n := range w.Crowd {
		i := (n*7919 + 11) % w.Crowd // 7919 is prime and divides no size of a crowd
		p.Reports = append(p.Reports, protocol.Report{
			Subject:    crowdKey(i),
			ReportDate: days[i%4],
			Values:     []float64{values[i%len(values)], float64(i % 97), values[i/2%len(values)]},
		})
	}
	return &protocol.Write{Time: 3, Put: p}
}

// deepSeries writes many quarters of the first subject, every fifth restated.
func (w *World) deepSeries() *protocol.Write {
	const quarter = 91 * protocol.SecondsPerDay
	p := &protocol.Put{}
	for i := range w.Deep {
		r := protocol.Report{
			Subject:    w.Keys[0],
			ReportDate: day("2023-12-31") - int64(i)*quarter,
			Values:     []float64{float64(i % 50), values[i%len(values)]},
		}
		p.Reports = append(p.Reports, r)
		if i%5 == 0 {
			r.DeclareDate = protocol.At(r.ReportDate + quarter/2)
			r.Values = []float64{values[i%len(values)], float64(i)}
			p.Reports = append(p.Reports, r)
		}
	}
	return &protocol.Write{Time: 4, Put: p}
}

// pick draws one of a list; the first ones come a little more often and are what failures shrink to.
func pick[T any](t *rapid.T, label string, list []T) T {
	return list[rapid.IntRange(0, len(list)-1).Draw(t, label)]
}

// rarely is true about once in fifty times, and false when a failure does not need it.
func rarely(t *rapid.T, label string) bool {
	return rapid.IntRange(0, 31).Draw(t, label) == 21
}

// seldom is true about once in twelve times.
func seldom(t *rapid.T, label string) bool {
	return rapid.IntRange(0, 15).Draw(t, label) >= 14
}

// sometimes is true about once in six times.
func sometimes(t *rapid.T, label string) bool {
	return rapid.IntRange(0, 7).Draw(t, label) >= 6
}

// often is true about every second time.
func often(t *rapid.T, label string) bool { return rapid.Bool().Draw(t, label) }

// some draws a list of between least and most of the given ones, repetitions included.
func some[T any](t *rapid.T, label string, list []T, least, most int) []T {
	one := rapid.Custom(func(t *rapid.T) T { return pick(t, label, list) })
	return rapid.SliceOfN(one, least, most).Draw(t, label)
}
