package httpcompat

import (
	"encoding/binary"
	"math"
	"strconv"
	"unsafe"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// Limits of what a body may hold, besides its length.
const (
	maxDepth = 32      // of nested lists and objects
	maxItems = 1 << 17 // of one list
)

// reader reads one JSON value out of a body, front to back. The first fault sticks: afterwards nothing is read, every
// loop ends, and fault tells what was wrong and where.
//
// Strings that it returns point into the body, or into its arena where they had to be unescaped; they are valid until
// the next reset and as long as the body.
type reader struct {
	data  []byte
	pos   int
	depth int
	arena []byte // unescaped strings
	field string // of the outermost object, for messages
	fault *protocol.Error
}

// reset begins to read data.
func (r *reader) reset(data []byte) { *r = reader{data: data, arena: r.arena[:0]} }

// fail notes a fault at the present place and ends all reading.
func (r *reader) fail(format string, args ...any) {
	if r.fault != nil {
		return
	}
	r.fault = protocol.Errorf(protocol.CodeBadRequest, format, args...)
	where := "body, byte " + strconv.Itoa(r.pos)
	if r.field != "" {
		where += ", field " + strconv.Quote(r.field)
	}
	r.fault.Message = where + ": " + r.fault.Message
	r.pos = len(r.data)
}

// expected notes that something else than what was expected comes next.
func (r *reader) expected(what string) { r.fail("expected %s, found %s", what, r.found()) }

// found names what comes next, for messages.
func (r *reader) found() string {
	switch c := r.peek(); {
	case c == 0 && r.pos >= len(r.data):
		return "the end of the body"
	case c == '"':
		return "a string"
	case c == '{':
		return "an object"
	case c == '[':
		return "a list"
	case c == '-' || isDigit(c):
		return "a number"
	case c == 't' || c == 'f':
		return "a boolean"
	case c == 'n':
		return "null"
	default:
		return strconv.QuoteRune(rune(c))
	}
}

// peek skips space and returns the byte that follows, 0 at the end.
func (r *reader) peek() byte {
	for r.pos < len(r.data) {
		c := r.data[r.pos]
		if c != ' ' && c != '\n' && c != '\r' && c != '\t' {
			return c
		}
		r.pos++
	}
	return 0
}

// open reads the start of a list or object.
func (r *reader) open(start byte, what string) bool {
	if r.fault != nil {
		return false
	}
	if r.peek() != start {
		r.expected(what)
		return false
	}
	if r.depth++; r.depth > maxDepth {
		r.fail("nested more than %d deep", maxDepth)
		return false
	}
	r.pos++
	return true
}

// next tells whether one more item comes before end, and reads the comma before it. first is true before the first.
func (r *reader) next(end byte, first *bool) bool {
	c := r.peek()
	switch {
	case r.fault != nil:
		return false
	case c == end:
		r.pos++
		r.depth--
		return false
	case *first:
		*first = false
		return true
	case c != ',':
		r.expected("a comma or " + strconv.QuoteRune(rune(end)))
		return false
	}
	r.pos++
	return true
}

// key reads the name of a field and the colon.
func (r *reader) key() string {
	if r.peek() != '"' {
		r.expected("the name of a field in quotes")
		return ""
	}
	key := r.text()
	if r.peek() != ':' {
		r.expected("a colon")
		return ""
	}
	r.pos++
	return key
}

// null reads null if it comes next.
func (r *reader) null() bool { return r.peek() == 'n' && r.word("null") }

// word reads one of the words of JSON.
func (r *reader) word(word string) bool {
	end := r.pos + len(word)
	if end > len(r.data) || string(r.data[r.pos:end]) != word {
		r.fail("expected %s", word)
		return false
	}
	r.pos = end
	return true
}

// number reads a number and returns its text.
func (r *reader) number() string {
	c := r.peek()
	if c != '-' && !isDigit(c) {
		r.expected("a number")
		return ""
	}
	start := r.pos
	if c == '-' {
		r.pos++
	}
	if r.at('0') {
		r.pos++
	} else if !r.digits() {
		return ""
	}
	if r.at('.') {
		r.pos++
		if !r.digits() {
			return ""
		}
	}
	if r.at('e') || r.at('E') {
		r.pos++
		if r.at('+') || r.at('-') {
			r.pos++
		}
		if !r.digits() {
			return ""
		}
	}
	return view(r.data[start:r.pos])
}

// at tells whether the very next byte is c.
func (r *reader) at(c byte) bool { return r.pos < len(r.data) && r.data[r.pos] == c }

// digits reads at least one digit.
func (r *reader) digits() bool {
	start := r.pos
	for r.pos < len(r.data) && isDigit(r.data[r.pos]) {
		r.pos++
	}
	if r.pos == start {
		r.fail("a number that is cut short")
		return false
	}
	return true
}

// integer reads a whole number of 64 bits.
func (r *reader) integer() int64 {
	text := r.number()
	if r.fault != nil {
		return 0
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		r.fail("expected a whole number of 64 bits, found %.40s", text)
	}
	return n
}

// float reads a number as a float64.
func (r *reader) float() float64 {
	text := r.number()
	if r.fault != nil {
		return 0
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(f, 0) {
		r.fail("%.40s is more than a float64 can hold", text)
	}
	return f
}

// skip reads any value and drops it.
func (r *reader) skip() {
	switch c := r.peek(); c {
	case '"':
		r.text()
	case '{':
		if r.open('{', "an object") {
			for first := true; r.next('}', &first); {
				r.key()
				r.skip()
			}
		}
	case '[':
		if r.open('[', "a list") {
			for first := true; r.next(']', &first); {
				r.skip()
			}
		}
	case 't':
		r.word("true")
	case 'f':
		r.word("false")
	case 'n':
		r.word("null")
	default:
		if c == '-' || isDigit(c) {
			r.number()
			return
		}
		r.expected("a value")
	}
}

// end checks that nothing but space follows, and returns the fault, if any.
func (r *reader) end() error {
	r.field = ""
	if r.fault == nil && (r.peek() != 0 || r.pos < len(r.data)) {
		r.expected("the end of the body")
	}
	if r.fault != nil {
		return r.fault
	}
	return nil
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// view returns b as a string that shares its memory.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// plainPrefix returns how many of the first bytes of b are ASCII and stand for themselves within a JSON string. It looks
// at eight bytes at a time: the top bit of a byte in stop is set where the byte is a quote, a backslash, a control
// character or not ASCII. A borrow may set the bits of bytes above such a one too, but never without one.
func plainPrefix(b []byte) int {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	i := 0
	for ; i+8 <= len(b); i += 8 {
		w := binary.LittleEndian.Uint64(b[i:])
		quote, backslash := w^(ones*'"'), w^(ones*'\\')
		stop := (w - ones*0x20) | (quote - ones) | (backslash - ones) | w
		if stop&tops != 0 {
			break // the loop below finds the place
		}
	}
	for ; i < len(b); i++ {
		if c := b[i]; c < 0x20 || c >= 0x80 || c == '"' || c == '\\' {
			break
		}
	}
	return i
}
