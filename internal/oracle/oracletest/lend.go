package oracletest

import (
	"slices"
	"unsafe"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// loan is a copy of a write whose strings point into memory that take back overwrites, as a decoded request points into
// a frame that is used again. Whoever kept a string or slice of it then keeps rubbish, and the next answers show it.
type loan struct {
	write  *protocol.Write
	bytes  [][]byte
	values [][]float64
	spoil  []func()
}

// lend copies w.
func lend(w *protocol.Write) *loan {
	l := &loan{write: &protocol.Write{Time: w.Time}}
	switch {
	case w.Put != nil:
		l.write.Put = l.put(w.Put)
	case w.Delete != nil:
		d := &protocol.Delete{Table: l.text(w.Delete.Table), Subjects: l.texts(w.Delete.Subjects)}
		l.write.Delete = d
		l.spoil = append(l.spoil, func() { clear(d.Subjects) })
	case w.Subjects != nil:
		l.write.Subjects = l.subjects(w.Subjects)
	case w.Tables != nil:
		l.write.Tables = l.tables(w.Tables)
	}
	return l
}

// takeBack overwrites everything that was lent.
func (l *loan) takeBack() {
	for _, b := range l.bytes {
		for i := range b {
			b[i] = '!'
		}
	}
	for _, values := range l.values {
		for i := range values {
			values[i] = 666
		}
	}
	for _, spoil := range l.spoil {
		spoil()
	}
}

// text copies a string into memory of the loan.
func (l *loan) text(s string) string {
	if s == "" {
		return ""
	}
	b := []byte(s)
	l.bytes = append(l.bytes, b)
	return unsafe.String(&b[0], len(b)) // changed by takeBack, on purpose
}

func (l *loan) texts(list []string) []string {
	out := slices.Clone(list)
	for i := range out {
		out[i] = l.text(out[i])
	}
	return out
}

func (l *loan) put(p *protocol.Put) *protocol.Put {
	out := &protocol.Put{Table: l.text(p.Table), IDs: l.texts(p.IDs), Reports: slices.Clone(p.Reports)}
	for i := range out.Reports {
		r := &out.Reports[i]
		r.Subject, r.Type, r.Period = l.text(r.Subject), l.text(r.Type), l.text(r.Period)
		r.Values = slices.Clone(r.Values)
		l.values = append(l.values, r.Values)
	}
	l.spoil = append(l.spoil, func() { clear(out.Reports) })
	return out
}

func (l *loan) subjects(p *protocol.PutSubjects) *protocol.PutSubjects {
	out := &protocol.PutSubjects{Subjects: slices.Clone(p.Subjects)}
	for i := range out.Subjects {
		s := &out.Subjects[i]
		s.Key, s.Name, s.Status = l.text(s.Key), l.text(s.Name), l.text(s.Status)
		s.ListingDate, s.Category = l.text(s.ListingDate), l.text(s.Category)
		s.Topics = l.texts(s.Topics)
		s.Tags = slices.Clone(s.Tags)
		for j, tag := range s.Tags {
			s.Tags[j] = protocol.Tag{Kind: l.text(tag.Kind), Text: l.text(tag.Text)}
		}
		topics, tags := s.Topics, s.Tags
		l.spoil = append(l.spoil, func() { clear(topics); clear(tags) })
	}
	l.spoil = append(l.spoil, func() { clear(out.Subjects) })
	return out
}

func (l *loan) tables(p *protocol.PutTables) *protocol.PutTables {
	out := &protocol.PutTables{Tables: slices.Clone(p.Tables)}
	for i := range out.Tables {
		t := &out.Tables[i]
		t.Name, t.DefaultReportType = l.text(t.Name), l.text(t.DefaultReportType)
		t.Indicators = slices.Clone(t.Indicators)
		for j, ind := range t.Indicators {
			t.Indicators[j] = protocol.Indicator{
				ID: l.text(ind.ID), Code: l.text(ind.Code), Title: l.text(ind.Title), Unit: l.text(ind.Unit),
			}
		}
		indicators := t.Indicators
		l.spoil = append(l.spoil, func() { clear(indicators) })
	}
	l.spoil = append(l.spoil, func() { clear(out.Tables) })
	return out
}
