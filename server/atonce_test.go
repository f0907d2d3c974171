package server

import (
	"context"
	"errors"
	"testing"

	"github.com/kamaitachi/kamaitachi/internal/oracle"
	"github.com/kamaitachi/kamaitachi/protocol"
)

// ask asks a query of the methods that a node and its AtOnce share; ok = there is one for it.
func ask(n interface {
	Snapshot(context.Context, *protocol.Snapshot, *protocol.Result) error
	Period(context.Context, *protocol.Period, *protocol.Result) error
	Recent(context.Context, *protocol.Recent, *protocol.Result) error
	SelectSnapshot(context.Context, *protocol.SelectSnapshot, *protocol.Result) error
	SelectPeriod(context.Context, *protocol.SelectPeriod, *protocol.Result) error
	Search(context.Context, *protocol.Search, *protocol.Result) error
}, q protocol.Message, r *protocol.Result) error {
	ctx := context.Background()
	switch q := q.(type) {
	case *protocol.Snapshot:
		return n.Snapshot(ctx, q, r)
	case *protocol.Period:
		return n.Period(ctx, q, r)
	case *protocol.Recent:
		return n.Recent(ctx, q, r)
	case *protocol.SelectSnapshot:
		return n.SelectSnapshot(ctx, q, r)
	case *protocol.SelectPeriod:
		return n.SelectPeriod(ctx, q, r)
	case *protocol.Search:
		return n.Search(ctx, q, r)
	}
	return ErrLater
}

func TestWhatIsAnsweredAtOnceIsTheNodesAnswer(t *testing.T) {
	n, _ := startNode(t, memory())
	answered := 0
	for kind, q := range coldQueries() { // the history is in memory here
		var want, got protocol.Result
		switch err := ask(n.AtOnce(), q, &got); {
		case errors.Is(err, ErrLater):
			continue
		case err != nil:
			t.Fatalf("%s: %v", kind, err)
		}
		answered++
		if err := ask(n, q, &want); err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		if diff := oracle.Diff(&want, &got); diff != "" {
			t.Errorf("%s: %s", kind, diff)
		}
	}
	if answered < 4 {
		t.Errorf("%d kinds of queries are answered at once", answered)
	}
}

func TestWhatNeedsTheStoreOrTakesLongIsNotAnsweredAtOnce(t *testing.T) {
	o := memory()
	o.Engine.HistoryBytes = 1
	n, _ := startNode(t, o)
	queries := coldQueries()
	for _, kind := range []string{"topic", "period", "select snapshot", "select period"} { // others may see newest reports only
		var r protocol.Result
		if err := ask(n.AtOnce(), queries[kind], &r); !errors.Is(err, ErrLater) {
			t.Errorf("%s of a history on disk: %v", kind, err)
		}
	}
	var r protocol.Result
	if err := ask(n.AtOnce(), top(3), &r); err != nil || r.Rows() == 0 {
		t.Errorf("newest reports: %d rows, %v", r.Rows(), err)
	}
	if err := ask(n.AtOnce(), top(maxTextCost), &r); !errors.Is(err, ErrLater) {
		t.Errorf("a list of %d: %v", maxTextCost, err)
	}
	n.closed.Store(true)
	defer n.closed.Store(false)
	if err := ask(n.AtOnce(), top(3), &r); !errors.Is(err, ErrClosed) {
		t.Errorf("a node that is shut down: %v", err)
	}
}
