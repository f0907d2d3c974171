package protocol

import "math"

// AppendTo appends the message.
func (p *Put) AppendTo(dst []byte) []byte {
	dst, w := beginFields(dst)
	dst = appendString(dst, p.Table)
	w.wrote(dst, p.Table != "")
	dst = appendStrings(dst, p.IDs)
	w.wrote(dst, len(p.IDs) > 0)
	dst = appendArray(dst, len(p.Reports))
	for i := range p.Reports {
		dst = p.Reports[i].appendTo(dst)
	}
	w.wrote(dst, len(p.Reports) > 0)
	dst = p.Origin.appendTo(dst, &w)
	return w.finish(dst)
}

// Decode reads the message, whose strings borrow from payload. The reports' Values are its own and reused.
func (p *Put) Decode(payload []byte) error {
	c := cursor{buf: payload, message: "Put"}
	p.decode(&c)
	return c.end()
}

func (p *Put) decode(c *cursor) {
	*p = Put{IDs: p.IDs[:0], Reports: p.Reports[:0]}
	f := c.fields(3 + originFields)
	if f.next(c, "table") {
		p.Table = c.str()
	}
	if f.next(c, "ids") {
		p.IDs = c.strings(p.IDs, MaxIndicators)
	}
	if f.next(c, "reports") {
		p.Reports = resize(p.Reports, c.array(MaxWriteRows))
		var s slab
		for i := range p.Reports {
			p.Reports[i].decode(c, &s, len(p.Reports)-i)
		}
	}
	p.Origin.decode(c, &f)
}

func (r *Report) appendTo(dst []byte) []byte {
	dst, w := beginFields(dst)
	dst = appendString(dst, r.Subject)
	w.wrote(dst, r.Subject != "")
	dst = appendInt(dst, r.ReportDate)
	w.wrote(dst, r.ReportDate != 0)
	dst = appendString(dst, r.Type)
	w.wrote(dst, r.Type != "")
	dst = appendInstant(dst, r.DeclareDate)
	w.wrote(dst, r.DeclareDate.Given)
	dst = appendString(dst, r.Period)
	w.wrote(dst, r.Period != "")
	dst = appendInt(dst, int64(r.Year))
	w.wrote(dst, r.Year != 0)
	dst = appendArray(dst, len(r.Values))
	for _, v := range r.Values {
		dst = appendFloat(dst, v)
	}
	w.wrote(dst, len(r.Values) > 0)
	return w.finish(dst)
}

// decode reads a report, which is one of so many that are left.
func (r *Report) decode(c *cursor, s *slab, left int) {
	*r = Report{Values: r.Values[:0]}
	f := c.fields(7)
	if f.next(c, "reports.subject") {
		r.Subject = c.str()
	}
	if f.next(c, "reports.report_date") {
		r.ReportDate = c.int64()
	}
	if f.next(c, "reports.type") {
		r.Type = c.str()
	}
	if f.next(c, "reports.declare_date") {
		r.DeclareDate = c.instant()
	}
	if f.next(c, "reports.period") {
		r.Period = c.str()
	}
	if f.next(c, "reports.year") {
		r.Year = c.int32()
	}
	if f.next(c, "reports.values") {
		n := c.array(MaxIndicators)
		if n > cap(r.Values) {
			r.Values = s.take(n, min(n*left, c.remaining()))
		}
		r.Values = r.Values[:n]
		for i := range r.Values {
			r.Values[i] = c.float()
		}
	}
}

// slab hands out the Values of new reports from a few large pieces.
type slab []float64

const slabPiece = 4_096 // values

// take returns room for n values; likely is how many this one and all that follow probably have together. It was once what the
// rest of an entry could hold at most: 32 KB for each of the small writes that share an entry.
func (s *slab) take(n, likely int) []float64 {
	if n > len(*s) {
		*s = make([]float64, max(n, min(slabPiece, likely)))
	}
	values := (*s)[:0:n]
	*s = (*s)[n:]
	return values
}

// AppendTo appends the message.
func (d *Delete) AppendTo(dst []byte) []byte {
	dst, w := beginFields(dst)
	dst = appendString(dst, d.Table)
	w.wrote(dst, d.Table != "")
	dst = appendStrings(dst, d.Subjects)
	w.wrote(dst, len(d.Subjects) > 0)
	dst = d.Origin.appendTo(dst, &w)
	return w.finish(dst)
}

// Decode reads the message, which borrows from payload.
func (d *Delete) Decode(payload []byte) error {
	c := cursor{buf: payload, message: "Delete"}
	d.decode(&c)
	return c.end()
}

func (d *Delete) decode(c *cursor) {
	*d = Delete{Subjects: d.Subjects[:0]}
	f := c.fields(2 + originFields)
	if f.next(c, "table") {
		d.Table = c.str()
	}
	if f.next(c, "subjects") {
		d.Subjects = c.strings(d.Subjects, MaxWriteRows)
	}
	d.Origin.decode(c, &f)
}

// AppendTo appends the message.
func (p *PutSubjects) AppendTo(dst []byte) []byte {
	dst, w := beginFields(dst)
	dst = appendArray(dst, len(p.Subjects))
	for i := range p.Subjects {
		dst = p.Subjects[i].appendTo(dst)
	}
	w.wrote(dst, len(p.Subjects) > 0)
	dst = p.Origin.appendTo(dst, &w)
	return w.finish(dst)
}

// Decode reads the message, which borrows from payload.
func (p *PutSubjects) Decode(payload []byte) error {
	c := cursor{buf: payload, message: "PutSubjects"}
	p.decode(&c)
	return c.end()
}

func (p *PutSubjects) decode(c *cursor) {
	*p = PutSubjects{Subjects: p.Subjects[:0]}
	f := c.fields(1 + originFields)
	if f.next(c, "subjects") {
		p.Subjects = resize(p.Subjects, c.array(MaxWriteRows))
		for i := range p.Subjects {
			p.Subjects[i].decode(c)
		}
	}
	p.Origin.decode(c, &f)
}

func (u *SubjectUpdate) appendTo(dst []byte) []byte {
	dst, w := beginFields(dst)
	dst = appendString(dst, u.Key)
	w.wrote(dst, u.Key != "")
	dst = appendUint(dst, uint64(u.Set))
	w.wrote(dst, u.Set != 0)
	dst = u.appendAttributes(dst, &w)
	return w.finish(dst)
}

func (u *SubjectUpdate) decode(c *cursor) {
	*u = SubjectUpdate{Subject: Subject{Topics: u.Topics[:0], Tags: u.Tags[:0]}}
	f := c.fields(8)
	if f.next(c, "subjects.key") {
		u.Key = c.str()
	}
	if f.next(c, "subjects.set") {
		u.Set = SubjectField(c.uint(math.MaxUint8))
	}
	u.decodeAttributes(c, &f)
}

// AppendTo appends the message.
func (p *PutTables) AppendTo(dst []byte) []byte {
	dst, w := beginFields(dst)
	dst = appendArray(dst, len(p.Tables))
	for i := range p.Tables {
		dst = p.Tables[i].appendTo(dst)
	}
	w.wrote(dst, len(p.Tables) > 0)
	dst = p.Origin.appendTo(dst, &w)
	return w.finish(dst)
}

// Decode reads the message, which borrows from payload.
func (p *PutTables) Decode(payload []byte) error {
	c := cursor{buf: payload, message: "PutTables"}
	p.decode(&c)
	return c.end()
}

func (p *PutTables) decode(c *cursor) {
	*p = PutTables{Tables: p.Tables[:0]}
	f := c.fields(1 + originFields)
	if f.next(c, "tables") {
		p.Tables = resize(p.Tables, c.array(MaxTables))
		for i := range p.Tables {
			p.Tables[i].decode(c)
		}
	}
	p.Origin.decode(c, &f)
}
