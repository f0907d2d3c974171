package oracle

import (
	"strings"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// Problem is one thing that is wrong with a query or write.
type Problem struct {
	*protocol.Error
	Name string // what the message must name (rule 8); "" = nothing
}

// Refusal is the error of a refused query or write. It holds everything that is wrong with it, because no rule says
// which fault is to be found first: whoever refuses may tell any of them.
type Refusal struct {
	Problems []Problem // at least one
}

// Error returns the problems, one after the other.
func (r *Refusal) Error() string {
	texts := make([]string, len(r.Problems))
	for i, p := range r.Problems {
		texts[i] = p.Error.Error()
	}
	return strings.Join(texts, "; ")
}

// Unwrap returns every problem as a *protocol.Error.
func (r *Refusal) Unwrap() []error {
	errs := make([]error, len(r.Problems))
	for i, p := range r.Problems {
		errs[i] = p.Error
	}
	return errs
}

// check collects the problems of one query or write.
type check struct {
	problems []Problem
}

// bad notes a bad request.
func (c *check) bad(format string, args ...any) {
	c.problems = append(c.problems, Problem{Error: protocol.Errorf(protocol.CodeBadRequest, format, args...)})
}

// badIf notes a bad request if wrong is true.
func (c *check) badIf(wrong bool, format string, args ...any) {
	if wrong {
		c.bad(format, args...)
	}
}

// unknown notes that what (a table, topic, indicator, ...) called name does not exist.
func (c *check) unknown(code protocol.Code, what, name string) {
	c.problems = append(c.problems, Problem{Error: protocol.Errorf(code, "unknown %s %q", what, name), Name: strings.Clone(name)})
}

// err returns the Refusal, or nil where nothing is wrong.
func (c *check) err() error {
	if len(c.problems) == 0 {
		return nil
	}
	return &Refusal{Problems: c.problems}
}
