package protocol

import "math"

// MaxResultRows is how many rows a result may have.
const MaxResultRows = 1 << 22

// AppendTo appends the message. Applied travels in the reply's header, and IDs only with WithIDs: the other
// queries name their columns themselves.
func (r *Result) AppendTo(dst []byte) []byte {
	dst, w := beginFields(dst)
	dst = appendUint(dst, uint64(r.With))
	w.wrote(dst, r.With != 0)
	dst = appendUint(dst, uint64(r.Rows()))
	w.wrote(dst, r.Rows() > 0)
	dst = appendFloats(appendSize(dst, markBin8, 8*len(r.Values)), r.Values)
	w.wrote(dst, len(r.Values) > 0)
	dst, missing := appendMissing(dst, r.Values)
	w.wrote(dst, missing)
	return r.appendRows(dst, &w)
}

// appendRows appends the fields that say whose the rows are.
func (r *Result) appendRows(dst []byte, w *fieldWriter) []byte {
	sub := r.distinct()
	dst = sub.appendKeys(dst)
	w.wrote(dst, sub.n > 0)
	if sub.n > 0 && r.With&WithSubjects != 0 {
		dst = sub.appendAttributes(dst)
		w.wrote(dst, true)
	} else {
		dst = appendNil(dst)
		w.wrote(dst, false)
	}
	dst = appendGroups(dst, r.Groups)
	w.wrote(dst, len(r.Groups) > 0)
	if len(r.shortHeads) > 0 {
		dst = appendShortHeads(dst, r.shortHeads, r.types, r.periods)
		w.wrote(dst, true)
	} else {
		dst = appendHeads(dst, r.Heads)
		w.wrote(dst, len(r.Heads) > 0)
	}
	dst = appendStamps(dst, r.Stamps)
	w.wrote(dst, len(r.Stamps) > 0)
	dst = appendInt(dst, int64(r.Total))
	w.wrote(dst, r.Total != 0)
	if r.With&WithIDs != 0 {
		dst = appendStrings(dst, r.IDs)
		w.wrote(dst, len(r.IDs) > 0)
	}
	return w.finish(dst)
}

// Decode reads the message, which owns what it holds: subjects are new and may be kept, slices are reused. Applied is
// left 0, it is the reply header's; IDs are left empty without WithIDs, they are the request's.
func (r *Result) Decode(payload []byte) error {
	r.Reset()
	c := cursor{buf: payload, message: "Result"}
	f := c.fields(11)
	if f.next(&c, "with") {
		r.With = With(c.uint(math.MaxUint8))
	}
	rows := 0
	if f.next(&c, "rows") {
		rows = c.rows()
	}
	var values, missing []byte
	if f.next(&c, "values") {
		values = c.bin()
	}
	if f.next(&c, "missing") {
		missing = c.bin()
	}
	c.field = "values"
	r.decodeColumns(&c, rows, values, missing)
	rest := c.own() // what follows holds the texts
	r.decodeRows(&rest, &f, rows)
	return rest.end()
}

// rows reads the number of rows. Each takes a byte at least of what follows.
func (c *cursor) rows() int {
	n := c.uint(MaxResultRows)
	if n > uint64(c.remaining()) {
		c.fail(CodeProtocol, "%d rows are announced and %d bytes remain", n, c.remaining())
		return 0
	}
	return int(n)
}

// decodeRows reads what appendRows wrote.
func (r *Result) decodeRows(c *cursor, f *fields, rows int) {
	var subjects []Subject
	if f.next(c, "subjects") {
		subjects = c.keys(rows)
	}
	attributes := f.next(c, "attributes")
	if with := r.With&WithSubjects != 0; attributes && !with || with && !attributes && len(subjects) > 0 {
		c.fail(CodeProtocol, "they are there: %t; the answer says that it carries them: %t", attributes, with)
	}
	if attributes {
		c.attributes(subjects)
	}
	if f.next(c, "groups") {
		r.Groups = c.groups(r.Groups, rows)
	}
	c.field = "subjects"
	r.spread(c, subjects, rows)
	if f.next(c, "heads") {
		r.Heads = c.heads(r.Heads, rows)
	}
	if f.next(c, "stamps") {
		r.Stamps = c.stamps(r.Stamps, len(r.Groups))
	}
	if f.next(c, "total") {
		r.Total = c.count()
	}
	if f.next(c, "ids") {
		r.IDs = c.strings(r.IDs, MaxIndicators)
		if len(r.IDs) > 0 && r.With&WithIDs == 0 {
			c.fail(CodeProtocol, "%d ids, which its with does not announce", len(r.IDs))
		}
	}
}

// spread points each row to its subject: there is one for each row, or one for each group.
func (r *Result) spread(c *cursor, subjects []Subject, rows int) {
	if len(subjects) != rows && (len(r.Groups) == 0 || len(subjects) != len(r.Groups)) {
		c.fail(CodeProtocol, "%d subjects for %d rows in %d groups", len(subjects), rows, len(r.Groups))
		return
	}
	r.Subjects = resize(r.Subjects, rows)
	if len(subjects) == rows {
		for i := range subjects {
			r.Subjects[i] = &subjects[i]
		}
		return
	}
	for g := range r.Groups {
		from, to := r.Group(g)
		for i := from; i < to; i++ {
			r.Subjects[i] = &subjects[g]
		}
	}
}
