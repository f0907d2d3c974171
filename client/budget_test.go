package client

import (
	"testing"
	"time"
)

func TestTheRetryBudgetIsAShareOfTheRequests(t *testing.T) {
	b := newBudget(0.1)
	spend := func() (n int) {
		for b.take(0) {
			n++
		}
		return n
	}
	if got := spend(); got != budgetBurst {
		t.Errorf("%d at once, want %d", got, budgetBurst)
	}
	for range 500 {
		b.bring()
	}
	if got := spend(); got != 50 {
		t.Errorf("%d for 500 requests, want 50", got)
	}
	if !b.take(int64(time.Second)) {
		t.Error("time brings nothing")
	}
	unbound := newBudget(-1)
	for range 5 * budgetBurst {
		if !unbound.take(0) {
			t.Fatal("an unbound budget is spent")
		}
	}
}
