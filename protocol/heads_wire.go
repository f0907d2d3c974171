package protocol

import "unsafe"

// maxDictionary is how many texts of a column may be referred to.
const maxDictionary = 16

// dictionary writes and reads a column of texts in which few differ. A text that was written before in its column becomes
// the number of its place among those that were written out, from 0. Both ends learn as they go and need one pass.
type dictionary struct {
	texts [maxDictionary]string
	n     int
}

func (d *dictionary) append(dst []byte, text string) []byte {
	for i := range d.texts[:d.n] { // the engine's texts are interned, so that mostly this loop finds them
		if len(text) == len(d.texts[i]) && unsafe.StringData(text) == unsafe.StringData(d.texts[i]) {
			return append(dst, byte(i))
		}
	}
	for i := range d.texts[:d.n] {
		if text == d.texts[i] {
			return append(dst, byte(i))
		}
	}
	d.learn(text)
	return appendString(dst, text)
}

// read reads the next text of the column.
func (d *dictionary) read(c *cursor) string {
	if c.pos < len(c.buf) && isInteger(c.buf[c.pos]) {
		if i, negative := c.integer(); !negative && i < uint64(d.n) {
			return d.texts[i]
		}
		c.fail(CodeProtocol, "a number that none of the %d texts before has", d.n)
		return ""
	}
	text := c.str()
	d.learn(text)
	return text
}

func (d *dictionary) learn(text string) {
	if d.n < maxDictionary {
		d.texts[d.n] = text
		d.n++
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
	var types, periods dictionary
	c.column("heads.types", rows)
	for i := range dst {
		dst[i].Type = types.read(c)
	}
	c.column("heads.periods", rows)
	for i := range dst {
		dst[i].Period = periods.read(c)
	}
	c.column("heads.years", rows)
	for i := range dst {
		dst[i].Year = c.int32()
	}
	return dst
}
