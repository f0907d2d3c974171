package protocol

// distinctSubjects are the subjects of a result as they travel: those of every row, or, where each group is of one
// subject, one for each group.
type distinctSubjects struct {
	rows  []*Subject
	short []ShortKey // of rows, or of another number: then they are not known
	ends  []int32    // when not nil, the subjects are those of rows[ends[i]-1]
	n     int
}

// distinct finds out which of the two forms the result has.
func (r *Result) distinct() distinctSubjects {
	if r.folded > 0 { // there is one for each group already
		return distinctSubjects{rows: r.Subjects, short: r.short, n: len(r.Subjects)}
	}
	from := 0
	for _, end := range r.Groups {
		for i := from + 1; i < int(end); i++ {
			if r.Subjects[i] != r.Subjects[from] {
				return distinctSubjects{rows: r.Subjects, short: r.short, n: len(r.Subjects)}
			}
		}
		from = int(end)
	}
	if len(r.Groups) > 0 {
		return distinctSubjects{rows: r.Subjects, short: r.short, ends: r.Groups, n: len(r.Groups)}
	}
	return distinctSubjects{rows: r.Subjects, short: r.short, n: len(r.Subjects)}
}

// at returns the i-th subject.
func (d *distinctSubjects) at(i int) *Subject {
	if d.ends != nil {
		i = int(d.ends[i]) - 1
	}
	return d.rows[i]
}

func (d *distinctSubjects) appendKeys(dst []byte) []byte {
	dst = appendArray(dst, d.n)
	known := len(d.short) == len(d.rows)
	switch {
	case known && d.ends == nil:
		return appendShort(dst, d.rows, d.short)
	case known:
		for _, end := range d.ends {
			dst = appendShort(dst, d.rows[end-1:end], d.short[end-1:end])
		}
		return dst
	case d.ends == nil:
		for _, s := range d.rows {
			dst = appendString(dst, s.Key)
		}
		return dst
	}
	for i := range d.n {
		dst = appendString(dst, d.at(i).Key)
	}
	return dst
}

// keys reads the keys of at most rows subjects.
func (c *cursor) keys(rows int) []Subject {
	subjects := make([]Subject, c.array(rows))
	for i := range subjects {
		subjects[i].Key = c.str()
	}
	return subjects
}

// appendAttributes appends four columns: names, statuses, listing dates, categories.
func (d *distinctSubjects) appendAttributes(dst []byte) []byte {
	dst = appendArray(dst, 4)
	dst = appendArray(dst, d.n)
	for i := range d.n {
		dst = appendString(dst, d.at(i).Name)
	}
	var statuses, categories dictionary
	dst = appendArray(dst, d.n)
	for i := range d.n {
		dst = statuses.append(dst, d.at(i).Status)
	}
	dst = appendArray(dst, d.n)
	for i := range d.n {
		dst = appendString(dst, d.at(i).ListingDate)
	}
	dst = appendArray(dst, d.n)
	for i := range d.n {
		dst = categories.append(dst, d.at(i).Category)
	}
	return dst
}

// attributes reads what appendAttributes wrote.
func (c *cursor) attributes(subjects []Subject) {
	c.columns(4)
	var names, statuses, dates, categories dictionary
	c.column("attributes.names", len(subjects))
	for i := range subjects {
		subjects[i].Name = names.read(c)
	}
	c.column("attributes.statuses", len(subjects))
	for i := range subjects {
		subjects[i].Status = statuses.read(c)
	}
	c.column("attributes.listing_dates", len(subjects))
	for i := range subjects {
		subjects[i].ListingDate = dates.read(c)
	}
	c.column("attributes.categories", len(subjects))
	for i := range subjects {
		subjects[i].Category = categories.read(c)
	}
}

// columns reads the header of an array of exactly n columns.
func (c *cursor) columns(n int) {
	if got := c.array(maxFixArray); got != n {
		c.fail(CodeProtocol, "%d columns, not %d", got, n)
	}
}

// column reads the header of a column, which has n elements.
func (c *cursor) column(name string, n int) {
	c.field = name
	if got := c.array(MaxResultRows); got != n {
		c.fail(CodeProtocol, "%d elements for %d rows", got, n)
	}
}

// appendGroups appends the number of rows of each group.
func appendGroups(dst []byte, ends []int32) []byte {
	dst = appendArray(dst, len(ends))
	from := int32(0)
	for _, end := range ends {
		dst = appendUint(dst, uint64(end-from))
		from = end
	}
	return dst
}

// groups reads the ends of groups that hold all rows, into dst[:0].
func (c *cursor) groups(dst []int32, rows int) []int32 {
	dst = resize(dst, c.array(rows))
	end := uint64(0)
	for i := range dst {
		count := c.uint(uint64(rows) - end)
		if count == 0 {
			c.fail(CodeProtocol, "group %d has no rows", i)
		}
		end += count
		dst[i] = int32(end)
	}
	if len(dst) > 0 && end != uint64(rows) {
		c.fail(CodeProtocol, "groups of %d rows in an answer of %d", end, rows)
	}
	return dst
}

// appendStamps appends create and update time of each group, one after the other.
func appendStamps(dst []byte, stamps []Stamp) []byte {
	dst = appendArray(dst, 2*len(stamps))
	for _, s := range stamps {
		dst = appendInt(dst, s.Create)
		dst = appendInt(dst, s.Update)
	}
	return dst
}

// stamps reads the stamps of n groups into dst[:0].
func (c *cursor) stamps(dst []Stamp, n int) []Stamp {
	got := c.array(2 * MaxResultRows)
	if got != 0 && got != 2*n {
		c.fail(CodeProtocol, "%d times for %d groups", got, n)
		return dst[:0]
	}
	dst = resize(dst, got/2)
	for i := range dst {
		dst[i] = Stamp{Create: c.int64(), Update: c.int64()}
	}
	return dst
}
