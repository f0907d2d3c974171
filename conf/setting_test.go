package conf

import (
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestSizesCarryUnits(t *testing.T) {
	for _, test := range []struct {
		text  string
		bytes int64
		shown string
	}{
		{"0", 0, "0"},
		{"1000", 1000, "1000"},
		{"268435456", 256 << 20, "256MiB"},
		{"256MiB", 256 << 20, "256MiB"},
		{"256 mib", 256 << 20, "256MiB"},
		{"64KiB", 64 << 10, "64KiB"},
		{"1536KiB", 1536 << 10, "1536KiB"},
		{"2GiB", 2 << 30, "2GiB"},
		{"1TiB", 1 << 40, "1TiB"},
		{"1kB", 1000, "1000"},
		{"1MB", 1e6, "1000000"},
		{"2GB", 2e9, "1953125KiB"},
		{"1TB", 1e12, "976562500KiB"},
		{"7B", 7, "7"},
	} {
		n, ok := parseSize(test.text)
		if !ok || n != test.bytes {
			t.Errorf("%q reads as %d, %t; want %d", test.text, n, ok, test.bytes)
		}
		if shown := formatSize(n); shown != test.shown {
			t.Errorf("%d prints as %s, want %s", n, shown, test.shown)
		}
	}
	for _, text := range []string{"", "MiB", "-1", "+1", "1.5MiB", "1MiBs", "1 M", "0x10", "1_000", "9223372036854775808",
		"9007199254740992KiB", "8388608TiB", "１"} {
		if n, ok := parseSize(text); ok {
			t.Errorf("%q reads as %d, want it refused", text, n)
		}
	}
}

func TestTimesCarryUnits(t *testing.T) {
	for _, test := range []struct {
		text, bare string
		want       time.Duration
		shown      string
	}{
		{"10", "s", 10 * time.Second, "10s"},
		{"10", "m", 10 * time.Minute, "10m"},
		{"0.5", "s", 500 * time.Millisecond, "500ms"},
		{"10s", "m", 10 * time.Second, "10s"},
		{"250ms", "s", 250 * time.Millisecond, "250ms"},
		{"90s", "s", 90 * time.Second, "1m30s"},
		{"60s", "s", time.Minute, "1m"},
		{"1h", "s", time.Hour, "1h"},
		{"1h30m", "s", 90 * time.Minute, "1h30m"},
		{"10h10m10s", "s", 10*time.Hour + 10*time.Minute + 10*time.Second, "10h10m10s"},
		{"0", "m", 0, "0s"},
	} {
		var d time.Duration
		if !(timeSetting{p: &d, bare: test.bare}).set(test.text) || d != test.want {
			t.Errorf("%q reads as %v, want %v", test.text, d, test.want)
		}
		if shown := formatTime(d); shown != test.shown {
			t.Errorf("%v prints as %s, want %s", d, shown, test.shown)
		}
	}
	for _, text := range []string{"", "s", "10 s", "ten", "NaN", "Inf", "1e300", "10x"} {
		d := time.Minute
		if (timeSetting{p: &d, bare: "s"}).set(text) || d != time.Minute {
			t.Errorf("%q reads as %v, want it refused and the field left alone", text, d)
		}
	}
}

func TestPorts(t *testing.T) {
	for text, want := range map[string]Port{"0": PortAny, "off": PortOff, "1": 1, "65535": math.MaxUint16} {
		var p Port
		if !(portSetting{&p}).set(text) || p != want || p.String() != text {
			t.Errorf("%q reads as %d and prints as %s", text, p, p)
		}
	}
	if PortOff.On() || !PortAny.On() || !Port(80).On() {
		t.Error("only off is off")
	}
	if got := Port(80).Addr("::1"); got != "[::1]:80" {
		t.Errorf("address is %s, want [::1]:80", got)
	}
}

func TestEverySizeAndTimeReadsBackFromItsText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(0, math.MaxInt64).Draw(t, "bytes")
		if got, ok := parseSize(formatSize(n)); !ok || got != n {
			t.Fatalf("%d prints as %s, which reads as %d, %t", n, formatSize(n), got, ok)
		}
		d := time.Duration(rapid.Int64Range(0, math.MaxInt64).Draw(t, "nanoseconds"))
		var got time.Duration
		if !(timeSetting{p: &got, bare: "s"}).set(formatTime(d)) || got != d {
			t.Fatalf("%d ns prints as %s, which reads as %d ns", d, formatTime(d), got)
		}
	})
}

func TestEveryLineReadsBackFromItsQuotedForm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(
			rapid.StringOfN(rapid.SampledFrom([]rune("ab \t;#'\"`=\\é")), 0, 12, -1),
			rapid.String(),
		).Filter(isLine).Draw(t, "text")
		parsed, err := parseINI([]byte("[s]\nkey = "+quoteValue(text)+" ; comment"), "test")
		if err != nil {
			t.Fatal(err)
		}
		if got := parsed[0].values[0].text; got != text {
			t.Fatalf("%q is written as %s, which reads as %q", text, quoteValue(text), got)
		}
	})
}

// The naive form of edits: by definition, without a table.
func naiveEdits(a, b string) int {
	switch {
	case a == "" || b == "":
		return len(a) + len(b)
	case a[0] == b[0]:
		return naiveEdits(a[1:], b[1:])
	}
	return 1 + min(naiveEdits(a[1:], b), naiveEdits(a, b[1:]), naiveEdits(a[1:], b[1:]))
}

func TestEditsCountsAsItsDefinition(t *testing.T) {
	word := rapid.StringOfN(rapid.SampledFrom([]rune("abc")), 0, 7, -1)
	rapid.Check(t, func(t *rapid.T) {
		a, b := word.Draw(t, "a"), word.Draw(t, "b")
		if got, want := edits(a, b), naiveEdits(a, b); got != want {
			t.Fatalf("edits(%q, %q) = %d, want %d", a, b, got, want)
		}
	})
}

func TestEveryKeyIsDescribed(t *testing.T) {
	seen := map[string]bool{}
	c := Default()
	for _, k := range c.keys() {
		if seen[k.id()] {
			t.Errorf("%s is described twice", k.id())
		}
		seen[k.id()] = true
		if !strings.HasSuffix(k.Doc, ".") {
			t.Errorf("%s: doc %q is no sentence", k.id(), k.Doc)
		}
		if k.text() != k.Default {
			t.Errorf("%s: default %q prints as %q", k.id(), k.Default, k.text())
		}
		if !k.valid() {
			t.Errorf("%s: default %q is out of bounds", k.id(), k.Default)
		}
		if env := k.envName(); env != strings.ToUpper(env) || strings.ContainsAny(env, ".- ") {
			t.Errorf("%s: no shell can set %s", k.id(), env)
		}
	}
	if err := c.Validate(); err != nil {
		t.Errorf("defaults: %v", err)
	}
}

func TestNoTwoKeysShareAField(t *testing.T) {
	c := Default()
	for _, k := range c.keys() {
		before := texts(c)
		change(t, k)
		for id, text := range texts(c) {
			if (text != before[id]) != (id == k.id()) {
				t.Errorf("setting %s: %s is %q, was %q", k.id(), id, text, before[id])
			}
		}
	}
}

func texts(c *Config) map[string]string {
	all := map[string]string{}
	for _, k := range c.keys() {
		all[k.id()] = k.text()
	}
	return all
}

// change sets the key to a value that it does not have.
func change(t *testing.T, k Key) {
	t.Helper()
	was := k.text()
	for i := range 10 {
		for _, text := range []string{strconv.Itoa(7 + i), strconv.FormatBool(i%2 == 0), "master", "debug", "json"} {
			if k.set(text) && k.text() != was {
				return
			}
		}
	}
	t.Fatalf("no value changes %s", k.id())
}
