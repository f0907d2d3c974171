package gateway

import (
	"bytes"
	"sync"
	"time"

	"github.com/kamaitachi/kamaitachi/client"
	"github.com/kamaitachi/kamaitachi/httpcompat"
	"github.com/kamaitachi/kamaitachi/protocol"
)

// asker passes the queries of the JSON endpoints of one event loop on, as front does with those of the native protocol.
type asker struct {
	g     *Gateway
	relay *client.Relay // nil before there is a node
}

// NewRelay returns what passes on the queries of one event loop of the JSON endpoints.
func (g *Gateway) NewRelay() httpcompat.Relay { return &asker{g: g} }

var _ httpcompat.Relaying = (*Gateway)(nil)

// asking is a query on its way to a node and back.
type asking struct {
	client.Relayed
	g      *Gateway
	result *protocol.Result
	to     httpcompat.Asker
}

var askings = sync.Pool{New: func() any { return new(asking) }}

// Ask begins to ask a query.
func (y *asker) Ask(op protocol.Op, q protocol.Message, columns []string, r *protocol.Result, timeout time.Duration,
	to httpcompat.Asker) error {
	sdk, err := y.g.link.get()
	if err != nil {
		return err
	}
	if y.relay == nil {
		y.relay = sdk.NewRelay()
	}
	a := askings.Get().(*asking)
	a.g, a.result, a.to, a.To, a.IDs = y.g, r, to, a, columns
	a.Deadline = time.Time{}
	if timeout > 0 {
		a.Deadline = time.Now().Add(timeout)
	}
	y.relay.SendQuery(&a.Relayed, op, q)
	return nil
}

// Flush lets go what was asked.
func (y *asker) Flush() {
	if y.relay != nil {
		y.relay.Flush()
	}
}

// longReply is the longest reply that is decoded and printed while the connection waits that it came on, in bytes.
const longReply = 64 << 10

// Replied implements client.Sink.
func (a *asking) Replied(r *client.Relayed) client.Waker {
	if len(r.Reply.Payload) <= longReply {
		return a.tell()
	}
	r.Reply.Payload = bytes.Clone(r.Reply.Payload)
	go func() {
		if w := a.tell(); w != nil {
			w.Wake()
		}
	}()
	return nil
}

// tell tells who asked. The query is over then.
func (a *asking) tell() client.Waker {
	defer a.end()
	if a.Err == nil && a.Reply.Code == protocol.CodeOK {
		if w, known := a.to.Known(a.Reply.Payload, a.Reply.Applied); known {
			return w
		}
	}
	err := a.Answer(a.result)
	if err == nil {
		a.g.familiar.recognize(a.result.Subjects)
	}
	return a.to.Answered(answered(err))
}

// end gives the asking back.
func (a *asking) end() {
	payload := a.Payload
	if cap(payload) > maxKept {
		payload = nil
	}
	*a = asking{Relayed: client.Relayed{Raw: client.Raw{Payload: payload[:0]}}}
	askings.Put(a)
}
