package protocol

// AppendTo appends the message.
func (q *Snapshot) AppendTo(dst []byte) []byte {
	dst, w := beginFields(dst)
	dst = q.View.appendTo(dst)
	w.wrote(dst, true)
	dst = q.Ranking.appendTo(dst)
	w.wrote(dst, q.Ranking != Ranking{})
	dst = appendStrings(dst, q.Subjects)
	w.wrote(dst, len(q.Subjects) > 0)
	dst = appendString(dst, q.Topic)
	w.wrote(dst, q.Topic != "")
	dst = appendInstant(dst, q.Timestamp)
	w.wrote(dst, q.Timestamp.Given)
	dst = q.Range.appendTo(dst)
	w.wrote(dst, q.Range.given())
	return w.finish(dst)
}

// Decode reads the message, which borrows from payload.
func (q *Snapshot) Decode(payload []byte) error {
	q.View.reset()
	q.Ranking = Ranking{}
	q.Subjects, q.Topic = q.Subjects[:0], ""
	q.Timestamp, q.Range = Instant{}, Range{}
	c := cursor{buf: payload, message: "Snapshot"}
	f := c.fields(6)
	if f.next(&c, "view") {
		q.View.decode(&c)
	}
	if f.next(&c, "ranking") {
		q.Ranking.decode(&c)
	}
	if f.next(&c, "subjects") {
		q.Subjects = c.strings(q.Subjects, maxList)
	}
	if f.next(&c, "topic") {
		q.Topic = c.str()
	}
	if f.next(&c, "timestamp") {
		q.Timestamp = c.instant()
	}
	if f.next(&c, "range") {
		q.Range.decode(&c)
	}
	return c.end()
}

// AppendTo appends the message.
func (q *SelectSnapshot) AppendTo(dst []byte) []byte {
	dst, w := beginFields(dst)
	dst = q.Selection.appendTo(dst)
	w.wrote(dst, true)
	dst = q.View.appendTo(dst)
	w.wrote(dst, true)
	dst = q.Ranking.appendTo(dst)
	w.wrote(dst, q.Ranking != Ranking{})
	dst = appendInstant(dst, q.Timestamp)
	w.wrote(dst, q.Timestamp.Given)
	dst = q.Range.appendTo(dst)
	w.wrote(dst, q.Range.given())
	return w.finish(dst)
}

// Decode reads the message, which borrows from payload.
func (q *SelectSnapshot) Decode(payload []byte) error {
	q.View.reset()
	*q = SelectSnapshot{View: q.View}
	c := cursor{buf: payload, message: "SelectSnapshot"}
	f := c.fields(5)
	if f.next(&c, "selection") {
		q.Selection.decode(&c)
	}
	if f.next(&c, "view") {
		q.View.decode(&c)
	}
	if f.next(&c, "ranking") {
		q.Ranking.decode(&c)
	}
	if f.next(&c, "timestamp") {
		q.Timestamp = c.instant()
	}
	if f.next(&c, "range") {
		q.Range.decode(&c)
	}
	return c.end()
}

// AppendTo appends the message.
func (q *SelectPeriod) AppendTo(dst []byte) []byte {
	dst, w := beginFields(dst)
	dst = q.Selection.appendTo(dst)
	w.wrote(dst, true)
	dst = q.View.appendTo(dst)
	w.wrote(dst, true)
	dst = q.Ranking.appendTo(dst)
	w.wrote(dst, q.Ranking != Ranking{})
	dst = q.Range.appendTo(dst)
	w.wrote(dst, q.Range.given())
	return w.finish(dst)
}

// Decode reads the message, which borrows from payload.
func (q *SelectPeriod) Decode(payload []byte) error {
	q.View.reset()
	*q = SelectPeriod{View: q.View}
	c := cursor{buf: payload, message: "SelectPeriod"}
	f := c.fields(4)
	if f.next(&c, "selection") {
		q.Selection.decode(&c)
	}
	if f.next(&c, "view") {
		q.View.decode(&c)
	}
	if f.next(&c, "ranking") {
		q.Ranking.decode(&c)
	}
	if f.next(&c, "range") {
		q.Range.decode(&c)
	}
	return c.end()
}
