package httpcompat

import (
	"math"
	"math/bits"
	"slices"
	"sync/atomic"
	"unsafe"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// figureMemo keeps, of subjects that rankings show again and again, the JSON with which an entry begins and the decimals of
// the figures that were printed of each: what stands in one place of memory is fetched together, where a memo of numbers by
// themselves waits for the memory once for every number.
//
// A decimal is found by the bits of its number, so nothing has to be told when something is written. Like the other memos
// it is a table of fixed size without chains; a subject gets a place when it is asked for twice running. With 6 figures a
// subject takes about 500 bytes: 16 for the place, 80 for keptFigures, 256 for the figures and the beginning of its entry;
// with the 24 that are kept at most, 1 KB for the figures.
type figureMemo struct {
	pairs []figurePair // their number is a power of two
}

// figurePair is the two places that a subject may have, in half a cache line. With one place for each, subjects that took
// each other's place printed everything afresh and allocated: between 0 and 9 % of 5,000 subjects in 65,536 places, by where
// the heap lay when the process began. Of random addresses 7 % share one of so many places, and 0.3 % a pair with two more.
type figurePair struct {
	kept  [2]atomic.Pointer[keptFigures]
	asked atomic.Uint32 // part of the hash of what was asked for last and is not kept
}

// maxFigures is how many figures of a subject are kept. When there are more it begins again with those asked for last.
const maxFigures = 24

// maxOpening is the longest beginning of an entry that is kept, in bytes.
const maxOpening = 4 << 10

// keptFigures is what is kept of a subject. It never changes. The address of a published Subject says which it is.
type keptFigures struct {
	subject *protocol.Subject
	factor  uint64       // spreads numbers over figures; its low 6 bits are by how much a product is shifted then
	figures []figure     // a hash table with linear probing, as long as a power of two and never full
	opening [][step]byte // a comma and the beginning of the entry up to the brace of its data
	length  int          // of the opening
}

// step is how many bytes are copied at once, mostly: two moves of the processor, without a call and without asking how many
// of them there are. What is too much is written over by what comes next.
const step = 32

// A figure is a number and its decimal in half a cache line, so that the line that tells whether it is the right one has
// the text too. Text that does not fit is not kept: 17 digits below 1e-5 or beyond 1e21.
type figure struct {
	number uint64 // as bits; noFigure where there is none
	length uint8
	text   [step - 9]byte
}

// noFigure is a NaN, which is never looked up.
const noFigure = math.MaxUint64

func newFigureMemo(n int) *figureMemo {
	return &figureMemo{pairs: make([]figurePair, max(1, 1<<bits.Len(uint(n-1))/2))}
}

// lookup fills found with what is kept of each subject, nil for none.
//
// It goes over the subjects twice, and the caller a third time: the first pass only loads places, the second what they
// point to. So the processor waits for many cache lines at once rather than for one after the other.
func (m *figureMemo) lookup(found []*keptFigures, subjects []*protocol.Subject) []*keptFigures {
	found = slices.Grow(found[:0], len(subjects))[:len(subjects)]
	for i, s := range subjects {
		found[i] = m.pair(subjectHash(s)).kept[0].Load()
	}
	for i, k := range found {
		if k != nil && k.subject != subjects[i] {
			if k = m.pair(subjectHash(subjects[i])).kept[1].Load(); k != nil && k.subject != subjects[i] {
				k = nil
			}
			found[i] = k
		}
	}
	return found
}

func subjectHash(s *protocol.Subject) uint64 { return scatter(uint64(uintptr(unsafe.Pointer(s)))) }

func (m *figureMemo) pair(hash uint64) *figurePair {
	return &m.pairs[hash>>32&uint64(len(m.pairs)-1)]
}

// home returns where a number belongs among n figures.
func home(number, factor uint64) uint64 { return number * factor >> (factor & 63) }

// find returns the figure of a number, nil if it is not kept.
func (k *keptFigures) find(number uint64) *figure {
	mask := uint64(len(k.figures) - 1)
	for i := home(number, k.factor); ; i++ {
		f := &k.figures[i&mask]
		if f.number == number {
			return f
		}
		if f.number == noFigure {
			return nil
		}
	}
}

// admit gives a place to a subject that is asked for twice running, and returns nil for others.
func (m *figureMemo) admit(s *protocol.Subject) *keptFigures {
	hash := subjectHash(s)
	pair := m.pair(hash)
	if sign := uint32(hash) | 1; pair.asked.Swap(sign) != sign {
		return nil
	}
	opening := appendOpening([]byte{','}, s)
	if len(opening) > maxOpening {
		return nil
	}
	n := len(opening) - 1 // without the brace, which takes the place of the first label's comma
	k := &keptFigures{subject: s, length: n, opening: make([][step]byte, (n+step-1)/step)}
	for i := range k.opening {
		copy(k.opening[i][:], opening[i*step:n])
	}
	k.arrange(nil)
	place := &pair.kept[hash>>1&1]
	for i := range pair.kept { // the first must not be empty when the second is not
		if pair.kept[i].Load() == nil {
			place = &pair.kept[i]
			break
		}
	}
	place.Store(k)
	return k
}

// replace puts next in the place of k, if it is still there.
func (m *figureMemo) replace(k, next *keptFigures) {
	pair := m.pair(subjectHash(k.subject))
	for i := range pair.kept {
		if pair.kept[i].CompareAndSwap(k, next) {
			return
		}
	}
}

// with returns k with the figures of a row of its subject added. Where the row alone has more than are kept, those of its
// first columns are, and k itself is returned when it has them all.
func (k *keptFigures) with(r *protocol.Result, row, columns int) *keptFigures {
	var room [maxFigures]figure
	asked, fresh := room[:0], false
	for c := 0; c < columns && len(asked) < maxFigures; c++ {
		v := r.Value(row, c)
		if v != v {
			continue
		}
		f := k.find(math.Float64bits(v))
		if f == nil {
			if f = newFigure(v); f == nil {
				continue
			}
			fresh = true
		}
		if !slices.Contains(asked, *f) {
			asked = append(asked, *f)
		}
	}
	if !fresh {
		return k
	}
	all := slices.Clone(asked)
	for _, f := range k.figures {
		if f.number != noFigure && !slices.Contains(asked, f) {
			all = append(all, f)
		}
	}
	if len(all) > maxFigures {
		all = asked
	}
	next := *k
	next.arrange(all)
	return &next
}

// newFigure makes the figure of a number, nil if its text does not fit.
func newFigure(v float64) *figure {
	var room [2 * step]byte
	text := appendNumber(room[:0], v)
	f := &figure{number: math.Float64bits(v), length: uint8(len(text))}
	if copy(f.text[:], text) < len(text) {
		return nil
	}
	return f
}

// arrange makes the table of figures. Of a few factors it takes the first that gives each figure the place where it is
// looked for first, or else the one that gives it to most: a search that needs a second look costs a wrong guess of the
// processor about the branch.
func (k *keptFigures) arrange(all []figure) {
	size := 1 << bits.Len(uint(len(all)+len(all)/4))
	shift := uint64(64 - bits.Len(uint(size-1)))
	const attempts = 64
	fewest := len(all) + 1
	for i := range uint64(attempts) {
		factor := scatter(i)&^63 | shift
		var taken uint64 // size is 32 at most
		for j := range all {
			taken |= 1 << home(all[j].number, factor)
		}
		if displaced := len(all) - bits.OnesCount64(taken); displaced < fewest {
			fewest, k.factor = displaced, factor
		}
		if fewest == 0 {
			break
		}
	}
	k.figures = make([]figure, size)
	for i := range k.figures {
		k.figures[i].number = noFigure
	}
	for _, f := range all {
		i := home(f.number, k.factor)
		for k.figures[i].number != noFigure {
			i = (i + 1) % uint64(size)
		}
		k.figures[i] = f
	}
}

// appendOpening appends what an entry of a ranking begins with.
func appendOpening(dst []byte, s *protocol.Subject) []byte {
	dst = appendSubject(append(dst, `{"subject":`...), s)
	return append(dst, `,"data":{`...)
}
