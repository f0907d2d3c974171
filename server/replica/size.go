package replica

import "github.com/kamaitachi/kamaitachi/protocol"

// Memory of the parts of a write besides the bytes of their texts and values: their structs, rounded.
const (
	sizeWrite   = 128
	sizeReport  = 128
	sizeSubject = 160
	sizeTable   = 80
	sizeString  = 16
	sizeValue   = 8
)

// size estimates the memory of a write in bytes.
func size(w *protocol.Write) int {
	n := sizeWrite
	if w.Put != nil {
		n += len(w.Put.Table) + texts(w.Put.IDs)
		for i := range w.Put.Reports {
			r := &w.Put.Reports[i]
			n += sizeReport + len(r.Subject) + len(r.Type) + len(r.Period) + sizeValue*len(r.Values)
		}
	}
	if w.Delete != nil {
		n += len(w.Delete.Table) + texts(w.Delete.Subjects)
	}
	if w.Subjects != nil {
		for i := range w.Subjects.Subjects {
			n += subjectSize(&w.Subjects.Subjects[i].Subject)
		}
	}
	if w.Tables != nil {
		for i := range w.Tables.Tables {
			n += tableSize(&w.Tables.Tables[i])
		}
	}
	return n
}

func texts(list []string) int {
	n := sizeString * len(list)
	for _, s := range list {
		n += len(s)
	}
	return n
}

func subjectSize(s *protocol.Subject) int {
	n := sizeSubject + len(s.Key) + len(s.Name) + len(s.Status) + len(s.ListingDate) + len(s.Category) + texts(s.Topics)
	for _, t := range s.Tags {
		n += 2*sizeString + len(t.Kind) + len(t.Text)
	}
	return n
}

func tableSize(t *protocol.Table) int {
	n := sizeTable + len(t.Name) + len(t.DefaultReportType)
	for i := range t.Indicators {
		ind := &t.Indicators[i]
		n += 4*sizeString + len(ind.ID) + len(ind.Code) + len(ind.Title) + len(ind.Unit)
	}
	return n
}
