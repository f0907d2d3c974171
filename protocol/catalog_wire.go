package protocol

import "math"

// The parts that the catalog, subjects and writes are made of.

func appendTags(dst []byte, tags []Tag) []byte {
	dst = appendArray(dst, len(tags))
	for i := range tags {
		var w fieldWriter
		dst, w = beginFields(dst)
		dst = appendString(dst, tags[i].Kind)
		w.wrote(dst, tags[i].Kind != "")
		dst = appendString(dst, tags[i].Text)
		w.wrote(dst, tags[i].Text != "")
		dst = w.finish(dst)
	}
	return dst
}

// tags reads a list of tags into dst[:0].
func (c *cursor) tags(dst []Tag) []Tag {
	dst = resize(dst, c.array(MaxTags))
	for i := range dst {
		dst[i] = Tag{}
		f := c.fields(2)
		if f.next(c, "tags.kind") {
			dst[i].Kind = c.str()
		}
		if f.next(c, "tags.text") {
			dst[i].Text = c.str()
		}
	}
	return dst
}

// appendAttributes appends what follows a subject's key: the fields of Subject from Name on.
func (s *Subject) appendAttributes(dst []byte, w *fieldWriter) []byte {
	for _, text := range [...]string{s.Name, s.Status, s.ListingDate, s.Category} {
		dst = appendString(dst, text)
		w.wrote(dst, text != "")
	}
	dst = appendStrings(dst, s.Topics)
	w.wrote(dst, len(s.Topics) > 0)
	dst = appendTags(dst, s.Tags)
	w.wrote(dst, len(s.Tags) > 0)
	return dst
}

// decodeAttributes reads what appendAttributes wrote.
func (s *Subject) decodeAttributes(c *cursor, f *fields) {
	if f.next(c, "name") {
		s.Name = c.str()
	}
	if f.next(c, "status") {
		s.Status = c.str()
	}
	if f.next(c, "listing_date") {
		s.ListingDate = c.str()
	}
	if f.next(c, "category") {
		s.Category = c.str()
	}
	if f.next(c, "topics") {
		s.Topics = c.strings(s.Topics, MaxTopics)
	}
	if f.next(c, "tags") {
		s.Tags = c.tags(s.Tags)
	}
}

func (t *Table) appendTo(dst []byte) []byte {
	dst, w := beginFields(dst)
	dst = appendUint(dst, uint64(t.Number))
	w.wrote(dst, t.Number != 0)
	dst = appendString(dst, t.Name)
	w.wrote(dst, t.Name != "")
	dst = appendString(dst, t.DefaultReportType)
	w.wrote(dst, t.DefaultReportType != "")
	dst = appendArray(dst, len(t.Indicators))
	for i := range t.Indicators {
		dst = t.Indicators[i].appendTo(dst)
	}
	w.wrote(dst, len(t.Indicators) > 0)
	return w.finish(dst)
}

// decode reads a table into t, whose indicators are reused.
func (t *Table) decode(c *cursor) {
	*t = Table{Indicators: t.Indicators[:0]}
	f := c.fields(4)
	if f.next(c, "tables.number") {
		t.Number = c.uint32()
	}
	if f.next(c, "tables.name") {
		t.Name = c.str()
	}
	if f.next(c, "tables.default_report_type") {
		t.DefaultReportType = c.str()
	}
	if f.next(c, "tables.indicators") {
		t.Indicators = resize(t.Indicators, c.array(MaxIndicators))
		for i := range t.Indicators {
			t.Indicators[i].decode(c)
		}
	}
}

func (n *Indicator) appendTo(dst []byte) []byte {
	dst, w := beginFields(dst)
	for _, text := range [...]string{n.ID, n.Code, n.Title, n.Unit} {
		dst = appendString(dst, text)
		w.wrote(dst, text != "")
	}
	return w.finish(dst)
}

func (n *Indicator) decode(c *cursor) {
	*n = Indicator{}
	f := c.fields(4)
	if f.next(c, "indicators.id") {
		n.ID = c.str()
	}
	if f.next(c, "indicators.code") {
		n.Code = c.str()
	}
	if f.next(c, "indicators.title") {
		n.Title = c.str()
	}
	if f.next(c, "indicators.unit") {
		n.Unit = c.str()
	}
}

// AppendTo appends the message. Applied travels in the reply's header.
func (m *Catalog) AppendTo(dst []byte) []byte {
	dst, w := beginFields(dst)
	dst = appendUint(dst, m.Version)
	w.wrote(dst, m.Version != 0)
	dst = appendArray(dst, len(m.Tables))
	for _, t := range m.Tables {
		dst = t.appendTo(dst)
	}
	w.wrote(dst, len(m.Tables) > 0)
	return w.finish(dst)
}

// Decode reads the message, which owns what it holds; its tables are new and may be kept. Applied is left 0: it is the
// reply header's.
func (m *Catalog) Decode(payload []byte) error {
	*m = Catalog{Tables: m.Tables[:0]}
	borrowed := cursor{buf: payload, message: "Catalog"}
	c := borrowed.own()
	f := c.fields(2)
	if f.next(&c, "version") {
		m.Version = c.uint(math.MaxUint64)
	}
	if f.next(&c, "tables") {
		tables := make([]Table, c.array(MaxTables))
		m.Tables = resize(m.Tables, len(tables))
		for i := range tables {
			tables[i].decode(&c)
			m.Tables[i] = &tables[i]
		}
	}
	return c.end()
}
