package conf

import (
	"fmt"
	"math"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// setting binds a key to the field that holds its value.
type setting interface {
	set(text string) bool // reads text into the field, or leaves the field and returns false
	text() string         // the field's value as a file would have it; set(text()) changes nothing
	valid() bool          // the field's value is within its bounds
	expect() string       // what set and valid accept, for an error: "a port: ..."
}

// Port is a TCP port to listen on.
type Port int

// The two ports that are not numbers of ports.
const (
	PortAny Port = 0  // any free port
	PortOff Port = -1 // no listener
)

// On tells whether there is a listener.
func (p Port) On() bool { return p >= 0 }

// Addr returns host:port to listen on.
func (p Port) Addr(host string) string { return net.JoinHostPort(host, strconv.Itoa(int(p))) }

// String returns the port as a file has it: its number, or "off".
func (p Port) String() string {
	if p == PortOff {
		return "off"
	}
	return strconv.Itoa(int(p))
}

type portSetting struct{ p *Port }

func (s portSetting) set(text string) bool {
	if text == "off" {
		*s.p = PortOff
		return true
	}
	n, ok := parseCount(text)
	if !ok || n > math.MaxUint16 {
		return false
	}
	*s.p = Port(n)
	return true
}
func (s portSetting) text() string   { return s.p.String() }
func (s portSetting) valid() bool    { return *s.p >= PortOff && *s.p <= math.MaxUint16 }
func (s portSetting) expect() string { return "a port: 1 to 65535, 0 = any free one, or off" }

// parseCount reads a decimal number without sign.
func parseCount(text string) (int64, bool) {
	n, err := strconv.ParseUint(text, 10, 63)
	return int64(n), err == nil
}

// countSetting is a whole number within bounds.
type countSetting struct {
	p        *int
	min, max int
}

func (s countSetting) set(text string) bool {
	n, ok := parseCount(text)
	if ok {
		*s.p = int(n)
	}
	return ok
}
func (s countSetting) text() string { return strconv.Itoa(*s.p) }
func (s countSetting) valid() bool  { return *s.p >= s.min && *s.p <= s.max }
func (s countSetting) expect() string {
	return fmt.Sprintf("a whole number from %d to %d", s.min, s.max)
}

// sizeUnits are the units of a size, greatest first within each kind. A bare number counts bytes.
var sizeUnits = []struct {
	name  string
	bytes int64
}{
	{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10},
	{"TB", 1e12}, {"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3}, {"B", 1},
}

// sizeSetting is a number of bytes within bounds.
type sizeSetting struct {
	p        *int64
	min, max int64
}

func (s sizeSetting) set(text string) bool {
	n, ok := parseSize(text)
	if ok {
		*s.p = n
	}
	return ok
}
func (s sizeSetting) text() string { return formatSize(*s.p) }
func (s sizeSetting) valid() bool  { return *s.p >= s.min && *s.p <= s.max }
func (s sizeSetting) expect() string {
	return fmt.Sprintf("a size from %s to %s: bytes, or with a unit as in 64KiB, 256MiB, 1GB",
		formatSize(s.min), formatSize(s.max))
}

// parseSize reads "268435456", "256MiB" or "256 MiB"; the case of the unit does not matter.
func parseSize(text string) (int64, bool) {
	digits := strings.TrimRightFunc(text, func(r rune) bool { return r < '0' || r > '9' })
	factor := int64(1)
	if unit := strings.TrimSpace(text[len(digits):]); unit != "" {
		factor = 0
		for _, u := range sizeUnits {
			if strings.EqualFold(unit, u.name) {
				factor = u.bytes
			}
		}
	}
	n, ok := parseCount(digits)
	if !ok || factor == 0 || n > math.MaxInt64/factor {
		return 0, false
	}
	return n * factor, true
}

// formatSize writes n in the greatest binary unit that divides it.
func formatSize(n int64) string {
	for _, u := range sizeUnits[:4] {
		if n >= u.bytes && n%u.bytes == 0 {
			return strconv.FormatInt(n/u.bytes, 10) + u.name
		}
	}
	return strconv.FormatInt(n, 10)
}

// timeSetting is a length of time within bounds.
type timeSetting struct {
	p        *time.Duration
	bare     string // unit of a bare number: "s" or "m"
	min, max time.Duration
}

func (s timeSetting) set(text string) bool {
	if _, err := strconv.ParseFloat(text, 64); err == nil {
		text += s.bare
	}
	d, err := time.ParseDuration(text)
	if err == nil {
		*s.p = d
	}
	return err == nil
}
func (s timeSetting) text() string { return formatTime(*s.p) }
func (s timeSetting) valid() bool  { return *s.p >= s.min && *s.p <= s.max }
func (s timeSetting) expect() string {
	bare := map[string]string{"s": "seconds", "m": "minutes"}[s.bare]
	return fmt.Sprintf("a time from %s to %s: %s, or with a unit as in 250ms, 10s, 5m, 1h30m",
		formatTime(s.min), formatTime(s.max), bare)
}

// formatTime writes d without the zero units that time.Duration prints: 5m, not 5m0s.
func formatTime(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

type boolSetting struct{ p *bool }

func (s boolSetting) set(text string) bool {
	if text != "true" && text != "false" {
		return false
	}
	*s.p = text == "true"
	return true
}
func (s boolSetting) text() string { return strconv.FormatBool(*s.p) }
func (s boolSetting) valid() bool  { return true }
func (s boolSetting) expect() string {
	return "true or false"
}

// choiceSetting is one word of a list.
type choiceSetting[T ~string] struct {
	p  *T
	of []T
}

func (s choiceSetting[T]) set(text string) bool {
	if !slices.Contains(s.of, T(text)) {
		return false
	}
	*s.p = T(text)
	return true
}
func (s choiceSetting[T]) text() string { return string(*s.p) }
func (s choiceSetting[T]) valid() bool  { return slices.Contains(s.of, *s.p) }
func (s choiceSetting[T]) expect() string {
	words := make([]string, len(s.of))
	for i, w := range s.of {
		words[i] = string(w)
	}
	return "one of " + strings.Join(words, ", ")
}

// textSetting is a line of text.
type textSetting struct {
	p        *string
	required bool
	what     string // "a file", "host:port"
}

func (s textSetting) set(text string) bool {
	*s.p = text
	return true
}
func (s textSetting) text() string { return *s.p }
func (s textSetting) valid() bool  { return isLine(*s.p) && (*s.p != "" || !s.required) }
func (s textSetting) expect() string {
	return s.what + ": UTF-8 without control characters, and without both kinds of quotation marks"
}

// isLine tells whether text can stand on one line of a file, between one kind of quotation marks if it must.
func isLine(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, unicode.IsControl) &&
		!(strings.Contains(text, `"`) && strings.Contains(text, "'"))
}

// addrsSetting is a list of host:port, split at commas; it may be empty where none is set.
type addrsSetting struct {
	p    *[]string
	none bool
}

func (s addrsSetting) set(text string) bool {
	var list []string
	for item := range strings.SplitSeq(text, ",") {
		if item = strings.TrimSpace(item); item != "" {
			list = append(list, item)
		}
	}
	*s.p = list
	return true
}
func (s addrsSetting) text() string { return strings.Join(*s.p, ", ") }
func (s addrsSetting) expect() string {
	if s.none {
		return "host:port, with commas between, or nothing"
	}
	return "one host:port or more, with commas between"
}
func (s addrsSetting) valid() bool {
	return (s.none || len(*s.p) > 0) && !slices.ContainsFunc(*s.p, func(a string) bool { return !isAddr(a) })
}

// isAddr tells whether text is host:port with a host and a port that others can dial.
func isAddr(text string) bool {
	host, port, err := net.SplitHostPort(text)
	n, ok := parseCount(port)
	return err == nil && host != "" && !strings.ContainsAny(host, " \t\"'`;#/") && isLine(host) &&
		ok && n > 0 && n <= math.MaxUint16
}

// addrSetting is one host:port, or nothing.
type addrSetting struct{ p *string }

func (s addrSetting) set(text string) bool {
	*s.p = text
	return true
}
func (s addrSetting) text() string   { return *s.p }
func (s addrSetting) valid() bool    { return *s.p == "" || isAddr(*s.p) }
func (s addrSetting) expect() string { return "host:port, or nothing" }
