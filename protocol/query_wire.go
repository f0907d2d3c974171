package protocol

import "math"

// maxList is how many elements a list of strings in a query may have: more than fit a request of the default size.
const maxList = 1 << 18

// The groups of fields that several queries share, each an array of its own.

func (v *View) reset() { *v = View{IDs: v.IDs[:0], ReportTypes: v.ReportTypes[:0]} }

func (v *View) appendTo(dst []byte) []byte {
	dst, w := beginFields(dst)
	dst = appendString(dst, v.Table)
	w.wrote(dst, v.Table != "")
	dst = appendStrings(dst, v.IDs)
	w.wrote(dst, len(v.IDs) > 0)
	dst = appendStrings(dst, v.ReportTypes)
	w.wrote(dst, len(v.ReportTypes) > 0)
	dst = appendInstant(dst, v.KnownAt)
	w.wrote(dst, v.KnownAt.Given)
	dst = appendUint(dst, uint64(v.With))
	w.wrote(dst, v.With != 0)
	return w.finish(dst)
}

func (v *View) decode(c *cursor) {
	f := c.fields(5)
	if f.next(c, "table") {
		v.Table = c.str()
	}
	if f.next(c, "ids") {
		v.IDs = c.strings(v.IDs, maxList)
	}
	if f.next(c, "report_types") {
		v.ReportTypes = c.strings(v.ReportTypes, maxList)
	}
	if f.next(c, "known_at") {
		v.KnownAt = c.instant()
	}
	if f.next(c, "with") {
		v.With = With(c.uint(math.MaxUint8))
	}
}

func (r *Ranking) appendTo(dst []byte) []byte {
	dst, w := beginFields(dst)
	dst = appendString(dst, r.Field)
	w.wrote(dst, r.Field != "")
	dst = appendInt(dst, int64(r.Order))
	w.wrote(dst, r.Order != Descending)
	dst = appendInt(dst, int64(r.Offset))
	w.wrote(dst, r.Offset != 0)
	dst = appendInt(dst, int64(r.Limit))
	w.wrote(dst, r.Limit != 0)
	return w.finish(dst)
}

func (r *Ranking) decode(c *cursor) {
	f := c.fields(4)
	if f.next(c, "field") {
		r.Field = c.str()
	}
	if f.next(c, "order") {
		r.Order = Order(c.int(math.MinInt8, math.MaxInt8))
	}
	if f.next(c, "offset") {
		r.Offset = c.count()
	}
	if f.next(c, "limit") {
		r.Limit = c.count()
	}
}

func (s *Selection) appendTo(dst []byte) []byte {
	dst, w := beginFields(dst)
	for _, text := range [...]string{s.Kind, s.Topic, s.Subject, s.Keyword} {
		dst = appendString(dst, text)
		w.wrote(dst, text != "")
	}
	return w.finish(dst)
}

func (s *Selection) decode(c *cursor) {
	f := c.fields(4)
	if f.next(c, "kind") {
		s.Kind = c.str()
	}
	if f.next(c, "topic") {
		s.Topic = c.str()
	}
	if f.next(c, "subject") {
		s.Subject = c.str()
	}
	if f.next(c, "keyword") {
		s.Keyword = c.str()
	}
}

func (r *Range) given() bool { return r.From.Given || r.To.Given }

func (r *Range) appendTo(dst []byte) []byte {
	dst, w := beginFields(dst)
	dst = appendInstant(dst, r.From)
	w.wrote(dst, r.From.Given)
	dst = appendInstant(dst, r.To)
	w.wrote(dst, r.To.Given)
	return w.finish(dst)
}

func (r *Range) decode(c *cursor) {
	f := c.fields(2)
	if f.next(c, "from") {
		r.From = c.instant()
	}
	if f.next(c, "to") {
		r.To = c.instant()
	}
}
