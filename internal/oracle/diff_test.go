package oracle

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// answered returns a full result to change.
func answered() *protocol.Result {
	a, b := protocol.NewSubject("a"), protocol.NewSubject("b")
	return &protocol.Result{
		Applied:  7,
		With:     protocol.WithReports | protocol.WithSubjects,
		IDs:      []string{"x", "y"},
		Subjects: []*protocol.Subject{&a, &b},
		Heads:    []protocol.Head{{ReportDate: 1, Year: 1970}, {ReportDate: 2, Year: 1970}},
		Values:   []float64{0, 2, protocol.Missing, 4},
		Groups:   []int32{1, 2},
		Stamps:   []protocol.Stamp{{Create: 1, Update: 2}, {Create: 3, Update: 4}},
		Total:    2,
	}
}

func TestDiffSeesEveryField(t *testing.T) {
	if diff := Diff(answered(), answered()); diff != "" {
		t.Fatalf("equal results differ: %s", diff)
	}
	changes := []struct {
		sees   string // what the difference says
		change func(r *protocol.Result)
	}{
		{"stale", func(r *protocol.Result) { r.Applied = 6 }},
		{"with subjects", func(r *protocol.Result) { r.With = protocol.WithReports }},
		{"with reports", func(r *protocol.Result) { r.With = protocol.WithSubjects }},
		{"ids", func(r *protocol.Result) { r.IDs[1] = "z" }},
		{"ids", func(r *protocol.Result) { r.IDs = r.IDs[:1] }},
		{`subjects of the rows: want ["a" "b"], got ["b" "a"]`, func(r *protocol.Result) { r.Subjects[0], r.Subjects[1] = r.Subjects[1], r.Subjects[0] }},
		{"subjects of the rows", func(r *protocol.Result) { r.Subjects = r.Subjects[:1] }},
		{"(no subject)", func(r *protocol.Result) { r.Subjects[0] = nil }},
		{`name of subject "a"`, func(r *protocol.Result) { r.Subjects[0].Name = "A" }},
		{`status of subject "a"`, func(r *protocol.Result) { r.Subjects[0].Status = "" }},
		{`listing date of subject "b"`, func(r *protocol.Result) { r.Subjects[1].ListingDate = "x" }},
		{`category of subject "b"`, func(r *protocol.Result) { r.Subjects[1].Category = "" }},
		{"number of heads", func(r *protocol.Result) { r.Heads = nil }},
		{`head of row 1 ("b")`, func(r *protocol.Result) { r.Heads[1].DeclareDate = protocol.At(0) }},
		{`"x" of row 1 ("b"): want 2 `, func(r *protocol.Result) { r.Values[1] = 2.5 }},
		{`"x" of row 0 ("a"): want 0 (bits 0000000000000000), got -0 (bits 8000000000000000)`,
			func(r *protocol.Result) { r.Values[0] = math.Copysign(0, -1) }},
		{`"y" of row 0 ("a"): want missing, got NaN`, func(r *protocol.Result) { r.Values[2] = math.NaN() }},
		{`"y" of row 1 ("b"): want 4 (bits 4010000000000000), got missing`, func(r *protocol.Result) { r.Values[3] = protocol.Missing }},
		{"number of values", func(r *protocol.Result) { r.Values = r.Values[:3] }},
		{"groups", func(r *protocol.Result) { r.Groups[0] = 2 }},
		{"stamps", func(r *protocol.Result) { r.Stamps[1].Create = 9 }},
		{"total", func(r *protocol.Result) { r.Total = 0 }},
	}
	for _, c := range changes {
		got := answered()
		c.change(got)
		if diff := Diff(answered(), got); !strings.Contains(diff, c.sees) {
			t.Errorf("want a difference that says %q, got %q", c.sees, diff)
		}
	}
}

func TestDiffWithoutHeadsLeavesThemAlone(t *testing.T) {
	got := answered()
	got.Heads, got.With = nil, protocol.WithSubjects
	if diff := Diff(answered(), got, false); diff != "" {
		t.Errorf("without heads: %s", diff)
	}
}

func TestDiffAllowsANewerAnswerAndDiskReads(t *testing.T) {
	got := answered()
	got.Applied, got.Disk = 8, true
	if diff := Diff(answered(), got); diff != "" {
		t.Errorf("got %s", diff)
	}
}

func TestDiffLooksAtAttributesOnlyWhereTheyWereAskedFor(t *testing.T) {
	want, got := answered(), answered()
	want.With, got.With = protocol.WithReports, protocol.WithReports
	got.Subjects[0] = &protocol.Subject{Key: "a"}
	if diff := Diff(want, got); diff != "" {
		t.Errorf("got %s", diff)
	}
}

func TestALongDiffIsCut(t *testing.T) {
	var w, g protocol.SubjectList
	for i := range 40 {
		a, b := protocol.NewSubject(fmt.Sprint(i)), protocol.NewSubject(fmt.Sprint(i))
		b.Name = "other"
		w.Subjects, g.Subjects = append(w.Subjects, &a), append(g.Subjects, &b)
	}
	diff := DiffSubjects(&w, &g)
	if lines := strings.Count(diff, "\n"); lines != maxDifferences || !strings.Contains(diff, "(and 28 more)") {
		t.Errorf("%d line breaks in %s", lines, diff)
	}
}

func TestDiffSubjectsSeesTopicsAndTags(t *testing.T) {
	list := func(topics []string, tags ...protocol.Tag) *protocol.SubjectList {
		return &protocol.SubjectList{Subjects: []*protocol.Subject{{Key: "a", Topics: topics, Tags: tags}}}
	}
	c, i := protocol.Tag{Kind: "c", Text: "1"}, protocol.Tag{Kind: "i", Text: "2"}
	want := list([]string{"x", "y"}, c, i)
	if diff := DiffSubjects(want, list([]string{"y", "x"}, i, c)); diff != "" {
		t.Errorf("topics and tags have no order: %s", diff)
	}
	for _, got := range []*protocol.SubjectList{
		list([]string{"x"}, c, i), list([]string{"x", "y", "y"}, c, i), list([]string{"x", "y"}, c), list([]string{"x", "y"}, c, c), {},
	} {
		if DiffSubjects(want, got) == "" {
			t.Errorf("no difference seen to %+v", got)
		}
	}
}

func TestDiffCatalogsSeesEveryField(t *testing.T) {
	catalog := func() *protocol.Catalog {
		return &protocol.Catalog{Applied: 3, Version: 2, Tables: []*protocol.Table{{
			Number: 1, Name: "finance", DefaultReportType: "0408", Indicators: []protocol.Indicator{{ID: "x", Code: "1", Title: "X", Unit: "u"}},
		}}}
	}
	if diff := DiffCatalogs(catalog(), catalog()); diff != "" {
		t.Fatalf("equal catalogs differ: %s", diff)
	}
	for i, change := range []func(c *protocol.Catalog){
		func(c *protocol.Catalog) { c.Applied = 2 }, func(c *protocol.Catalog) { c.Version = 3 },
		func(c *protocol.Catalog) { c.Tables = nil }, func(c *protocol.Catalog) { c.Tables[0].Number = 2 },
		func(c *protocol.Catalog) { c.Tables[0].Name = "" }, func(c *protocol.Catalog) { c.Tables[0].DefaultReportType = "" },
		func(c *protocol.Catalog) { c.Tables[0].Indicators[0].Unit = "" }, func(c *protocol.Catalog) { c.Tables[0].Indicators = nil },
	} {
		got := catalog()
		change(got)
		if DiffCatalogs(catalog(), got) == "" {
			t.Errorf("change %d is not seen", i)
		}
	}
}

func TestDiffErrors(t *testing.T) {
	var c check
	c.unknown(protocol.CodeNotFound, "topic", `a "b"`)
	c.bad("limit -1 is negative")
	refusal := c.err()
	cases := []struct {
		name      string
		want, got error
		same      bool
	}{
		{"none", nil, nil, true},
		{"unexpected", nil, protocol.ErrBadRequest, false},
		{"expected", refusal, nil, false},
		{"named", refusal, protocol.Errorf(protocol.CodeNotFound, `no topic a "b" here`), true},
		{"named in quotes", refusal, protocol.Errorf(protocol.CodeNotFound, "no topic %q", `a "b"`), true},
		{"not named", refusal, protocol.Errorf(protocol.CodeNotFound, "no such topic"), false},
		{"the other problem", refusal, protocol.Errorf(protocol.CodeBadRequest, "anything"), true},
		{"another code", refusal, protocol.Errorf(protocol.CodeInternal, `a "b"`), false},
		{"wrapped", refusal, fmt.Errorf("context: %w", protocol.Errorf(protocol.CodeBadRequest, "x")), true},
		{"not of the protocol", refusal, errors.New(`a "b"`), false},
		{"a plain error of the code", protocol.ErrOverloaded, protocol.Errorf(protocol.CodeOverloaded, "overloaded: the queue is full"), true},
	}
	for _, c := range cases {
		if diff := DiffErrors(c.want, c.got); (diff == "") != c.same {
			t.Errorf("%s: difference %q", c.name, diff)
		}
	}
}
