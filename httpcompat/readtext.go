package httpcompat

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// text reads a string.
func (r *reader) text() string {
	if r.peek() != '"' {
		r.expected("a string")
		return ""
	}
	start := r.pos + 1
	n := start + plainPrefix(r.data[start:])
	if n < len(r.data) && r.data[n] == '"' {
		r.pos = n + 1
		return view(r.data[start:n])
	}
	return r.oddText(start, n)
}

// oddText reads a string that starts at start and whose first odd byte (an escape, not ASCII, or no end in sight) is at
// pos. Without escapes and with valid UTF-8 it is not copied either.
func (r *reader) oddText(start, pos int) string {
	escaped := false
	for {
		r.pos = pos
		if pos >= len(r.data) {
			r.fail("a string without end")
			return ""
		}
		switch c := r.data[pos]; {
		case c == '"':
			r.pos++
			if raw := r.data[start:pos]; !escaped && utf8.Valid(raw) {
				return view(raw)
			}
			return r.unescape(start, pos)
		case c == '\\':
			escaped = true
			pos += 2 // whatever follows, it does not end the string
		case c < 0x20:
			r.fail("a control character in a string; write it as \\u%04x", c)
			return ""
		default:
			pos++
		}
	}
}

// unescape copies the string data[start:end] into the arena, with escapes and bytes that are not UTF-8 replaced.
func (r *reader) unescape(start, end int) string {
	raw := r.data[start:end]
	out := len(r.arena)
	for i := 0; i < len(raw); {
		c := raw[i]
		if c == '\\' {
			n := r.escape(raw[i:])
			if n == 0 {
				r.pos = start + i
				r.fail("an escape that JSON does not know: %.6q", raw[i:])
				return ""
			}
			i += n
			continue
		}
		if c < utf8.RuneSelf {
			r.arena = append(r.arena, c)
			i++
			continue
		}
		char, size := utf8.DecodeRune(raw[i:]) // U+FFFD where it is not UTF-8
		r.arena = utf8.AppendRune(r.arena, char)
		i += size
	}
	// When the arena grows, strings that were cut from it before keep the old memory.
	return view(r.arena[out:])
}

// escape appends what the escape at the start of raw means and returns its length, 0 where JSON does not know it.
func (r *reader) escape(raw []byte) int {
	if len(raw) < 2 {
		return 0
	}
	c := raw[1]
	switch c {
	case '"', '\\', '/':
	case 'b':
		c = '\b'
	case 'f':
		c = '\f'
	case 'n':
		c = '\n'
	case 'r':
		c = '\r'
	case 't':
		c = '\t'
	case 'u':
		return r.unicodeEscape(raw)
	default:
		return 0
	}
	r.arena = append(r.arena, c)
	return 2
}

// unicodeEscape appends the character of \uXXXX, or of two that make a surrogate pair; a lone surrogate becomes U+FFFD.
func (r *reader) unicodeEscape(raw []byte) int {
	char := hex4(raw)
	if char < 0 {
		return 0
	}
	if utf16.IsSurrogate(char) {
		if low := hex4(raw[6:]); low >= 0 {
			if pair := utf16.DecodeRune(char, low); pair != utf8.RuneError {
				r.arena = utf8.AppendRune(r.arena, pair)
				return 12
			}
		}
		char = utf8.RuneError
	}
	r.arena = utf8.AppendRune(r.arena, char)
	return 6
}

// hex4 returns the number of \uXXXX at the start of raw, or -1.
func hex4(raw []byte) rune {
	if len(raw) < 6 || raw[0] != '\\' || raw[1] != 'u' {
		return -1
	}
	var char rune
	for _, c := range raw[2:6] {
		switch {
		case isDigit(c):
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return -1
		}
		char = char<<4 | rune(c)
	}
	return char
}

// optionalText reads a string or null, which is the same as "".
func (r *reader) optionalText() string {
	if r.null() {
		return ""
	}
	return r.text()
}

// optionalInteger reads a whole number or null, which is the same as 0.
func (r *reader) optionalInteger() int64 {
	if r.null() {
		return 0
	}
	return r.integer()
}

// name reads a string or a whole number, as its text, or null.
func (r *reader) name() string {
	switch c := r.peek(); {
	case c == '-' || isDigit(c):
		start := r.pos
		r.integer()
		return view(r.data[start:r.pos])
	default:
		return r.optionalText()
	}
}

// list reads a list of names into dst[:0]: a JSON list of strings, or one string, either split at commas; or null.
func (r *reader) list(dst []string) []string {
	dst = dst[:0]
	switch r.peek() {
	case '"':
		return r.split(dst, r.text())
	case 'n':
		r.null()
		return dst
	}
	if !r.open('[', "a string or a list of strings") {
		return dst
	}
	for first := true; r.next(']', &first); {
		dst = r.split(dst, r.text())
	}
	return dst
}

// split appends the items of a text: split at commas, trimmed, empties dropped (semantics 7). Repetitions stay; the
// backend counts them once.
func (r *reader) split(dst []string, text string) []string {
	for text != "" && r.fault == nil {
		item := text
		if comma := strings.IndexByte(text, ','); comma >= 0 {
			item, text = text[:comma], text[comma+1:]
		} else {
			text = ""
		}
		if item != "" && (outer(item[0]) || outer(item[len(item)-1])) {
			item = strings.TrimSpace(item)
		}
		if item == "" {
			continue
		}
		if len(dst) == maxItems {
			r.fail("a list of more than %d items", maxItems)
			return dst
		}
		dst = append(dst, item)
	}
	return dst
}

// outer tells whether a byte at the end of an item may belong to white space. Most items need no call for it.
func outer(c byte) bool { return c <= ' ' || c >= utf8.RuneSelf }
