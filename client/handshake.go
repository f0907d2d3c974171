package client

import (
	"context"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// helloID is the request id of Hello, the first on its connection.
const helloID = 1

// greet says Hello over nc, which is new, and returns the node's Welcome. The deadline of ctx bounds it; ending ctx
// otherwise does too.
func greet(ctx context.Context, nc net.Conn, o *Options) (*protocol.Welcome, error) {
	stop := context.AfterFunc(ctx, func() { _ = nc.SetDeadline(time.Unix(1, 0)) }) // it only fails on what is closed
	defer stop()
	hello := protocol.Hello{MinVersion: protocol.Version, MaxVersion: protocol.Version,
		Client: o.Name, ClusterID: o.ClusterID, Token: o.Token,
		Features: []string{protocol.FeatureRepeats}}
	frame := hello.AppendTo(protocol.BeginRequest(nil, &protocol.RequestHeader{ID: helloID, Op: protocol.OpHello}))
	if size := len(frame) - protocol.FramePrefix; size > protocol.MaxHelloFrame {
		return nil, protocol.Errorf(protocol.CodeTooLarge, "hello of %d bytes, at most %d: shorten Name or Token", size, protocol.MaxHelloFrame)
	}
	if _, err := nc.Write(protocol.FinishFrame(frame, 0)); err != nil {
		return nil, greetFault(ctx, "sending hello", err)
	}
	w, err := readWelcome(ctx, nc)
	if err != nil {
		return nil, err
	}
	if w.Version != protocol.Version {
		return nil, protocol.Errorf(protocol.CodeUnsupported, "the node speaks version %d, this client %d", w.Version, protocol.Version)
	}
	if o.ClusterID != "" && w.ClusterID != o.ClusterID {
		return nil, wrongCluster(w.ClusterID, o.ClusterID)
	}
	if !stop() {
		return nil, greetFault(ctx, "greeting", ctx.Err())
	}
	return w, nil
}

func wrongCluster(theirs, ours string) error {
	return protocol.Errorf(protocol.CodeWrongCluster, "the node belongs to cluster %q, this client to %q", theirs, ours)
}

// readWelcome reads the answer to Hello. It is the one frame that the node sends unasked for more, so nothing follows it.
func readWelcome(ctx context.Context, nc net.Conn) (*protocol.Welcome, error) {
	prefix := make([]byte, protocol.FramePrefix)
	if _, err := io.ReadFull(nc, prefix); err != nil {
		return nil, greetFault(ctx, "waiting for welcome", err)
	}
	size, err := protocol.FrameSize(prefix, protocol.MaxHelloFrame)
	if err != nil {
		return nil, fmt.Errorf("welcome: is this the native port of a node? %w", err)
	}
	body := make([]byte, size)
	if _, err := io.ReadFull(nc, body); err != nil {
		return nil, greetFault(ctx, "reading welcome", err)
	}
	h, payload, err := protocol.DecodeReply(body)
	if err != nil {
		return nil, malformed(err)
	}
	if h.Code != protocol.CodeOK {
		return nil, serverError(h.Code, payload)
	}
	if h.ID != helloID {
		return nil, malformed(protocol.Errorf(protocol.CodeProtocol, "welcome answers request %d, hello was %d", h.ID, helloID))
	}
	w := &protocol.Welcome{}
	if err := w.Decode(payload); err != nil {
		return nil, malformed(err)
	}
	return w, nil
}

// greetFault names the step that failed; where ctx ended, that is why.
func greetFault(ctx context.Context, step string, err error) error {
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	return fmt.Errorf("%s: %w", step, err)
}
