package gateway

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/kamaitachi/kamaitachi/client"
	"github.com/kamaitachi/kamaitachi/protocol"
)

// reopenEvery is the pause between two attempts to open a link.
const reopenEvery = 250 * time.Millisecond

// link is a client of the SDK that may not be open yet: opening one takes a node that answers, and a gateway does not
// wait for that.
type link struct {
	o        client.Options
	waitsFor string // who names the nodes
	sdk      atomic.Pointer[client.Client]
	why      atomic.Pointer[error] // of the latest attempt to open it; nil = the first goes on
}

// keep opens the client, trying again until it is open or ctx has ended. log is told once why it waits.
func (l *link) keep(ctx context.Context, log *slog.Logger) {
	for told := false; ; told = true {
		c, err := client.Open(ctx, l.o)
		if err == nil {
			l.sdk.Store(c)
			return
		}
		if ctx.Err() != nil {
			return
		}
		l.why.Store(&err)
		if !told {
			log.Warn("waits for a node to answer", "error", err)
		}
		select {
		case <-time.After(reopenEvery):
		case <-ctx.Done():
			return
		}
	}
}

// get returns the client, or that there is none yet.
func (l *link) get() (*client.Client, error) {
	if c := l.sdk.Load(); c != nil {
		return c, nil
	}
	if why := l.why.Load(); why != nil {
		return nil, protocol.Errorf(protocol.CodeUnavailable, "the gateway waits for a node to answer: %v", *why)
	}
	return nil, protocol.Errorf(protocol.CodeUnavailable, "the gateway waits for %s", l.waitsFor)
}

// close closes the client once keep has returned.
func (l *link) close() error {
	if c := l.sdk.Load(); c != nil {
		return c.Close()
	}
	return nil
}
