package httpcompat

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/kamaitachi/kamaitachi/internal/oracle"
	"github.com/kamaitachi/kamaitachi/internal/oracle/oracletest"
	"github.com/kamaitachi/kamaitachi/protocol"
)

// The ways on which a request is answered, each over the same model.
var ways = map[string]func(*modelBackend) Backend{
	"on the loop":      func(b *modelBackend) Backend { return atOnce{b, b} },
	"put off by it":    func(b *modelBackend) Backend { return atOnce{b, never{b}} },
	"through a relay":  func(b *modelBackend) Backend { return relaying{b, false} },
	"relayed, at once": func(b *modelBackend) Backend { return relaying{b, true} },
}

var errLater = errors.New("later")

// atOnce is a backend with queries for loops.
type atOnce struct {
	*modelBackend
	swift Queries
}

func (b atOnce) Swift() (Queries, error) { return b.swift, errLater }

// never answers nothing at once.
type never struct{ Queries }

func (never) Snapshot(context.Context, *protocol.Snapshot, *protocol.Result) error { return errLater }
func (never) Period(context.Context, *protocol.Period, *protocol.Result) error     { return errLater }
func (never) Recent(context.Context, *protocol.Recent, *protocol.Result) error     { return errLater }
func (never) SelectSnapshot(context.Context, *protocol.SelectSnapshot, *protocol.Result) error {
	return errLater
}
func (never) SelectPeriod(context.Context, *protocol.SelectPeriod, *protocol.Result) error {
	return errLater
}
func (never) Search(context.Context, *protocol.Search, *protocol.Result) error { return errLater }

// relaying is a backend that asks the model elsewhere, or at once while it is asked.
type relaying struct {
	*modelBackend
	atOnce bool
}

func (b relaying) NewRelay() Relay { return b }
func (relaying) Flush()            {}

func (b relaying) Ask(_ protocol.Op, q protocol.Message, columns []string, r *protocol.Result, timeout time.Duration, to Asker) error {
	if b.atOnce {
		if w := b.answer(q, columns, r, timeout, to); w != nil {
			w.Wake()
		}
		return nil
	}
	go func() {
		if w := b.answer(q, columns, r, timeout, to); w != nil {
			w.Wake()
		}
	}()
	return nil
}

func (b relaying) answer(q protocol.Message, columns []string, r *protocol.Result, timeout time.Duration, to Asker) (w Waker) {
	defer func() {
		if p := recover(); p != nil { // as a relay that panics would not be one
			w = to.Answered(errors.New("the backend fell over"))
		}
	}()
	ctx := context.Background()
	if timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	var fresh protocol.Result
	if err := b.do(ctx, func(m *oracle.Model) error { return oracletest.Ask(m, q, &fresh).Err }); err != nil {
		return to.Answered(err)
	}
	reply := fresh.AppendTo(nil)
	if w, known := to.Known(reply, fresh.Applied); known {
		return w
	}
	if err := r.Decode(reply); err != nil {
		return to.Answered(err)
	}
	r.Applied = fresh.Applied
	r.IDs = append(r.IDs[:0], fresh.IDs...)
	return to.Answered(nil)
}

// TestEveryWayGivesTheGoldenAnswers asks on each way, and again and again, so that what is remembered answers too.
func TestEveryWayGivesTheGoldenAnswers(t *testing.T) {
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			for _, c := range goldenCases() {
				c.check(t, c.run(t, way, 1))
			}
			for _, c := range queryGoldens() {
				c.check(t, c.run(t, way, 4))
			}
		})
	}
}

// TestWhatIsRememberedOfAReplyIsToldApart holds that bytes, columns and endpoint must all be the same.
func TestWhatIsRememberedOfAReplyIsToldApart(t *testing.T) {
	m := newReplyMemo(1)
	remember := func(kind byte, columns []string, reply, text string) {
		t.Helper()
		_, place := m.find(kind, columns, []byte(reply))
		if place != nil {
			t.Fatal("it is kept the first time")
		}
		if _, place = m.find(kind, columns, []byte(reply)); place == nil {
			t.Fatal("it is not kept the second time")
		}
		place.keep(kind, columns, []byte(reply), []byte(text))
	}
	remember(1, []string{"a", "b"}, "reply", "text")
	for name, find := range map[string]struct {
		kind    byte
		columns []string
		reply   string
		want    string
	}{
		"the same":         {1, []string{"a", "b"}, "reply", "text"},
		"another endpoint": {2, []string{"a", "b"}, "reply", ""},
		"other columns":    {1, []string{"a", "c"}, "reply", ""},
		"fewer columns":    {1, []string{"a"}, "reply", ""},
		"another reply":    {1, []string{"a", "b"}, "reply2", ""},
	} {
		if text, _ := m.find(find.kind, find.columns, []byte(find.reply)); string(text) != find.want {
			t.Errorf("%s: found %q", name, text)
		}
	}
	remember(2, nil, "other", "its text") // takes the place over
	if text, _ := m.find(1, []string{"a", "b"}, []byte("reply")); text != nil {
		t.Errorf("found %q, whose place was taken", text)
	}
	if text, place := m.find(1, nil, make([]byte, maxPrintedReply+1)); text != nil || place != nil {
		t.Error("a long reply is kept")
	}
}

// BenchmarkReplyMemo is what a gateway pays for a reply of 900 bytes that it knows, and for one that it does not.
func BenchmarkReplyMemo(b *testing.B) {
	columns := []string{"operating_income", "1002", "eps", "roe"}
	m, reply := newReplyMemo(1<<10), make([]byte, 900)
	for range 2 {
		if _, place := m.find(1, columns, reply); place != nil {
			place.keep(1, columns, reply, make([]byte, 5900))
		}
	}
	b.Run("known", func(b *testing.B) {
		for range b.N {
			m.find(1, columns, reply)
		}
	})
	b.Run("unknown", func(b *testing.B) {
		other := make([]byte, 900)
		for i := range b.N {
			other[0], other[1], other[2] = byte(i), byte(i>>8), byte(i>>16)|1
			m.find(1, columns, other)
		}
	})
}
