package gateway

import (
	"io"
	"net"
	"sync"
	"testing"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// hanging accepts connections, greets, and answers nothing but PING, so that what a gateway passes on stays in flight.
func hanging(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	t.Cleanup(func() { l.Close(); serving.Wait() })
	serving.Go(func() {
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { hang(nc) })
		}
	})
	return l.Addr().String()
}

func hang(nc net.Conn) {
	defer nc.Close()
	for {
		var prefix [protocol.FramePrefix]byte
		if _, err := io.ReadFull(nc, prefix[:]); err != nil {
			return
		}
		size, err := protocol.FrameSize(prefix[:], protocol.DefaultMaxRequest)
		if err != nil {
			return
		}
		body := make([]byte, size)
		if _, err := io.ReadFull(nc, body); err != nil {
			return
		}
		h, _, err := protocol.DecodeRequest(body)
		if err != nil {
			return
		}
		out := protocol.BeginReply(nil, &protocol.ReplyHeader{ID: h.ID})
		switch h.Op {
		case protocol.OpHello:
			out = (&protocol.Welcome{Version: protocol.Version, Node: "n", ClusterID: "c", Role: "standalone"}).AppendTo(out)
		case protocol.OpPing:
			out = protocol.Empty{}.AppendTo(out)
		default:
			continue
		}
		if _, err := nc.Write(protocol.FinishFrame(out, 0)); err != nil {
			return
		}
	}
}
