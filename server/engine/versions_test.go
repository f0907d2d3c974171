package engine_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/kamaitachi/kamaitachi/internal/oracle/oracletest"
	"github.com/kamaitachi/kamaitachi/internal/raceflag"
	"github.com/kamaitachi/kamaitachi/protocol"
	"github.com/kamaitachi/kamaitachi/server/engine"
)

// rememberer answers as it did before while nothing has changed that the answer depends on, as a cache does.
type rememberer struct {
	*target
	forget func(on []engine.Dependency) []engine.Dependency // leaves dependencies out
	known  map[string]memory
	hits   *int
}

type memory struct {
	result protocol.Result
	on     []engine.Dependency
	since  uint64
}

func openRememberer(setUp func(r *rememberer)) func() oracletest.Target {
	return func() oracletest.Target {
		r := &rememberer{target: open().(*target), known: map[string]memory{}, hits: new(int)}
		r.forget = func(on []engine.Dependency) []engine.Dependency { return on }
		setUp(r)
		return r
	}
}

// Reopen forgets everything: versions begin anew.
func (r *rememberer) Reopen() error {
	clear(r.known)
	return r.target.Reopen()
}

// answer asks only if the answer is not known or may be another one by now.
func (r *rememberer) answer(q any, topic string, subjects []string, out *protocol.Result, ask func() error) error {
	key := oracletest.Describe(q)
	applied := r.Applied()
	if known, ok := r.known[key]; ok && r.Unchanged(known.on, known.since) {
		*r.hits++
		*out = clone(&known.result)
		out.Applied = applied
		return nil
	}
	if err := ask(); err != nil || topic == "" && len(subjects) == 0 {
		return err
	}
	on := r.forget(r.AppendDependencies(nil, topic, subjects))
	r.known[key] = memory{clone(out), on, applied}
	return nil
}

func clone(r *protocol.Result) protocol.Result {
	c := *r
	c.IDs, c.Subjects, c.Heads = slices.Clone(r.IDs), slices.Clone(r.Subjects), slices.Clone(r.Heads)
	c.Groups, c.Stamps, c.Values = slices.Clone(r.Groups), slices.Clone(r.Stamps), slices.Clone(r.Values)
	return c
}

func (r *rememberer) Snapshot(q *protocol.Snapshot, out *protocol.Result) error {
	return r.answer(q, q.Topic, q.Subjects, out, func() error { return r.target.Snapshot(q, out) })
}

func (r *rememberer) Period(q *protocol.Period, out *protocol.Result) error {
	return r.answer(q, "", q.Subjects, out, func() error { return r.target.Period(q, out) })
}

func (r *rememberer) Recent(q *protocol.Recent, out *protocol.Result) error {
	return r.answer(q, "", q.Subjects, out, func() error { return r.target.Recent(q, out) })
}

func (r *rememberer) SelectSnapshot(q *protocol.SelectSnapshot, out *protocol.Result) error {
	return r.answer(q, q.Selection.Topic, nil, out, func() error { return r.target.SelectSnapshot(q, out) })
}

func (r *rememberer) SelectPeriod(q *protocol.SelectPeriod, out *protocol.Result) error {
	return r.answer(q, q.Selection.Topic, nil, out, func() error { return r.target.SelectPeriod(q, out) })
}

func (r *rememberer) Get(q *protocol.Get, out *protocol.Result) error {
	return r.answer(q, "", []string{q.Subject}, out, func() error { return r.target.Get(q, out) })
}

func (r *rememberer) Search(q *protocol.Search, out *protocol.Result) error {
	return r.answer(q, "", q.Subjects, out, func() error { return r.target.Search(q, out) })
}

func TestWhatIsUnchangedIsAnsweredAsBefore(t *testing.T) {
	hits := 0
	rapid.Check(t, func(t *rapid.T) {
		oracletest.Check(t, openRememberer(func(r *rememberer) { r.hits = &hits }))
	})
	if hits < 100 {
		t.Errorf("only %d answers were remembered: this says little", hits)
	}
}

// mutantRuns is how many random histories have to miss a fault before it counts as unnoticed.
const mutantRuns = 400

// caught tells whether some random history notices a fault.
func caught(t *testing.T, open func() oracletest.Target) {
	if raceflag.On {
		t.Skip("one goroutine: the race detector finds nothing here and takes minutes")
	}
	t.Parallel()
	run := rapid.Custom(func(t *rapid.T) string {
		target := open()
		defer target.(*rememberer).Close()
		return oracletest.Run(t, target)
	})
	for seed := range mutantRuns {
		if run.Example(seed) != "" {
			return
		}
	}
	t.Errorf("%d random histories did not notice", mutantRuns)
}

// Each kind of change moves the version of what it changes: a write of each after which an answer from before no longer
// counts, and would count if that kind of change left no trace.
func TestEveryChangeMovesAVersion(t *testing.T) {
	put := &protocol.Write{Put: &protocol.Put{Reports: []protocol.Report{{Subject: marketKey(1), ReportDate: 5, Values: make([]float64, 6)}}}}
	update := func(key string, set protocol.SubjectField, s protocol.Subject) *protocol.Write {
		s.Key = key
		return &protocol.Write{Subjects: &protocol.PutSubjects{Subjects: []protocol.SubjectUpdate{{Subject: s, Set: set}}}}
	}
	topics := func(list ...string) protocol.Subject { return protocol.Subject{Topics: list} }
	cases := []struct {
		name    string
		change  engine.Change
		write   *protocol.Write
		topic   string
		subject string
	}{
		{"reports of a subject", engine.ReportsOfSubject, put, "", marketKey(1)},
		{"reports in a topic", engine.ReportsInTopic, put, marketTopic, ""},
		{"no more reports", engine.ReportsOfSubject, &protocol.Write{Delete: &protocol.Delete{Subjects: []string{marketKey(1)}}}, "", marketKey(1)},
		{"a name", engine.AttributesOfSubject, update(marketKey(1), protocol.FieldName, protocol.Subject{Name: "new"}), "", marketKey(1)},
		{"a subject that comes to exist", engine.AttributesOfSubject, update("33:new", protocol.FieldName, protocol.Subject{Name: "new"}), "", "33:new"},
		{"a name in a topic", engine.AttributesInTopic, update(marketKey(1), protocol.FieldName, protocol.Subject{Name: "new"}), marketTopic, ""},
		{"a subject leaves a topic", engine.AttributesInTopic, update(marketKey(1), protocol.FieldTopics, topics("other")), marketTopic, ""},
		{"a subject joins a topic", engine.JoinedTopic, update("33:new", protocol.FieldTopics, topics(marketTopic)), marketTopic, ""},
		{"the catalog grows", engine.CatalogChange, &protocol.Write{Tables: &protocol.PutTables{Tables: []protocol.Table{{Name: "more"}}}}, "", "nobody"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			for _, muted := range []bool{false, true} {
				e := openMarket(t, 3, 1)
				if muted {
					e.Mute(c.change)
					if c.name == "a name in a topic" { // the member's topics before and after are the same
						e.Mute(c.change, engine.JoinedTopic)
					}
				}
				on := e.AppendDependencies(nil, c.topic, []string{c.subject})
				stranger := e.AppendDependencies(nil, "", []string{"a stranger"})[1:]
				before := e.Applied()
				apply(t, e, c.write)
				if e.Unchanged(on, before) != muted {
					t.Errorf("left out = %v: unchanged is %v", muted, !muted)
				}
				if !e.Unchanged(stranger, before) {
					t.Error("a stranger has changed too")
				}
			}
		})
	}
}

// Each part of what an answer depends on, left out, leaves an old answer standing.
func TestEveryVersionIsPartOfTheKey(t *testing.T) {
	without := map[string]func(on []engine.Dependency) []engine.Dependency{
		"the catalog":         func(on []engine.Dependency) []engine.Dependency { return on[1:] },
		"subjects and topics": func(on []engine.Dependency) []engine.Dependency { return on[:1] },
		"all but one subject": func(on []engine.Dependency) []engine.Dependency { return on[:min(2, len(on))] },
		"all":                 func([]engine.Dependency) []engine.Dependency { return nil },
	}
	for name, forget := range without {
		t.Run(name, func(t *testing.T) {
			caught(t, openRememberer(func(r *rememberer) { r.forget = forget }))
		})
	}
}

func TestVersionsAreSavedAndLoadedAtOneIndexOnly(t *testing.T) {
	e := openMarket(t, 20, 2)
	topic := e.AppendDependencies(nil, marketTopic, nil)
	first, second := e.AppendDependencies(nil, "", []string{marketKey(1)}), e.AppendDependencies(nil, "", []string{marketKey(2)})
	start := e.Applied()
	put := func(i int) {
		apply(t, e, &protocol.Write{Put: &protocol.Put{Reports: []protocol.Report{{Subject: marketKey(i), ReportDate: 5, Values: make([]float64, 6)}}}})
	}
	put(1)
	var saved bytes.Buffer
	if at, err := e.SaveVersions(&saved); err != nil || at != e.Applied() {
		t.Fatalf("saved at %d: %v", at, err)
	}
	text := saved.Bytes()
	put(2)
	if err := e.LoadVersions(bytes.NewReader(text)); !errors.Is(err, engine.ErrVersions) {
		t.Errorf("versions of an earlier index: error is %v, want ErrVersions", err)
	}
	for _, on := range [][]engine.Dependency{topic, first, second} {
		if e.Unchanged(on, start) {
			t.Error("a change was lost")
		}
	}
	for at := 0; at < len(text); at += 1 + len(text)/50 {
		bad := slices.Clone(text)
		bad[at] ^= 1
		if err := e.LoadVersions(bytes.NewReader(bad)); !errors.Is(err, engine.ErrVersions) {
			t.Errorf("damaged at byte %d: error is %v, want ErrVersions", at, err)
		}
		if err := e.LoadVersions(bytes.NewReader(text[:at])); !errors.Is(err, engine.ErrVersions) {
			t.Errorf("cut at byte %d: error is %v, want ErrVersions", at, err)
		}
	}
	saved.Reset()
	if _, err := e.SaveVersions(&saved); err != nil {
		t.Fatal(err)
	}
	if err := e.LoadVersions(&saved); err != nil {
		t.Fatal(err)
	}
	if e.Unchanged(second, start) || !e.Unchanged(second, e.Applied()) {
		t.Error("the loaded versions are not those that were saved")
	}
}
