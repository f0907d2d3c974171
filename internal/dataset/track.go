package dataset

import (
	"encoding/binary"
	"hash/maphash"
	"strings"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// tracker remembers, as hashes, what an import has met: reports by identity, subjects, and the attributes that were last
// sent for each. It takes 11 to 21 bytes per report (ImportOptions.MaxIdentities) and about 60 per subject.
type tracker struct {
	seed        maphash.Seed
	defaultType string
	reports     hashSet
	subjects    hashSet
	described   map[uint64]uint64 // subject -> its attributes
	superseded  int
	last        string // subject of the row before
	key         []byte
}

func newTracker(o *ImportOptions) tracker {
	t := tracker{
		seed:        maphash.MakeSeed(),
		defaultType: o.Table.DefaultReportType,
		reports:     hashSet{limit: o.MaxIdentities},
		subjects:    hashSet{limit: o.MaxIdentities},
		described:   map[uint64]uint64{},
	}
	if t.defaultType == "" {
		t.defaultType = protocol.DefaultReportType
	}
	return t
}

// report tells whether a report of this identity was met before.
func (t *tracker) report(r *protocol.Report) (known bool) {
	typ := r.Type
	if typ == "" {
		typ = t.defaultType
	}
	key := append(append(t.key[:0], r.Subject...), ',') // a comma is in no name
	key = append(append(key, typ...), ',')
	key = binary.LittleEndian.AppendUint64(key, uint64(r.ReportDate))
	if r.DeclareDate.Given {
		key = binary.LittleEndian.AppendUint64(key, uint64(r.DeclareDate.Seconds))
	}
	t.key = key
	known = t.reports.add(maphash.Bytes(t.seed, key))
	if known {
		t.superseded++
	}
	return known
}

// subject counts a subject.
func (t *tracker) subject(key string) {
	if key == t.last {
		return
	}
	t.last = strings.Clone(key)
	t.subjects.add(maphash.String(t.seed, key))
}

// attributes tells whether an update says something else than the last one of its subject, and whether there was one.
func (t *tracker) attributes(u *protocol.SubjectUpdate) (changed, again bool) {
	if u.Set == 0 {
		return false, false
	}
	key := append(t.key[:0], byte(u.Set))
	for _, text := range []string{u.Name, u.Status, u.ListingDate, u.Category} {
		key = append(append(key, text...), 0) // no text has a control character
	}
	for _, topic := range u.Topics {
		key = append(append(key, topic...), 0)
	}
	for _, tag := range u.Tags {
		key = append(append(key, 1), tag.Kind...)
		key = append(append(key, 1), tag.Text...)
	}
	t.key = key
	subject, hash := maphash.String(t.seed, u.Key), maphash.Bytes(t.seed, key)
	before, again := t.described[subject]
	if again && before == hash {
		return false, true
	}
	t.described[subject] = hash
	return true, again
}
