package dataset

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// flatten reads an object of strings, numbers, nulls and lists of strings with the cursor, and prints what it has.
func flatten(text []byte) (_ string, ok bool) {
	c := cursor{text: text}
	var b strings.Builder
	if !c.skip('{') {
		return "", false
	}
	for more := !c.skip('}'); more; {
		name, ok := c.string()
		if !ok || !c.skip(':') {
			return "", false
		}
		fmt.Fprintf(&b, "%q=", name)
		if !flattenValue(&c, &b) {
			return "", false
		}
		if more = c.skip(','); !more && !c.skip('}') {
			return "", false
		}
	}
	return b.String(), c.next() == 0
}

func flattenValue(c *cursor, b *strings.Builder) bool {
	switch first := c.next(); {
	case first == '"':
		text, ok := c.string()
		fmt.Fprintf(b, "%q ", text)
		return ok
	case first == '[':
		c.skip('[')
		b.WriteString("[ ")
		for more := !c.skip(']'); more; {
			if c.next() != '"' || !flattenValue(c, b) {
				return false
			}
			if more = c.skip(','); !more && !c.skip(']') {
				return false
			}
		}
		b.WriteString("] ")
		return true
	case c.null():
		b.WriteString("null ")
		return true
	}
	text, ok := c.number()
	b.WriteString(text + " ")
	return ok
}

// flattenStandard is flatten by encoding/json.
func flattenStandard(text []byte) (_ string, ok bool) {
	if !json.Valid(text) {
		return "", false
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var b strings.Builder
	depth, name := 0, false
	for {
		token, err := d.Token()
		if err != nil {
			return b.String(), depth == 0
		}
		switch t := token.(type) {
		case json.Delim:
			switch {
			case t == '{' && depth == 0:
				depth, name = 1, true
				continue
			case t == '}' && depth == 1:
				depth = 0
				continue
			case t == '[' && depth == 1:
				depth = 2
			case t == ']' && depth == 2:
				depth, name = 1, true
			default:
				return "", false
			}
			b.WriteString(t.String() + " ")
			continue
		case string:
			if depth == 1 && name {
				fmt.Fprintf(&b, "%q=", t)
				name = false
				continue
			}
			fmt.Fprintf(&b, "%q ", t)
		case json.Number:
			b.WriteString(t.String() + " ")
		case nil:
			b.WriteString("null ")
		default:
			return "", false
		}
		if _, text := token.(string); depth == 0 || depth == 2 && !text {
			return "", false
		}
		name = depth == 1
	}
}

func FuzzCursor(f *testing.F) {
	for _, text := range []string{
		`{}`, ` { } `, `{"a":1}`, `{"a":-0.5e+10,"b":"x\u00e9\\\"","c":null,"d":["p","q"]}`, `{"a":[]}`, `{"a":01}`, `{"a":1.}`,
		`{"a":tru}`, `{"a":true}`, `{"a":{"b":1}}`, `{"a":[1]}`, `{"a":[["b"]]}`, `[]`, `1`, `"a"`, `{"a":1}{`, `{"a":"\ud800"}`, `{"a" 1}`,
		`{"a":1,}`, `{,}`, "{\"a\":\"\t\"}", "{\"a\":1}\x00", `{"\u0061":"営業"}`, `{"a":"\"}`, `{"a":nulls}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if !bytes.Equal(text, bytes.ToValidUTF8(text, nil)) {
			return // refused before the cursor sees it
		}
		want, wantOK := flattenStandard(text)
		got, ok := flatten(text)
		if ok != wantOK || ok && got != want {
			t.Errorf("%q: read %s, %v; encoding/json reads %s, %v", text, got, ok, want, wantOK)
		}
	})
}
