package oracletest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kamaitachi/kamaitachi/internal/oracle"
	"github.com/kamaitachi/kamaitachi/protocol"
)

// Case is a short history with answers that were worked out by hand from the rule that its name begins with.
type Case struct {
	Name  string
	Steps []Step
}

// Step is one write or one query, with what is to come of it in the notation of notation.go. A write that wants "" is
// applied.
type Step struct {
	Write *protocol.Write
	Query Query
	Want  string
}

// Cases returns the directed cases: at least two for each rule of semantics.md that decides an answer. Rules 10, 23 to
// 26 and the printing in 16 concern fronts, which test them themselves.
func Cases() []Case {
	return slices.Concat(
		clockCases(), declareCases(), identityCases(), newestCases(), todayCases(), defaultTypeCases(),
		listCases(), byteCases(), columnCases(), unknownSubjectCases(), unknownIndicatorCases(),
		unknownFieldCases(), unknownTopicCases(), unknownTableCases(), pageCases(), fieldCases(), tieCases(),
		emptyCases(), rangeCases(), periodCases(), recentCases(), criterionCases(), selectedDayCases(),
		getCases(), deleteCases(), putCases(), searchCases(), attributeCases(), topicAndTagCases(),
		catalogCases(), limitCases(),
	)
}

// RunCases runs each case on a target of its own, which open returns empty.
func RunCases(t *testing.T, open func() Target) {
	for _, c := range Cases() {
		t.Run(c.Name, func(t *testing.T) {
			target := open()
			closeAfter(t, target)
			if failure := c.Run(target); failure != "" {
				t.Error(failure)
			}
		})
	}
}

// Run runs the case on an empty target and returns what went otherwise than it should, or "".
func (c *Case) Run(target Target) string {
	var applied uint64
	for i, step := range c.Steps {
		var failure string
		if step.Write != nil {
			applied, failure = step.write(target, applied)
		} else {
			failure = step.ask(target, applied)
		}
		if failure != "" {
			return fmt.Sprintf("step %d of %d: %s", i+1, len(c.Steps), failure)
		}
	}
	return ""
}

// write applies the step's write and returns the newest index.
func (s *Step) write(target Target, applied uint64) (index uint64, failure string) {
	loan := lend(s.Write)
	index, err := target.Apply(loan.write)
	loan.takeBack()
	if diff := diffRefusal(s.Want, err); diff != "" {
		failure = fmt.Sprintf("%s: %s", Describe(s.Write), diff)
	} else if err == nil && index <= applied {
		failure = fmt.Sprintf("%s: was given index %d after %d", Describe(s.Write), index, applied)
	}
	return max(index, applied), failure
}

// ask asks the step's query; the answer may not be older than applied.
func (s *Step) ask(target Target, applied uint64) (failure string) {
	answer := Ask(target, s.Query, usedResult())
	if strings.HasPrefix(s.Want, refusedPrefix) || answer.Err != nil {
		if diff := diffRefusal(s.Want, answer.Err); diff != "" {
			return fmt.Sprintf("%s: %s", Describe(s.Query), diff)
		}
		return ""
	}
	got := render(answer)
	if _, ok := s.Query.(*protocol.Search); ok {
		got += renderTotal(answer.Result)
	}
	if diff := cmp.Diff(lines(s.Want), lines(got)); diff != "" {
		return fmt.Sprintf("%s (- want, + got):\n%s", Describe(s.Query), diff)
	}
	if shown, _ := answer.applied(); shown < applied {
		return fmt.Sprintf("%s: the answer shows applied index %d, %d was acknowledged", Describe(s.Query), shown, applied)
	}
	return ""
}

// lines splits an expected or rendered answer; space around lines does not count.
func lines(text string) []string {
	var out []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return out
}

// refusedPrefix begins the notation of a refusal.
const refusedPrefix = "refused: "

// diffRefusal compares an error with "refused: CODE", "refused: CODE: NAME" or anything else for no error.
func diffRefusal(want string, err error) string {
	refusal, ok := strings.CutPrefix(want, refusedPrefix)
	if !ok {
		return oracle.DiffErrors(nil, err)
	}
	code, name, _ := strings.Cut(refusal, ": ")
	for c := protocol.CodeBadRequest; c <= protocol.CodeUnknownOutcome; c++ {
		if c.String() == code {
			problem := oracle.Problem{Error: protocol.Errorf(c, "%s", refusal), Name: name}
			return oracle.DiffErrors(&oracle.Refusal{Problems: []oracle.Problem{problem}}, err)
		}
	}
	panic(fmt.Sprintf("oracletest: no code is called %q", code))
}

// history is a case over the tables finance (1: operating_income 1001, net_profit 1002, assets) and macro (2: gdp 1001,
// cpi 2).
func history(name string, steps ...Step) Case {
	tables := protocol.PutTables{Tables: []protocol.Table{
		{Number: 1, Name: "finance", DefaultReportType: "0408", Indicators: []protocol.Indicator{
			{ID: "operating_income", Code: "1001"}, {ID: "net_profit", Code: "1002"}, {ID: "assets"},
		}},
		{Number: 2, Name: "macro", DefaultReportType: "annual", Indicators: []protocol.Indicator{
			{ID: "gdp", Code: "1001"}, {ID: "cpi", Code: "2"},
		}},
	}}
	setup := Step{Write: &protocol.Write{Time: 1, Tables: &tables}}
	return Case{Name: name, Steps: append([]Step{setup}, steps...)}
}

// put writes reports into table 1 at second 100, in table order.
func put(lines ...string) Step { return putInto("", nil, lines...) }

// putInto writes reports into a table at second 100; no ids means table order.
func putInto(table string, ids []string, lines ...string) Step {
	p := &protocol.Put{Table: table, IDs: ids}
	for _, line := range lines {
		p.Reports = append(p.Reports, report(line))
	}
	return Step{Write: &protocol.Write{Time: 100, Put: p}}
}

// remove deletes the reports of subjects in a table at second 200.
func remove(table string, subjects ...string) Step {
	return Step{Write: &protocol.Write{Time: 200, Delete: &protocol.Delete{Table: table, Subjects: subjects}}}
}

// update changes subjects.
func update(updates ...protocol.SubjectUpdate) Step {
	return Step{Write: &protocol.Write{Time: 50, Subjects: &protocol.PutSubjects{Subjects: updates}}}
}

// tables changes the catalog.
func tables(list ...protocol.Table) Step {
	return Step{Write: &protocol.Write{Time: 60, Tables: &protocol.PutTables{Tables: list}}}
}

// pooled is an update that puts a subject into a topic and gives it a tag "KIND=TEXT", or none.
func pooled(key, topic, tag string) protocol.SubjectUpdate {
	u := protocol.SubjectUpdate{Subject: protocol.Subject{Key: key, Topics: []string{topic}}, Set: protocol.FieldTopics}
	if kind, text, ok := strings.Cut(tag, "="); ok {
		u.Tags = []protocol.Tag{{Kind: kind, Text: text}}
		u.Set |= protocol.FieldTags
	}
	return u
}

// at moves a write to another second.
func (s Step) at(second int64) Step {
	s.Write.Time = second
	return s
}

// refused says that the step is refused with a code, naming a name.
func (s Step) refused(code protocol.Code, name string) Step {
	s.Want = refusedPrefix + code.String()
	if name != "" {
		s.Want += ": " + name
	}
	return s
}

// bad says that the step is a bad request.
func (s Step) bad() Step { return s.refused(protocol.CodeBadRequest, "") }

// ask asks a query and wants an answer.
func ask(q Query, want ...string) Step { return Step{Query: q, Want: strings.Join(want, "\n")} }

// seeing is the view of some ids or codes.
func seeing(ids string) protocol.View { return protocol.View{IDs: list(ids)} }
