package redis

import (
	"bytes"
	"fmt"
	"strconv"
)

// Limits of what is read.
const (
	maxBulk  = 512 << 20 // bytes of a string, Redis's own limit
	maxArray = 1 << 20   // elements
)

var crlf = []byte("\r\n")

// beginCommand appends the head of a command of so many words.
func beginCommand(dst []byte, words int) []byte {
	return append(strconv.AppendInt(append(dst, '*'), int64(words), 10), crlf...)
}

// appendWord appends a word of a command.
func appendWord(dst []byte, word string) []byte {
	dst = append(strconv.AppendInt(append(dst, '$'), int64(len(word)), 10), crlf...)
	return append(append(dst, word...), crlf...)
}

// appendNumber appends a word that is a number.
func appendNumber(dst []byte, n int) []byte {
	var digits [20]byte
	return appendWord(dst, string(strconv.AppendInt(digits[:0], int64(n), 10)))
}

// appendCommand appends a whole command.
func appendCommand(dst []byte, words ...string) []byte {
	dst = beginCommand(dst, len(words))
	for _, w := range words {
		dst = appendWord(dst, w)
	}
	return dst
}

// element is one line of a reply with what follows it.
type element struct {
	kind byte   // '+', '-', ':', '$', '*'
	n    int    // '$', '*': the announced number, -1 = nil
	text []byte // '+', '-', ':': the line; '$': the string
	size int    // bytes; 0 = more are needed. Of an array only its head
}

// next reads the element at the start of buf.
func next(buf []byte) (e element, err error) {
	end := bytes.Index(buf, crlf)
	if end < 0 {
		return element{}, nil
	}
	if end == 0 {
		return element{}, fmt.Errorf("%w with an empty line", ErrReply)
	}
	e = element{kind: buf[0], text: buf[1:end], size: end + len(crlf)}
	switch e.kind {
	case '+', '-', ':':
		return e, nil
	case '$', '*':
	default:
		return element{}, fmt.Errorf("%w with an unknown kind %q", ErrReply, e.kind)
	}
	most := maxArray
	if e.kind == '$' {
		most = maxBulk
	}
	e.n, err = strconv.Atoi(string(e.text))
	if err != nil || e.n < -1 || e.n > most {
		return element{}, fmt.Errorf("%w with %c%.20q: want -1 to %d", ErrReply, e.kind, e.text, most)
	}
	if e.text = nil; e.kind == '*' || e.n < 0 {
		return e, nil
	}
	whole := e.size + e.n + len(crlf)
	if len(buf) < whole {
		return element{}, nil
	}
	if !bytes.Equal(buf[whole-len(crlf):whole], crlf) {
		return element{}, fmt.Errorf("%w with a string of %d bytes that does not end there", ErrReply, e.n)
	}
	e.text, e.size = buf[e.size:e.size+e.n], whole
	return e, nil
}

// replySize returns the size of the whole reply at the start of buf, 0 when more bytes are needed, and whether any part of
// it is an error.
func replySize(buf []byte) (size int, failed bool, err error) {
	for left := 1; left > 0; left-- {
		e, err := next(buf[size:])
		if err != nil || e.size == 0 {
			return 0, false, err
		}
		size += e.size
		failed = failed || e.kind == '-'
		if e.kind == '*' {
			left += max(0, e.n)
		}
		if left > maxArray {
			return 0, false, fmt.Errorf("%w with more than %d elements", ErrReply, maxArray)
		}
	}
	return size, failed, nil
}
