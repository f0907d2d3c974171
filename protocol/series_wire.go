package protocol

// AppendTo appends the message.
func (q *Period) AppendTo(dst []byte) []byte {
	dst, w := beginFields(dst)
	dst = q.View.appendTo(dst)
	w.wrote(dst, true)
	dst = appendStrings(dst, q.Subjects)
	w.wrote(dst, len(q.Subjects) > 0)
	dst = q.Range.appendTo(dst)
	w.wrote(dst, q.Range.given())
	return w.finish(dst)
}

// Decode reads the message, which borrows from payload.
func (q *Period) Decode(payload []byte) error {
	q.View.reset()
	*q = Period{View: q.View, Subjects: q.Subjects[:0]}
	c := cursor{buf: payload, message: "Period"}
	f := c.fields(3)
	if f.next(&c, "view") {
		q.View.decode(&c)
	}
	if f.next(&c, "subjects") {
		q.Subjects = c.strings(q.Subjects, maxList)
	}
	if f.next(&c, "range") {
		q.Range.decode(&c)
	}
	return c.end()
}

// AppendTo appends the message.
func (q *Recent) AppendTo(dst []byte) []byte {
	dst, w := beginFields(dst)
	dst = q.View.appendTo(dst)
	w.wrote(dst, true)
	dst = appendStrings(dst, q.Subjects)
	w.wrote(dst, len(q.Subjects) > 0)
	dst = appendInts(dst, q.Periods)
	w.wrote(dst, len(q.Periods) > 0)
	dst = appendInt(dst, int64(q.Limit))
	w.wrote(dst, q.Limit != 0)
	return w.finish(dst)
}

// Decode reads the message, which borrows from payload.
func (q *Recent) Decode(payload []byte) error {
	q.View.reset()
	*q = Recent{View: q.View, Subjects: q.Subjects[:0], Periods: q.Periods[:0]}
	c := cursor{buf: payload, message: "Recent"}
	f := c.fields(4)
	if f.next(&c, "view") {
		q.View.decode(&c)
	}
	if f.next(&c, "subjects") {
		q.Subjects = c.strings(q.Subjects, maxList)
	}
	if f.next(&c, "periods") {
		q.Periods = c.ints(q.Periods, maxList)
	}
	if f.next(&c, "limit") {
		q.Limit = c.count()
	}
	return c.end()
}

// AppendTo appends the message.
func (q *Get) AppendTo(dst []byte) []byte {
	dst, w := beginFields(dst)
	dst = appendString(dst, q.Table)
	w.wrote(dst, q.Table != "")
	dst = appendString(dst, q.Subject)
	w.wrote(dst, q.Subject != "")
	return w.finish(dst)
}

// Decode reads the message, which borrows from payload.
func (q *Get) Decode(payload []byte) error {
	*q = Get{}
	c := cursor{buf: payload, message: "Get"}
	f := c.fields(2)
	if f.next(&c, "table") {
		q.Table = c.str()
	}
	if f.next(&c, "subject") {
		q.Subject = c.str()
	}
	return c.end()
}

// AppendTo appends the message.
func (q *Search) AppendTo(dst []byte) []byte {
	dst, w := beginFields(dst)
	dst = appendString(dst, q.Table)
	w.wrote(dst, q.Table != "")
	dst = appendStrings(dst, q.Subjects)
	w.wrote(dst, len(q.Subjects) > 0)
	dst = q.Range.appendTo(dst)
	w.wrote(dst, q.Range.given())
	dst = appendInt(dst, int64(q.Offset))
	w.wrote(dst, q.Offset != 0)
	dst = appendInt(dst, int64(q.Limit))
	w.wrote(dst, q.Limit != 0)
	return w.finish(dst)
}

// Decode reads the message, which borrows from payload.
func (q *Search) Decode(payload []byte) error {
	*q = Search{Subjects: q.Subjects[:0]}
	c := cursor{buf: payload, message: "Search"}
	f := c.fields(5)
	if f.next(&c, "table") {
		q.Table = c.str()
	}
	if f.next(&c, "subjects") {
		q.Subjects = c.strings(q.Subjects, maxList)
	}
	if f.next(&c, "range") {
		q.Range.decode(&c)
	}
	if f.next(&c, "offset") {
		q.Offset = c.count()
	}
	if f.next(&c, "limit") {
		q.Limit = c.count()
	}
	return c.end()
}

// AppendTo appends the message.
func (q *ListSubjects) AppendTo(dst []byte) []byte {
	dst, w := beginFields(dst)
	dst = appendString(dst, q.Topic)
	w.wrote(dst, q.Topic != "")
	dst = appendTags(dst, q.Tags)
	w.wrote(dst, len(q.Tags) > 0)
	dst = appendString(dst, q.After)
	w.wrote(dst, q.After != "")
	dst = appendInt(dst, int64(q.Limit))
	w.wrote(dst, q.Limit != 0)
	return w.finish(dst)
}

// Decode reads the message, which borrows from payload.
func (q *ListSubjects) Decode(payload []byte) error {
	*q = ListSubjects{Tags: q.Tags[:0]}
	c := cursor{buf: payload, message: "ListSubjects"}
	f := c.fields(4)
	if f.next(&c, "topic") {
		q.Topic = c.str()
	}
	if f.next(&c, "tags") {
		q.Tags = c.tags(q.Tags)
	}
	if f.next(&c, "after") {
		q.After = c.str()
	}
	if f.next(&c, "limit") {
		q.Limit = c.count()
	}
	return c.end()
}
