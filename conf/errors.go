package conf

import (
	"errors"
	"fmt"
	"strings"
)

// What can be wrong with a configuration or catalog. Each is wrapped with what was wrong and where; the errors that
// concern one key are an *Error besides.
var (
	// ErrUnreadable: the file is missing, cannot be read, is larger than MaxFileBytes or is not text.
	ErrUnreadable = errors.New("cannot read")
	// ErrSyntax: the file is not of the form [section] and key = value, or a -set is not section.key=value.
	ErrSyntax = errors.New("bad syntax")
	// ErrUnknownSection: there is no section of this name.
	ErrUnknownSection = errors.New("unknown section")
	// ErrUnknownKey: the section has no key of this name.
	ErrUnknownKey = errors.New("unknown key")
	// ErrDuplicateKey: a file gives one key twice.
	ErrDuplicateKey = errors.New("given twice")
	// ErrBadValue: the value is not of the key's kind, or out of its bounds.
	ErrBadValue = errors.New("bad value")
	// ErrConflict: the value is good by itself and does not go with another one.
	ErrConflict = errors.New("conflict")
	// ErrInsecure: a listener beyond loopback, without credentials.
	ErrInsecure = errors.New("insecure")
	// ErrUnsupported: the key is reserved for a later version.
	ErrUnsupported = errors.New("not supported by this version")
	// ErrMissing: a section or key that a catalog needs is not there.
	ErrMissing = errors.New("missing")
)

// Error is what is wrong with one key: where it was given, which it is, its value, and what was expected.
type Error struct {
	Source  string // "conf/master.ini", "environment KAMAITACHI_SERVER_PORT", "-set"; "" = not from a source
	Section string // "" = none
	Key     string // "" = the section itself
	Value   string // as it was given, masked if it is a secret
	NoValue bool   // there is no value to show
	Err     error  // wraps one of the sentinels
}

// Error returns it in one line: `conf/master.ini: [server] port = "x": bad value: expected a port: ...`.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Source != "" {
		b.WriteString(e.Source + ": ")
	}
	if e.Section != "" {
		b.WriteString("[" + oneLine(e.Section) + "]")
		if e.Key != "" {
			b.WriteString(" " + oneLine(e.Key))
		}
		if e.Key != "" && !e.NoValue {
			fmt.Fprintf(&b, " = %q", shorten(e.Value))
		}
		b.WriteString(": ")
	}
	b.WriteString(e.Err.Error())
	return b.String()
}

// Unwrap returns what is wrong with the key.
func (e *Error) Unwrap() error { return e.Err }

// maxShown is how many bytes of a name or value an error quotes.
const maxShown = 80

// shorten cuts text for an error message.
func shorten(text string) string {
	if len(text) <= maxShown {
		return text
	}
	return strings.ToValidUTF8(text[:maxShown], "") + "..."
}

// oneLine returns a name as it can stand in an error: as it is, or quoted when it holds what would break the line.
func oneLine(name string) string {
	name = shorten(name)
	if quoted := fmt.Sprintf("%q", name); quoted != `"`+name+`"` {
		return quoted
	}
	return name
}
