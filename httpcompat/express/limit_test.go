package express

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestConnectionsAreLimited(t *testing.T) {
	o := quick()
	o.MaxConnections = 2
	v, _ := start(t, o)
	a, b := dial(t, v), dial(t, v)
	a.send(post("/a", ""))
	a.want("loop POST /a ")
	b.send(chunked)
	b.want("elsewhere POST /odd ok") // counts as well
	c := dial(t, v)
	if status, _ := c.read(); status != 503 {
		t.Errorf("one too many gets HTTP %d", status)
	}
	c.closed()
	a.nc.Close()
	b.nc.Close()
	within(t, "the places are free", func() bool { return v.places() == 0 })
	d := dial(t, v)
	d.send(post("/d", ""))
	d.want("loop POST /d ")
}

func TestConnectionsOfAnAddressAreLimited(t *testing.T) {
	o := quick()
	o.MaxConnectionsPerIP = 1
	v, _ := start(t, o)
	a := dial(t, v)
	a.send(post("/a", ""))
	a.want("loop POST /a ")
	b := dial(t, v)
	if status, _ := b.read(); status != 429 {
		t.Errorf("one too many gets HTTP %d", status)
	}
	b.closed()
}

func TestWhatDoesNotArriveInTimeGoesElsewhereToBeToldSo(t *testing.T) {
	o := quick()
	o.ReadTimeout = 100 * time.Millisecond
	v, _ := start(t, o)
	for name, text := range map[string]string{
		"nothing": "", "half a head": "GET /a HTTP/1.1\r\nHo", "half a body": post("/a", "hello")[:50],
	} {
		t.Run(name, func(t *testing.T) {
			c, began := dial(t, v), time.Now()
			c.send(text)
			if status, _ := c.read(); status != 408 && status != 400 {
				t.Errorf("HTTP %d", status)
			}
			if took := time.Since(began); took < o.ReadTimeout || took > o.ReadTimeout+5*time.Second {
				t.Errorf("it took %v", took)
			}
			c.closed()
		})
	}
}

func TestAnIdleConnectionIsClosed(t *testing.T) {
	o := quick()
	o.IdleTimeout = 100 * time.Millisecond
	v, _ := start(t, o)
	c := dial(t, v)
	c.send(post("/a", ""))
	c.want("loop POST /a ")
	c.closed()
}

func TestShutdownLetsRequestsEnd(t *testing.T) {
	v, e := start(t, quick())
	idle, busy, half := dial(t, v), dial(t, v), dial(t, v)
	idle.send(post("/a", ""))
	idle.want("loop POST /a ")
	busy.send(post("/later", "x"))
	r := <-e.later
	half.send(post("/half", "1234")[:50])
	within(t, "half a request is there", func() bool {
		for _, c := range v.open() {
			if c.partial.Load() != 0 {
				return true
			}
		}
		return false
	})
	ended := make(chan error)
	go func() { ended <- v.Shutdown(context.Background()) }()
	idle.closed()
	half.send(post("/half", "1234")[50:])
	half.want("loop POST /half 1234")
	half.closed()
	select {
	case err := <-ended:
		t.Fatalf("it ends with a request under way: %v", err)
	default:
	}
	say(&r.RequestCtx, "later")
	r.Done()
	busy.want("later POST /later x")
	busy.closed()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestShutdownEndsWithItsContext(t *testing.T) {
	v, e := start(t, quick())
	c := dial(t, v)
	c.send(post("/later", "x"))
	r := <-e.later
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if err := v.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("it ended with %v", err)
	}
	r.Done()
	c.read()
}
