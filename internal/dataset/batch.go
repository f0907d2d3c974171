package dataset

import (
	"context"
	"slices"
	"strings"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// batch is a number of rows on their way to the sink. It owns its strings and is used again after it was sent.
type batch struct {
	subjects protocol.PutSubjects
	put      protocol.Put
	values   []float64 // of all reports, one after the other
	ends     []int     // where the values of each report end
	bytes    int       // estimate of its size on the wire, from above
	// ordered tells that something in it replaces what an earlier batch may hold, so those come first.
	ordered    bool
	superseded int // reports in it that replace an earlier one
	described  int // rows in it that are no reports
}

// What a report, a subject and a value take on the wire besides their texts, from above.
const (
	reportOverhead  = 48
	subjectOverhead = 48
	textOverhead    = 5
	valueBytes      = 9
)

func (b *batch) reset() {
	b.subjects.Subjects = b.subjects.Subjects[:0]
	b.put.IDs = b.put.IDs[:0]
	b.put.Reports = b.put.Reports[:0]
	b.values, b.ends = b.values[:0], b.ends[:0]
	b.bytes, b.superseded, b.described, b.ordered = 0, 0, 0, false
}

// rows returns how many rows of the file it stands for.
func (b *batch) rows() int { return len(b.put.Reports) + b.described }

// addReport copies a report. Its subject is cloned unless it is that of the report before.
func (b *batch) addReport(r *protocol.Report) {
	own := *r
	if n := len(b.put.Reports); n > 0 && b.put.Reports[n-1].Subject == r.Subject {
		own.Subject = b.put.Reports[n-1].Subject
	} else {
		own.Subject = strings.Clone(r.Subject)
	}
	own.Values = nil
	b.put.Reports = append(b.put.Reports, own)
	b.values = append(b.values, r.Values...)
	b.ends = append(b.ends, len(b.values))
	b.bytes += reportOverhead + len(r.Subject) + len(r.Type) + len(r.Period) + valueBytes*len(r.Values)
}

// addSubject copies an update.
func (b *batch) addSubject(u *protocol.SubjectUpdate) {
	own := protocol.SubjectUpdate{Set: u.Set, Subject: protocol.Subject{
		Key: strings.Clone(u.Key), Name: strings.Clone(u.Name), Status: strings.Clone(u.Status),
		ListingDate: strings.Clone(u.ListingDate), Category: strings.Clone(u.Category),
		Topics: slices.Clone(u.Topics), Tags: slices.Clone(u.Tags),
	}}
	b.bytes += subjectOverhead + len(u.Key) + len(u.Name) + len(u.Status) + len(u.ListingDate) + len(u.Category)
	for i, topic := range own.Topics {
		own.Topics[i] = strings.Clone(topic)
		b.bytes += textOverhead + len(topic)
	}
	for i, tag := range own.Tags {
		own.Tags[i] = protocol.Tag{Kind: strings.Clone(tag.Kind), Text: strings.Clone(tag.Text)}
		b.bytes += 2*textOverhead + len(tag.Kind) + len(tag.Text)
	}
	b.subjects.Subjects = append(b.subjects.Subjects, own)
}

// finish gives the reports their values, which had moved while they grew.
func (b *batch) finish(columns []string) {
	b.put.IDs = append(b.put.IDs[:0], columns...)
	from := 0
	for i, end := range b.ends {
		b.put.Reports[i].Values = b.values[from:end:end]
		from = end
	}
}

// send writes the batch: subjects first, so that no report is seen without its subject's name.
func (b *batch) send(ctx context.Context, sink Sink) error {
	if len(b.subjects.Subjects) > 0 {
		if err := sink.PutSubjects(ctx, &b.subjects); err != nil {
			return err
		}
	}
	if len(b.put.Reports) > 0 {
		return sink.Put(ctx, &b.put)
	}
	return nil
}
