package breaker

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

var errDown = errors.New("down")

// ask passes one request through the breaker and tells whether it was let through.
func ask(b *Breaker, result error) bool {
	p, err := b.Allow()
	if err == nil {
		p.Done(result)
	}
	return err == nil
}

func wantState(t *testing.T, b *Breaker, want State) {
	t.Helper()
	if got := b.Status().State; got != want {
		t.Fatalf("the breaker is %s, want %s: %+v", got, want, b.Status())
	}
}

func TestItOpensWhenHalfOfTenFailed(t *testing.T) {
	b := New("x", Options{})
	for range 5 {
		ask(b, nil)
	}
	for range 4 {
		ask(b, errDown)
	}
	wantState(t, b, Closed)
	ask(b, errDown)
	wantState(t, b, Open)
	if _, err := b.Allow(); !errors.Is(err, ErrOpen) {
		t.Errorf("an open breaker says %v", err)
	}
}

func TestItStaysClosedWhileLessThanHalfFail(t *testing.T) {
	b := New("x", Options{})
	for range 100 {
		ask(b, nil)
		ask(b, nil)
		ask(b, errDown)
	}
	wantState(t, b, Closed)
	if s := b.Status(); s.Requests != 300 || s.Failures != 100 || s.ConsecutiveFails != 1 {
		t.Errorf("%+v", s)
	}
}

// trip opens a breaker.
func trip(t *testing.T, b *Breaker) {
	t.Helper()
	for range 10 {
		ask(b, errDown)
	}
	wantState(t, b, Open)
}

func TestFiveSuccessesCloseItAfterHalfAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New("x", Options{})
		trip(t, b)
		time.Sleep(29 * time.Second)
		wantState(t, b, Open)
		time.Sleep(time.Second + time.Millisecond)
		wantState(t, b, HalfOpen)
		var passes []Pass
		for range 5 {
			p, err := b.Allow()
			if err != nil {
				t.Fatal(err)
			}
			passes = append(passes, p)
		}
		if ask(b, nil) {
			t.Error("a sixth request was let through beside five that are under way")
		}
		for i, p := range passes {
			wantState(t, b, HalfOpen)
			p.Done(nil)
			if i == 0 && b.Status().ConsecutiveSuccesses != 1 {
				t.Errorf("%+v", b.Status())
			}
		}
		wantState(t, b, Closed)
		if age := time.Since(b.Status().Since); age != 0 {
			t.Errorf("it is closed since %v ago", age)
		}
	})
}

func TestOneFailedProbeOpensItAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New("x", Options{})
		trip(t, b)
		time.Sleep(31 * time.Second)
		ask(b, nil)
		ask(b, errDown)
		wantState(t, b, Open)
	})
}

func TestOldFailuresRollOutOfTheWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New("x", Options{})
		for range 9 {
			ask(b, errDown)
		}
		time.Sleep(11 * time.Second)
		ask(b, errDown)
		wantState(t, b, Closed)
		if s := b.Status(); s.Failures != 1 {
			t.Errorf("%d failures in the window, want 1", s.Failures)
		}
	})
}

// A peer that hangs makes every request last longer than the window.
func TestResultsThatComeAWindowLateStillCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New("x", Options{Window: time.Second})
		var passes []Pass
		for range 10 {
			p, _ := b.Allow()
			passes = append(passes, p)
		}
		time.Sleep(5 * time.Second)
		for _, p := range passes {
			p.Done(errDown)
		}
		wantState(t, b, Open)
	})
}

func TestResultsFromBeforeItOpenedDoNotJudgeTheProbes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New("x", Options{})
		old, _ := b.Allow()
		trip(t, b)
		time.Sleep(31 * time.Second)
		wantState(t, b, HalfOpen)
		old.Done(errDown)
		wantState(t, b, HalfOpen)
	})
}

func TestWhatSaysNothingCountsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		quiet := errors.New("the caller went away")
		b := New("x", Options{Judge: func(err error) Verdict {
			switch {
			case errors.Is(err, quiet):
				return Nothing
			case err != nil:
				return Failure
			}
			return Success
		}})
		for range 50 {
			ask(b, quiet)
		}
		if s := b.Status(); s.Requests != 0 || s.State != Closed {
			t.Errorf("%+v", s)
		}
		trip(t, b)
		time.Sleep(31 * time.Second)
		for range 20 { // more than there are probes
			if !ask(b, quiet) {
				t.Fatal("probes that said nothing used up the probes")
			}
		}
		wantState(t, b, HalfOpen)
	})
}

func TestASetHasABreakerForEachPeerAndOperation(t *testing.T) {
	s := NewSet(Options{})
	a := s.Get(Key{"b:1", "snapshot"})
	if a != s.Get(Key{"b:1", "snapshot"}) || a == s.Get(Key{"b:1", "period"}) || a == s.Get(Key{"a:1", "snapshot"}) {
		t.Error("keys and breakers do not belong to each other one by one")
	}
	var names []string
	for _, st := range s.Status() {
		names = append(names, st.Name)
	}
	if len(names) != 3 || names[0] != "a:1 snapshot" || names[1] != "b:1 period" {
		t.Errorf("%q", names)
	}
	s.Keep([]string{"a:1"})
	if got := s.Status(); len(got) != 1 || got[0].Name != "a:1 snapshot" {
		t.Errorf("kept %+v", got)
	}
}
