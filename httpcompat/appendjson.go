package httpcompat

import (
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// appendNumber appends a finite number exactly as encoding/json prints a float64 (semantics 16).
func appendNumber(dst []byte, f float64) []byte {
	const exact = 1 << 53 // whole numbers below print the same as integers, and quicker
	if whole := int64(f); f > -exact && f < exact && float64(whole) == f && (whole != 0 || !math.Signbit(f)) {
		return strconv.AppendInt(dst, whole, 10)
	}
	if abs := math.Abs(f); abs >= 1e-6 && abs < 1e21 || abs == 0 {
		return strconv.AppendFloat(dst, f, 'f', -1, 64)
	}
	dst = strconv.AppendFloat(dst, f, 'e', -1, 64)
	if n := len(dst); dst[n-4] == 'e' && dst[n-3] == '-' && dst[n-2] == '0' { // e-09 is written e-9
		dst[n-2] = dst[n-1]
		dst = dst[:n-1]
	}
	return dst
}

// appendText appends s as a JSON string exactly as encoding/json does with HTML escaping off.
func appendText(dst []byte, s string) []byte {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if c >= 0x20 && c != '"' && c != '\\' {
				i++
				continue
			}
			dst = appendEscape(append(dst, s[start:i]...), c)
			i++
			start = i
			continue
		}
		char, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case char == utf8.RuneError && size == 1:
			dst = append(append(dst, s[start:i]...), `\ufffd`...)
		case char == '\u2028' || char == '\u2029': // not allowed in JavaScript, which some readers are
			dst = append(append(dst, s[start:i]...), `\u202`...)
			dst = append(dst, hexDigits[char&0xf])
		default:
			i += size
			continue
		}
		i += size
		start = i
	}
	return append(append(dst, s[start:]...), '"')
}

const hexDigits = "0123456789abcdef"

// appendEscape appends an ASCII character that may not stand for itself in a string.
func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\b':
		return append(dst, '\\', 'b')
	case '\f':
		return append(dst, '\\', 'f')
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	}
	return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&0xf])
}

// appendField appends a field whose name needs no escapes and whose value is a text. name comes with quotes, colon and
// the comma before it, where it needs one: `,"name":`.
func appendField(dst []byte, name, value string) []byte {
	return appendText(append(dst, name...), value)
}

// appendBool appends true or false.
func appendBool(dst []byte, v bool) []byte { return strconv.AppendBool(dst, v) }

// appendInteger appends a field whose value is a whole number; name as in appendField.
func appendInteger(dst []byte, name string, value int64) []byte {
	return strconv.AppendInt(append(dst, name...), value, 10)
}

// appendSubject appends what an entry says about its subject.
func appendSubject(dst []byte, s *protocol.Subject) []byte {
	dst = appendField(dst, `{"subject":`, s.Key)
	dst = appendField(dst, `,"name":`, s.Name)
	dst = appendField(dst, `,"status":`, s.Status)
	dst = appendField(dst, `,"listing_date":`, s.ListingDate)
	dst = appendField(dst, `,"category":`, s.Category)
	return append(dst, '}')
}

// appendDay appends a day in quotes, or "" where none is given.
func appendDay(dst []byte, at protocol.Instant) []byte {
	dst = append(dst, '"')
	if at.Given {
		dst = protocol.AppendDay(dst, at.Seconds)
	}
	return append(dst, '"')
}

// labels holds the name of each column of a result as JSON, with its colon, so that it is escaped once per answer.
type labels struct {
	text    []byte // a comma and a label for each column
	ends    []int
	shorts  []shortLabel   // the labels once more, for rankings with a memo
	memo    *memo          // of the handler; nil = none
	found   []*keptFigures // of each row
	touched uint64         // of touch
}

// shortLabel is a label with its comma, for copies of a size that is known beforehand.
type shortLabel struct {
	text   [step]byte // as much of it as fits
	length int        // of all of it
}

func (l *labels) set(names []string) {
	l.text, l.ends, l.shorts = l.text[:0], l.ends[:0], l.shorts[:0]
	for _, name := range names {
		start := len(l.text)
		l.text = append(appendText(append(l.text, ','), name), ':')
		l.ends = append(l.ends, len(l.text))
		if l.memo != nil {
			l.shorts = append(l.shorts, shortLabel{length: len(l.text) - start})
			copy(l.shorts[len(l.shorts)-1].text[:], l.text[start:])
		}
	}
}

// appendValues appends the values that a row has, each under its name. comma tells whether a field stands before them.
func (l *labels) appendValues(dst []byte, r *protocol.Result, row int, comma bool) []byte {
	start, rows := 0, r.Rows()
	for c, end := range l.ends {
		if v := r.Values[c*rows+row]; v == v { // the only NaN there is means "missing"
			if !comma {
				start++
			}
			comma = true
			dst = l.memo.appendNumber(append(dst, l.text[start:end]...), v)
		}
		start = end
	}
	return dst
}
