package oracle

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// maxDifferences is how many differences a diff lists before it only counts the rest.
const maxDifferences = 12

// differences collects lines about what differs.
type differences struct {
	lines []string
	more  int
}

func (d *differences) addf(format string, args ...any) {
	if len(d.lines) == maxDifferences {
		d.more++
		return
	}
	d.lines = append(d.lines, fmt.Sprintf(format, args...))
}

// expect adds a line if the two values differ; what is a format.
func expect[T comparable](d *differences, want, got T, what string, args ...any) {
	if want != got {
		d.addf("%s: want %+v, got %+v", fmt.Sprintf(what, args...), want, got)
	}
}

func (d *differences) String() string {
	if d.more > 0 {
		return strings.Join(d.lines, "\n") + fmt.Sprintf("\n(and %d more)", d.more)
	}
	return strings.Join(d.lines, "\n")
}

// Diff tells how got differs from want, field by field and numbers bit by bit, or returns "". Attributes of subjects
// are compared where want carries them (WithSubjects), heads unless withHeads says false. Applied may be later than
// want's but not earlier; Disk is not compared.
func Diff(want, got *protocol.Result, withHeads ...bool) string {
	var d differences
	d.applied(want.Applied, got.Applied)
	d.list("ids", want.IDs, got.IDs)
	expect(&d, want.With&protocol.WithSubjects, got.With&protocol.WithSubjects, "with subjects")
	expect(&d, want.Total, got.Total, "total")
	d.slices("groups", want.Groups, got.Groups)
	d.stamps(want.Stamps, got.Stamps)
	if len(withHeads) == 0 || withHeads[0] {
		expect(&d, want.With&protocol.WithReports, got.With&protocol.WithReports, "with reports")
		d.heads(want, got)
	}
	if !d.list("subjects of the rows", keysOf(want.Subjects), keysOf(got.Subjects)) {
		return d.String() // there is no row to compare values of
	}
	if want.With&protocol.WithSubjects != 0 {
		for i, s := range want.Subjects {
			d.attributes(s, got.Subjects[i])
		}
	}
	d.values(want, got)
	return d.String()
}

// applied notes an answer that is older than what it is compared with.
func (d *differences) applied(want, got uint64) {
	if got < want {
		d.addf("stale: answer shows applied index %d, the write with index %d was acknowledged", got, want)
	}
}

// list compares two lists of names and tells whether they are equal.
func (d *differences) list(what string, want, got []string) bool {
	if slices.Equal(want, got) {
		return true
	}
	d.addf("%s: want %q, got %q", what, want, got)
	return false
}

// slices compares two lists of numbers.
func (d *differences) slices(what string, want, got []int32) {
	if !slices.Equal(want, got) {
		d.addf("%s: want %v, got %v", what, want, got)
	}
}

func (d *differences) stamps(want, got []protocol.Stamp) {
	if !slices.Equal(want, got) {
		d.addf("stamps: want %+v, got %+v", want, got)
	}
}

func (d *differences) heads(want, got *protocol.Result) {
	expect(d, len(want.Heads), len(got.Heads), "number of heads")
	for i := range min(len(want.Heads), len(got.Heads)) {
		expect(d, want.Heads[i], got.Heads[i], "head of row %d (%q)", i, keyOf(want.Subjects, i))
	}
}

func (d *differences) values(want, got *protocol.Result) {
	if len(got.Values) != len(want.Values) {
		d.addf("number of values: want %d, got %d", len(want.Values), len(got.Values))
		return
	}
	for c, id := range want.IDs {
		for i := range want.Rows() {
			w, g := want.Value(i, c), got.Value(i, c)
			if math.Float64bits(w) != math.Float64bits(g) {
				d.addf("%q of row %d (%q): want %s, got %s", id, i, keyOf(want.Subjects, i), number(w), number(g))
			}
		}
	}
}

// number prints a value so that no two different ones look the same.
func number(v float64) string {
	if protocol.IsMissing(v) {
		return "missing"
	}
	return fmt.Sprintf("%s (bits %016x)", strconv.FormatFloat(v, 'g', -1, 64), math.Float64bits(v))
}

// attributes compares what a row carries about its subject.
func (d *differences) attributes(want, got *protocol.Subject) {
	expect(d, want.Name, got.Name, "name of subject %q", want.Key)
	expect(d, want.Status, got.Status, "status of subject %q", want.Key)
	expect(d, want.ListingDate, got.ListingDate, "listing date of subject %q", want.Key)
	expect(d, want.Category, got.Category, "category of subject %q", want.Key)
}

// keysOf returns the keys of subjects; a nil subject shows as such.
func keysOf(subjects []*protocol.Subject) []string {
	keys := make([]string, len(subjects))
	for i := range subjects {
		keys[i] = keyOf(subjects, i)
	}
	return keys
}

func keyOf(subjects []*protocol.Subject, i int) string {
	if i >= len(subjects) || subjects[i] == nil {
		return "(no subject)"
	}
	return subjects[i].Key
}

// DiffSubjects tells how two listings differ, or returns "". Topics and tags are compared as sets: no rule orders them.
func DiffSubjects(want, got *protocol.SubjectList) string {
	var d differences
	d.applied(want.Applied, got.Applied)
	if !d.list("subjects", keysOf(want.Subjects), keysOf(got.Subjects)) {
		return d.String()
	}
	for i, w := range want.Subjects {
		g := got.Subjects[i]
		d.attributes(w, g)
		d.list("topics of subject "+w.Key, slices.Sorted(slices.Values(w.Topics)), slices.Sorted(slices.Values(g.Topics)))
		d.list("tags of subject "+w.Key, tagTexts(w.Tags), tagTexts(g.Tags))
	}
	return d.String()
}

// tagTexts returns tags as sorted texts.
func tagTexts(tags []protocol.Tag) []string {
	texts := make([]string, len(tags))
	for i, t := range tags {
		texts[i] = t.Kind + "=" + t.Text
	}
	slices.Sort(texts)
	return texts
}

// DiffCatalogs tells how two catalogs differ, or returns "".
func DiffCatalogs(want, got *protocol.Catalog) string {
	var d differences
	d.applied(want.Applied, got.Applied)
	expect(&d, want.Version, got.Version, "catalog version")
	expect(&d, len(want.Tables), len(got.Tables), "number of tables")
	for i := range min(len(want.Tables), len(got.Tables)) {
		w, g := want.Tables[i], got.Tables[i]
		expect(&d, w.Number, g.Number, "number of table %q", w.Name)
		expect(&d, w.Name, g.Name, "name of table %d", w.Number)
		expect(&d, w.DefaultReportType, g.DefaultReportType, "default report type of table %q", w.Name)
		if !slices.Equal(w.Indicators, g.Indicators) {
			d.addf("indicators of table %q: want %+v, got %+v", w.Name, w.Indicators, g.Indicators)
		}
	}
	return d.String()
}

// DiffErrors tells how the error got differs from want, or returns "". Either may be nil. Where want is a Refusal, got
// may tell any of its problems: with that problem's code, and naming what the problem names. The rest of the message
// is free.
func DiffErrors(want, got error) string {
	switch {
	case want == nil && got == nil:
		return ""
	case want == nil:
		return fmt.Sprintf("want no error, got %q", got)
	case got == nil:
		return fmt.Sprintf("want error %q, got none", want)
	}
	var e *protocol.Error
	if !errors.As(got, &e) {
		return fmt.Sprintf("want a *protocol.Error like %q, got %T %q", want, got, got)
	}
	var refusal *Refusal
	if !errors.As(want, &refusal) {
		refusal = &Refusal{Problems: []Problem{{Error: protocol.AsError(want)}}}
	}
	for _, p := range refusal.Problems {
		if p.Code == e.Code && names(got.Error(), p.Name) {
			return ""
		}
	}
	var wanted []string
	for _, p := range refusal.Problems {
		wanted = append(wanted, fmt.Sprintf("%v naming %q (%v)", p.Code, p.Name, p.Error))
	}
	return fmt.Sprintf("want one of these errors: %s; got %v %q", strings.Join(wanted, ", "), e.Code, got)
}

// names tells whether a message contains a name, as it is or quoted.
func names(message, name string) bool {
	return strings.Contains(message, name) || strings.Contains(message, strconv.Quote(name))
}
