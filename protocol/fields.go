package protocol

// A message is an array of its fields, in the order of SPEC.md. Fields at the end that have their default are left out,
// and nil stands for the default of any field. So a version may add fields at the end: who does not use them writes what
// the version before wrote.

// fields reads the fields of one array.
type fields struct {
	left int
}

// fields begins to read an array of at most max fields. More of them come from a version that we do not speak.
func (c *cursor) fields(max int) fields {
	n := c.array(maxFixArray)
	if n > max {
		c.fail(CodeProtocol, "%d fields, this version knows %d", n, max)
		n = 0
	}
	return fields{left: n}
}

// next tells whether the next field, called name, is there to be read; if not, its default stands.
func (f *fields) next(c *cursor, name string) bool {
	if f.left == 0 {
		return false
	}
	f.left--
	c.field = name
	return !c.isNil()
}

// fieldWriter appends the fields of one array of at most 15, and leaves out those at the end that have their default.
type fieldWriter struct {
	start, end int // of what is to stay
	seen, kept int // fields written, and those to stay
}

// beginFields appends the place of the array's header.
func beginFields(dst []byte) ([]byte, fieldWriter) {
	dst = append(dst, markFixArray)
	return dst, fieldWriter{start: len(dst) - 1, end: len(dst)}
}

// wrote says that dst ends with the next field, and whether that is other than its default.
func (w *fieldWriter) wrote(dst []byte, set bool) {
	w.seen++
	if set {
		w.kept, w.end = w.seen, len(dst)
	}
}

// finish fills in the header and cuts the defaults off.
func (w *fieldWriter) finish(dst []byte) []byte {
	dst[w.start] = markFixArray | byte(w.kept)
	return dst[:w.end]
}
