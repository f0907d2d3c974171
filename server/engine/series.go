package engine

import (
	"math"
	"time"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// noDate is an absent declare date inside the engine: it sorts before every date (semantics 2).
const noDate = protocol.NoDate

// report is what a series keeps of one report besides its values: three words without a pointer, so that millions of
// them cost the garbage collector nothing.
type report struct {
	date    int64 // UTC seconds
	declare int64 // UTC seconds, or noDate
	meta    uint64
}

// Layout of report.meta: report type, period and year, each as small as it can be.
const (
	nameBits = 25 // report types and periods are numbers in a dictionary
	yearBits = 14
	maxNames = 1<<nameBits - 1
)

// packMeta packs the year of the report date where none was written: to find it out each time that the report is shown
// took a fifth of a period query.
func packMeta(typ, period uint32, year int32, date int64) uint64 {
	if year == 0 {
		year = yearOf(date)
	}
	return uint64(typ)<<(nameBits+yearBits) | uint64(period)<<yearBits | uint64(year)
}

// yearOf returns the UTC year of a time in seconds.
func yearOf(date int64) int32 { return int32(time.Unix(date, 0).UTC().Year()) }

func (r report) typ() uint32    { return uint32(r.meta >> (nameBits + yearBits)) }
func (r report) period() uint32 { return uint32(r.meta>>yearBits) & maxNames }

// year returns the year that was written, or that of the report date.
func (r report) year() int32 { return int32(r.meta & (1<<yearBits - 1)) }

// knownFrom is the time from which the report counts as declared (semantics 2).
func (r report) knownFrom() int64 {
	if r.declare == noDate {
		return r.date
	}
	return r.declare
}

func (r report) declareDate() protocol.Instant {
	if r.declare == noDate {
		return protocol.Instant{}
	}
	return protocol.At(r.declare)
}

// series is all that is known of one subject in one table. It is immutable.
type series struct {
	shape *shape // the columns that have values, of a report or of one that was replaced
	// words has the reports, newest first: by (date, declare, type name) descending. Of each its date, declare date and meta,
	// and the bits of the values of its shape's columns. They lie together so that who answers with a report reads one
	// place of memory, and not one for what it says of itself and another for its values: with that 10 at a date fell
	// further to 1.53 us.
	words  []uint64
	stride int32 // words of a report
	count  int32 // reports
	stamp  protocol.Stamp
}

// headWords is how many words a report has before its values.
const headWords = 3

// seriesBytes is what a series takes besides its words, the sizes that allocations are rounded to among it.
const seriesBytes = 96

// newSeries returns a series without reports, and with room for so many.
func newSeries(shape *shape, reports int) *series {
	s := &series{shape: shape, stride: int32(headWords + shape.width())}
	s.words = make([]uint64, 0, reports*int(s.stride))
	return s
}

// bytes is the memory that a series takes; of none, 0.
func (s *series) bytes() int {
	if s == nil {
		return 0
	}
	return seriesBytes + cap(s.words)*8
}

// summary returns what stays known of a series (nil = none) when it leaves the heap.
func (s *series) summary(version uint64) summary {
	if s == nil {
		return summary{}
	}
	sum := summary{head: s.report(0), version: version, reports: uint32(s.count)}
	for i := range int(s.count) {
		for _, bits := range s.row(i) {
			if bits != missingBits {
				sum.present++
			}
		}
	}
	return sum
}

// date returns the date of report i.
func (s *series) date(i int) int64 { return int64(s.words[i*int(s.stride)]) }

// report returns report i.
func (s *series) report(i int) report { return unpack((*[headWords]uint64)(s.words[i*int(s.stride):])) }

// unpack is a report out of its words.
func unpack(words *[headWords]uint64) report {
	return report{date: int64(words[0]), declare: int64(words[1]), meta: words[2]}
}

// value returns column c of report i.
func (s *series) value(i, c int) float64 {
	place := s.shape.place(c)
	if place < 0 {
		return protocol.Missing
	}
	return math.Float64frombits(s.words[i*int(s.stride)+headWords+place])
}

// row returns the bits of the values of report i, in the order of the shape.
func (s *series) row(i int) []uint64 { return s.words[i*int(s.stride)+headWords : (i+1)*int(s.stride)] }

// appendAll adds the reports from, up to and without end, of another series at the old end. The shape covers that of the other.
func (s *series) appendAll(of *series, from, end int) {
	if s.shape == of.shape { // nearly always: their words are copied as they lie
		s.words = append(s.words, of.words[from*int(of.stride):end*int(of.stride)]...)
		s.count += int32(end - from)
		return
	}
	for i := from; i < end; i++ {
		s.appendHead(of.report(i))
		at := len(s.words)
		for range s.shape.columns {
			s.words = append(s.words, missingBits)
		}
		s.shape.spread(s.words[at:], of.row(i), of.shape)
	}
}

func (s *series) appendHead(r report) {
	s.words = append(s.words, uint64(r.date), uint64(r.declare), r.meta)
	s.count++
}

// appendTable is append of the values of all columns of a table, or of the first of them.
func (s *series) appendTable(r report, row []float64) {
	s.appendHead(r)
	for _, column := range s.shape.columns {
		v := protocol.Missing
		if int(column) < len(row) {
			v = row[column]
		}
		s.words = append(s.words, math.Float64bits(v))
	}
}

// filter is which reports a query sees: report types and what was known (semantics 4).
type filter struct {
	types    []uint32 // only these; nil = all
	noTypes  bool     // types were asked for and none of them exists: nothing passes
	all      bool     // superseded declarations pass too
	hasKnown bool
	known    int64
}

// plain tells whether every report passes, so that the newest is simply the first of its series.
func (f *filter) plain() bool { return f.types == nil && !f.noTypes && !f.hasKnown }

func (f *filter) passes(r report) bool {
	if f.hasKnown && r.knownFrom() > f.known {
		return false
	}
	if f.types == nil {
		return !f.noTypes
	}
	for _, t := range f.types {
		if t == r.typ() {
			return true
		}
	}
	return false
}

// newestWithin returns the index of the newest report that passes f with from <= date <= to, or -1.
func (s *series) newestWithin(f *filter, from, to int64) int {
	return s.newestBehind(s.firstUpTo(to), f, from)
}

// newestBehind returns the index of the newest report from first on that passes f and has a date >= from, or -1. Within one
// date the first that passes is the latest known declaration of its type, so nothing else needs to be looked at.
func (s *series) newestBehind(first int, f *filter, from int64) int {
	for i := first; i < int(s.count); i++ {
		if s.date(i) < from {
			return -1
		}
		if f.passes(s.report(i)) {
			return i
		}
	}
	return -1
}

// firstUpTo returns the index of the newest report with date <= to.
//
// A search without branches that depend on what it finds was slower by 0.3 of 3.3 us a period of five subjects: a guess
// that is right half of the time reads on before the memory of the step before has come.
func (s *series) firstUpTo(to int64) int {
	if s.count == 0 || s.date(0) <= to {
		return 0
	}
	first, end := 1, int(s.count)
	for first < end {
		if half := int(uint(first+end) >> 1); s.date(half) > to {
			first = half + 1
		} else {
			end = half
		}
	}
	return first
}

// noGuess is the guess of who has none.
const noGuess = -1

// maxSteps is how far from a guess a report is looked for.
const maxSteps = 4

// firstNear is firstUpTo of who guesses which one it is. What subjects of one market report lies at the same dates mostly,
// so the place in the series of the subject before is the right one, or beside it: this touches the line of memory that
// the answer needs anyway, and not those where a search turns to left or right, which nothing can predict: 10 at a date fell
// from 1.86 to 1.74 us without the network (BenchmarkScenarios).
func (s *series) firstNear(to int64, guess int) int {
	if guess < 0 {
		return s.firstUpTo(to)
	}
	at := min(guess, int(s.count))
	for range maxSteps {
		switch {
		case at < int(s.count) && s.date(at) > to:
			at++
		case at > 0 && s.date(at-1) <= to:
			at--
		default:
			return at
		}
	}
	return s.firstUpTo(to)
}

// next returns the first index >= i of a report that a query with f sees: it passes, and no later declaration of the
// same date and type passes too (semantics 4). It returns s.count when there is none.
func (s *series) next(i int, f *filter) int {
	for ; i < int(s.count); i++ {
		if f.passes(s.report(i)) && !s.superseded(i, f) {
			return i
		}
	}
	return i
}

// superseded tells whether a report before i, so declared later, has the same date and type and passes f.
func (s *series) superseded(i int, f *filter) bool {
	if f.all {
		return false
	}
	r := s.report(i)
	for j := i - 1; j >= 0 && s.date(j) == r.date; j-- {
		if other := s.report(j); other.typ() == r.typ() && f.passes(other) {
			return true
		}
	}
	return false
}
