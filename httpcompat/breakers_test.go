package httpcompat

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kamaitachi/kamaitachi/internal/breaker"
	"github.com/kamaitachi/kamaitachi/protocol"
)

const rankBody = `{"ids":"1001","subjects":"33:00000009"}`

// rank asks for a snapshot often and returns the HTTP statuses.
func rank(t *testing.T, url, body string, often int) map[int]int {
	t.Helper()
	got := map[int]int{}
	for range often {
		got[send(t, "POST", url+"/kamaitachi/api/data/v1/snapshot", body).status]++
	}
	return got
}

// broken serves a backend whose operations have breakers.
func broken(t *testing.T, b *modelBackend, pause time.Duration) string {
	o := quiet()
	o.Breaker = &breaker.Options{Pause: pause}
	_, url := start(t, b, o)
	return url
}

func (b *modelBackend) fail(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.err = err
}

func TestAnOperationThatFailsIsRefusedForAWhileAndOthersAreNot(t *testing.T) {
	b := newModelBackend().load(t)
	url := broken(t, b, 100*time.Millisecond)
	b.fail(errors.New("a fault of ours"))
	rank(t, url, rankBody, 10)
	b.fail(nil)
	r := send(t, "POST", url+"/kamaitachi/api/data/v1/snapshot", rankBody)
	if want := `{"code":503,"message":"Service Unavailable - Circuit breaker is open","data":null}`; r.status != 503 || r.body != want {
		t.Errorf("got %d %s\nwant 503 %s", r.status, r.body, want)
	}
	if got := rank(t, url, rankBody, 3); got[503] != 3 {
		t.Errorf("while it is open: %v", got)
	}
	if r := send(t, "GET", url+"/data/v1/get/33:00000009?tableId=1", ""); r.status != 200 {
		t.Errorf("another operation: %d %s", r.status, r.body)
	}
	for path, before := range map[string]string{"/metrics/circuit_breaker": `{"snapshot":{"state":"OPEN","requests":10,"successes":0,"failures":10,"failure_rate":1`,
		"/monitor/circuitbreaker": `{"code":200,"message":"success","data":{"snapshot":{"state":"OPEN"`} {
		if r := send(t, "GET", url+path, ""); !strings.HasPrefix(r.body, before) || !strings.Contains(r.body, `"search":{"state":"CLOSED"`) {
			t.Errorf("%s shows %s", path, r.body)
		}
	}
	deadline := time.Now().Add(20 * time.Second)
	for !strings.Contains(send(t, "GET", url+"/metrics/circuit_breaker", "").body, `"snapshot":{"state":"CLOSED"`) {
		if time.Now().After(deadline) {
			t.Fatal("it does not close again")
		}
		rank(t, url, rankBody, 1)
	}
	if got := rank(t, url, rankBody, 10); got[200] != 10 {
		t.Errorf("when it is closed again: %v", got)
	}
}

func TestWhatOpensABreaker(t *testing.T) {
	overload := protocol.Errorf(protocol.CodeOverloaded, "too much")
	away := []Check{{Name: "data", Err: errors.New("not loaded")}}
	for _, tt := range []struct {
		name   string
		err    error
		body   string
		checks []Check
		opens  bool
	}{
		{"overload", overload, rankBody, nil, true},
		{"a deadline", protocol.Errorf(protocol.CodeDeadline, "late"), rankBody, nil, true},
		{"a fault", protocol.Errorf(protocol.CodeInternal, "oops"), rankBody, nil, true},
		{"what cannot be while the process is not ready", protocol.Errorf(protocol.CodeUnavailable, "loading"), rankBody, away, false},
		{"a fault while the process is not ready", protocol.Errorf(protocol.CodeInternal, "oops"), rankBody, away, true},
		{"unknown things", protocol.Errorf(protocol.CodeNotFound, "no such topic"), rankBody, nil, false},
		{"bad requests", nil, `{"ids":`, nil, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newModelBackend().load(t)
			b.checks = tt.checks
			url := broken(t, b, time.Hour)
			b.fail(tt.err)
			rank(t, url, tt.body, 12)
			b.fail(nil)
			r := send(t, "POST", url+"/kamaitachi/api/data/v1/snapshot", rankBody)
			if open := strings.Contains(r.body, "Circuit breaker is open"); open != tt.opens {
				t.Errorf("open is %v, want %v: %s", open, tt.opens, r.body)
			}
		})
	}
}

func TestAPanicCountsAsAFailure(t *testing.T) {
	b := newModelBackend().load(t)
	url := broken(t, b, time.Hour)
	b.panics = true
	for i := range 10 {
		if r := send(t, "POST", url+"/kamaitachi/api/data/v1/snapshot", rankBody); !strings.Contains(r.body, "internal error") {
			t.Fatalf("request %d: %s", i, r.body)
		}
	}
	if r := send(t, "POST", url+"/kamaitachi/api/data/v1/snapshot", rankBody); r.status != 503 {
		t.Error(fmt.Sprint("after ten: ", r.status, r.body))
	}
}
