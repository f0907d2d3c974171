package protocol

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Why a name or text is refused. The Check functions return these alone or wrapped with a figure, so that a caller puts
// in front what and where it was.
var (
	ErrNameEmpty    = errors.New("it is empty")
	ErrTooLong      = errors.New("it is too long")
	ErrNameComma    = errors.New("it has a comma, which separates several")
	ErrNameSpace    = errors.New("it has space at its start or end")
	ErrListed       = errors.New("it has a semicolon, which separates several")
	ErrNotUTF8      = errors.New("it is not valid UTF-8")
	ErrControl      = errors.New("it has a control character")
	ErrReservedName = errors.New("answers and imports use it for something else")
)

// TagPrefix begins the name of a column that holds the tags of a kind: tag.concept.
const TagPrefix = "tag."

// reservedNames are the keys of answers and the columns of imports that are not indicators.
var reservedNames = []string{"subject", ReportDateField, "report_type", "declare_date", "end_date", "period", "year",
	"combine", "name", "status", "listing_date", "category", "topics"}

// CheckName tells why text cannot be a subject key, id, code, topic, kind, report type or period: 1 to MaxKeyLen bytes of
// UTF-8 without comma, control character and surrounding space.
func CheckName(text string) error {
	switch {
	case text == "":
		return ErrNameEmpty
	case len(text) > MaxKeyLen:
		return fmt.Errorf("%w: %d bytes, at most %d are allowed", ErrTooLong, len(text), MaxKeyLen)
	case plain(text) && text[0] != ' ' && text[len(text)-1] != ' ':
		if strings.IndexByte(text, ',') >= 0 {
			return ErrNameComma
		}
		return nil
	case strings.IndexByte(text, ',') >= 0:
		return ErrNameComma
	case strings.TrimSpace(text) != text:
		return ErrNameSpace
	}
	return CheckText(text)
}

// CheckText tells why text cannot be a text for people: at most MaxTextLen bytes of UTF-8 without control characters.
func CheckText(text string) error {
	switch {
	case len(text) > MaxTextLen:
		return fmt.Errorf("%w: %d bytes, at most %d are allowed", ErrTooLong, len(text), MaxTextLen)
	case plain(text):
		return nil
	case !utf8.ValidString(text):
		return ErrNotUTF8
	case strings.ContainsFunc(text, unicode.IsControl):
		return ErrControl
	}
	return nil
}

// CheckListed tells why text, which check passes, cannot stand in a list that CSV writes with ';' between several: a
// topic or a tag text.
func CheckListed(text string, check func(string) error) error {
	if strings.IndexByte(text, ';') >= 0 {
		return ErrListed
	}
	return check(text)
}

// CheckIndicator tells why text cannot be the id or code of an indicator: a name that answers and imports do not use
// themselves.
func CheckIndicator(text string) error {
	if slices.Contains(reservedNames, text) || strings.HasPrefix(text, TagPrefix) {
		return ErrReservedName
	}
	return CheckName(text)
}

// plain tells whether text is printable ASCII, which most names are and needs no closer look.
func plain(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}
