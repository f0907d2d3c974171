package dataset

import (
	"errors"
	"fmt"
	"strconv"
)

// Errors that end a read or an import. They come wrapped with the file and what was found.
var (
	// ErrHeader: the first line does not name usable columns.
	ErrHeader = errors.New("bad header")
	// ErrUnknownColumn: a column is no attribute, and the table has no such indicator.
	ErrUnknownColumn = errors.New("unknown column")
	// ErrFormat: the format cannot be told, or is not what the name says.
	ErrFormat = errors.New("bad format")
	// ErrMapping: a mapping file says something that it cannot, or something else than the file that it is used on.
	ErrMapping = errors.New("bad mapping")
	// ErrTooManyErrors: more rows were bad than ImportOptions.MaxErrors.
	ErrTooManyErrors = errors.New("too many bad rows")
	// ErrOptions: the options of an import or of a made-up market are out of their limits.
	ErrOptions = errors.New("bad options")
)

// Reasons for which a row is bad: RowError.Reason is or wraps one of these, or one of protocol's reasons for names.
var (
	ErrEmpty       = errors.New("it is empty")
	ErrDate        = errors.New("it is neither a day (YYYY-MM-DD) nor UTC seconds")
	ErrDateLayout  = errors.New("it is not a time of the mapping's layout")
	ErrTimeRange   = errors.New("it is outside the years 0001 to 9999")
	ErrNumber      = errors.New("it is not a decimal number")
	ErrNumberRange = errors.New("it is too large for a 64-bit float")
	ErrNotFinite   = errors.New("NaN and infinities cannot be stored")
	ErrYear        = errors.New("it is not a year from 0 to 9999")
	ErrUnmapped    = errors.New("the mapping has neither a value for it nor a default")
	ErrFields      = errors.New("the number of fields is not that of the header")
	ErrRowLength   = errors.New("the row is too long")
	ErrQuote       = errors.New("a quotation mark is out of place or never closed")
	ErrJSON        = errors.New("it is not a JSON object of texts, numbers and lists of texts")
	ErrTwice       = errors.New("it is given twice")
	ErrTooMany     = errors.New("there are too many of them")
)

// RowError says why one row is bad. A Source goes on behind it.
type RowError struct {
	File   string
	Line   int64  // from 1, the line on which the row begins; for a table of SQLite its rowid
	Column string // as the file calls it; empty when the row as a whole is bad
	Value  string // what stood there, shortened
	Reason error
	// Skip tells that the mapping asks to leave such rows out: it is counted apart and no error.
	Skip bool
}

// Error names the place, the value and the reason.
func (e *RowError) Error() string {
	text := e.File + ":" + strconv.FormatInt(e.Line, 10) + ": "
	if e.Column != "" {
		text += "column " + e.Column + ": "
	}
	if e.Value != "" {
		text += strconv.Quote(e.Value) + ": "
	}
	return text + e.Reason.Error()
}

// Unwrap returns the reason.
func (e *RowError) Unwrap() error { return e.Reason }

// maxShown is how many bytes of a bad value an error shows.
const maxShown = 60

// shown returns an owned copy of a bad value, shortened.
func shown(text string) string {
	if len(text) > maxShown {
		return fmt.Sprintf("%s... (%d bytes)", text[:maxShown], len(text))
	}
	return string(append([]byte(nil), text...))
}
