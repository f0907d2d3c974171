package protocol

import (
	"math"
	"time"
)

// missingBits is the one NaN that stands for "no value". Other NaNs are refused at the door (semantics 13), so any NaN
// that is met in a column is this one, and v != v is the quick test for it.
const missingBits = 0x7ff8_0000_4b4d_4d56

// Missing is "no value": it is not zero, it is left out of answers and it sorts last in either order.
var Missing = math.Float64frombits(missingBits)

// IsMissing tells whether v is Missing, as opposed to a number or to some other NaN.
func IsMissing(v float64) bool { return math.Float64bits(v) == missingBits }

// Storable tells whether v may be stored: a finite number or Missing.
func Storable(v float64) bool {
	return !math.IsInf(v, 0) && (v == v || IsMissing(v))
}

// SecondsPerDay is the length of a UTC day in the seconds that every time here counts.
const SecondsPerDay = 24 * 60 * 60

// MinTime and MaxTime bound every time that is accepted, in UTC seconds: the years 0001 to 9999, so that a day always
// prints as YYYY-MM-DD.
const (
	MinTime int64 = -62135596800
	MaxTime int64 = 253402300799
)

// Instant is an optional time in UTC seconds. The zero value is "not given".
type Instant struct {
	Seconds int64
	Given   bool
}

// At returns the given instant of seconds (UTC).
func At(seconds int64) Instant { return Instant{Seconds: seconds, Given: true} }

// Before orders declare dates: an absent one sorts before every date (semantics 2).
func (i Instant) Before(o Instant) bool {
	if i.Given != o.Given {
		return o.Given
	}
	return i.Given && i.Seconds < o.Seconds
}

// Range is a span of report dates in UTC seconds, both ends inclusive; an end that is not given is open.
type Range struct {
	From, To Instant
}

// DayStart returns 00:00:00Z of the UTC day in which seconds lies; it rounds down for times before 1970 too.
func DayStart(seconds int64) int64 {
	day := seconds / SecondsPerDay
	if seconds%SecondsPerDay < 0 {
		day--
	}
	return day * SecondsPerDay
}

// ParseDay reads a day in the given layout ("2006-01-02" or "20060102") as its 00:00:00Z in UTC seconds.
func ParseDay(layout, text string) (int64, error) {
	t, err := time.ParseInLocation(layout, text, time.UTC)
	if err != nil {
		return 0, err
	}
	return t.Unix(), nil
}

// AppendDay appends the UTC day of seconds as YYYY-MM-DD.
func AppendDay(dst []byte, seconds int64) []byte {
	return time.Unix(seconds, 0).UTC().AppendFormat(dst, "2006-01-02")
}
