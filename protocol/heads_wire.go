package protocol

// maxDictionary is how many texts of a column may be referred to.
const maxDictionary = 32

// dictionary writes a column of texts in which few differ: a text that was written before in its column becomes the
// number of its place among those that were, from 0. It learns as it goes, so that both ends need one pass.
type dictionary struct {
	texts [maxDictionary]string
	n     int
	last  int // most texts follow themselves
}

func (d *dictionary) append(dst []byte, text string) []byte {
	if d.n > 0 && d.texts[d.last] == text {
		return append(dst, byte(d.last))
	}
	for i, known := range d.texts[:d.n] {
		if known == text {
			d.last = i
			return append(dst, byte(i))
		}
	}
	if d.n < maxDictionary {
		d.texts[d.n], d.last = text, d.n
		d.n++
	}
	return appendString(dst, text)
}

// texts reads a column of n texts that dictionary may have written.
func (c *cursor) texts(name string, n int, set func(i int, text string)) {
	c.column(name, n)
	var known [maxDictionary]string
	count := 0
	for i := range n {
		if c.pos < len(c.buf) && c.buf[c.pos] < maxDictionary {
			at := int(c.buf[c.pos])
			if at >= count {
				c.fail(CodeProtocol, "refers to text %d of %d", at, count)
				return
			}
			c.pos++
			set(i, known[at])
			continue
		}
		text := c.str()
		if c.err != nil {
			return
		}
		if count < maxDictionary {
			known[count] = text
			count++
		}
		set(i, text)
	}
}

// appendHeads appends five columns: report dates, declare dates, types, periods, years; or nil for no heads.
func appendHeads(dst []byte, heads []Head) []byte {
	if len(heads) == 0 {
		return appendNil(dst)
	}
	dst = appendArray(dst, 5)
	dst = appendArray(dst, len(heads))
	for i := range heads {
		dst = appendInt(dst, heads[i].ReportDate)
	}
	dst = appendArray(dst, len(heads))
	for i := range heads {
		dst = appendInstant(dst, heads[i].DeclareDate)
	}
	var types, periods dictionary
	dst = appendArray(dst, len(heads))
	for i := range heads {
		dst = types.append(dst, heads[i].Type)
	}
	dst = appendArray(dst, len(heads))
	for i := range heads {
		dst = periods.append(dst, heads[i].Period)
	}
	dst = appendArray(dst, len(heads))
	for i := range heads {
		dst = appendInt(dst, int64(heads[i].Year))
	}
	return dst
}

// heads reads the heads of all rows into dst[:0].
func (c *cursor) heads(dst []Head, rows int) []Head {
	c.columns(5)
	c.column("heads.report_dates", rows)
	if c.err != nil {
		return dst[:0]
	}
	dst = resize(dst, rows)
	for i := range dst {
		dst[i].ReportDate = c.int64()
	}
	c.column("heads.declare_dates", rows)
	for i := range dst {
		dst[i].DeclareDate = c.instant()
	}
	c.texts("heads.types", rows, func(i int, s string) { dst[i].Type = s })
	c.texts("heads.periods", rows, func(i int, s string) { dst[i].Period = s })
	c.column("heads.years", rows)
	for i := range dst {
		dst[i].Year = c.int32()
	}
	return dst
}
