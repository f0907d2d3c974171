package client_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/kamaitachi/kamaitachi/client"
	"github.com/kamaitachi/kamaitachi/protocol"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		// The node of the examples is a gnet server, whose library keeps one idle pool of goroutines for the process.
		goleak.IgnoreAnyFunction("github.com/panjf2000/ants/v2.(*poolCommon).ticktock"),
		goleak.IgnoreAnyFunction("github.com/panjf2000/ants/v2.(*poolCommon).purgeStaleWorkers"),
		goleak.IgnoreAnyFunction("github.com/panjf2000/ants/v2.(*goWorker).run.func1"))
}

// patience bounds waits that end at once unless something is broken.
const patience = 30 * time.Second

// node starts a fake node that ends with the test.
func node(t testing.TB, handle func(*peer, request)) *fakeNode {
	t.Helper()
	n := startNode(handle)
	t.Cleanup(n.stop)
	return n
}

// open opens a client that ends with the test.
func open(t testing.TB, o client.Options) *client.Client {
	t.Helper()
	ctx, cancel := withPatience()
	defer cancel()
	c, err := client.Open(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// receive returns what comes from ch, or fails the test.
func receive[T any](t testing.TB, what string, ch <-chan T) T {
	t.Helper()
	select {
	case v := <-ch:
		return v
	case <-time.After(patience):
		t.Fatalf("waited %v in vain for %s", patience, what)
		panic("unreachable")
	}
}

// wantError fails the test unless err is a *client.Error of the stage that matches target. It never returns nil.
func wantError(t testing.TB, err error, stage client.Stage, target error) *client.Error {
	t.Helper()
	var e *client.Error
	if !errors.As(err, &e) {
		t.Errorf("error is %v (%T), want a *client.Error", err, err)
		return &client.Error{Err: err}
	}
	// The node's answer, or its end, may be there before the writer has returned from the write that caused it.
	early := stage == client.StageRead && e.Stage == client.StageWrite && !e.Unsent
	if e.Stage != stage && !early || !errors.Is(err, target) {
		t.Errorf("error is %q of stage %v, want stage %v and %q", err, e.Stage, stage, target)
	}
	return e
}

// wantConnEnd fails the test unless a call was ended because the client closed.
func wantConnEnd(t testing.TB, err error) {
	t.Helper()
	if !errors.Is(err, client.ErrClosed) {
		t.Errorf("error is %v, want %v", err, client.ErrClosed)
	}
}

// one returns a result of one row, whose subject is key.
func one(key string) *protocol.Result {
	s := protocol.NewSubject(key)
	return &protocol.Result{Subjects: []*protocol.Subject{&s}, Values: []float64{float64(len(key))}}
}

// recent asks for the reports of one subject.
func recent(key string) *protocol.Recent {
	return &protocol.Recent{View: protocol.View{IDs: []string{"x"}}, Subjects: []string{key}}
}

// subjectOf returns the subject that recent asked for.
func subjectOf(q request) string {
	var m protocol.Recent
	if err := m.Decode(q.payload); err != nil {
		panic(err)
	}
	return m.Subjects[0]
}

func background() context.Context { return context.Background() }

// withPatience returns a context with a deadline.
func withPatience() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), patience)
}
