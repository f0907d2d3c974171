package oracletest

import (
	"errors"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// tally counts what random histories consist of.
type tally struct {
	writes, refused map[string]int // by kind
	asked, answered map[string]int // by type of query
	withRows        int            // answers with rows, listings with subjects
	codes           map[protocol.Code]int
}

// count runs random histories on a model and counts.
func count(histories int) *tally {
	c := &tally{map[string]int{}, map[string]int{}, map[string]int{}, map[string]int{}, 0, map[protocol.Code]int{}}
	history := rapid.Custom(func(t *rapid.T) bool {
		world := RandomWorld().Draw(t, "world")
		target := newModelTarget()
		for _, w := range world.Setup() {
			c.write(target, w)
		}
		for range 20 {
			c.write(target, world.RandomWrite(t))
			c.ask(target, world.RandomQuery(t))
			c.ask(target, world.RandomQuery(t))
		}
		return true
	})
	for seed := range histories {
		history.Example(seed)
	}
	return c
}

func (c *tally) write(target Target, w *protocol.Write) {
	kind := "put"
	switch {
	case w.Delete != nil:
		kind = "delete"
	case w.Subjects != nil:
		kind = "subjects"
	case w.Tables != nil:
		kind = "tables"
	}
	c.writes[kind]++
	if _, err := target.Apply(w); err != nil {
		c.refused[kind]++
	}
}

func (c *tally) ask(target Target, q Query) {
	kind := fmt.Sprintf("%T", q)
	c.asked[kind]++
	a := Ask(target, q, nil)
	var e *protocol.Error
	if errors.As(a.Err, &e) {
		c.codes[e.Code]++
		return
	}
	c.answered[kind]++
	if a.Result != nil && a.Result.Rows() > 0 || a.List != nil && len(a.List.Subjects) > 0 {
		c.withRows++
	}
}

// TestRandomHistoriesSayMuch holds the generators to what makes a history worth running: every operation, mostly
// answered, mostly with something to compare, and every kind of refusal now and then.
func TestRandomHistoriesSayMuch(t *testing.T) {
	c := count(100)
	atLeast := func(what string, part, whole int, percent int) {
		t.Helper()
		if part*100 < whole*percent {
			t.Errorf("%s: %d of %d, want at least %d %%", what, part, whole, percent)
		}
	}
	asked, answered := 0, 0
	for kind, n := range c.asked {
		asked, answered = asked+n, answered+c.answered[kind]
		atLeast(kind+" answered", c.answered[kind], n, 40)
	}
	if len(c.asked) != 9 {
		t.Errorf("queries of %d types, want 9: %v", len(c.asked), c.asked)
	}
	atLeast("queries answered", answered, asked, 60)
	atLeast("answers with rows", c.withRows, answered, 40)
	for kind, n := range c.writes {
		atLeast(kind+" accepted", n-c.refused[kind], n, 50)
		if c.refused[kind] == 0 {
			t.Errorf("no %s was refused", kind)
		}
	}
	for _, code := range []protocol.Code{protocol.CodeBadRequest, protocol.CodeUnknownIndicator, protocol.CodeNotFound} {
		atLeast(fmt.Sprintf("queries refused with %q", code), c.codes[code], asked, 1)
	}
	t.Logf("writes %v, refused %v; queries %v, answered %v, with rows %d, refusals %v", c.writes, c.refused, c.asked, c.answered, c.withRows, c.codes)
}
