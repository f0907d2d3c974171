package replica

import (
	"io"
	"testing"
	"time"

	"github.com/hashicorp/raft"
)

// refusing is a transport whose owner refuses every entry, as a slave does that lacks the one before.
func refusing(t *testing.T) keptTransport {
	t.Helper()
	transport, err := raft.NewTCPTransport("127.0.0.1:0", nil, transportPool, transportTimeout, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	t.Cleanup(func() {
		close(ended)
		if err := transport.Close(); err != nil {
			t.Error(err)
		}
	})
	go func() {
		for {
			select {
			case rpc := <-transport.Consumer():
				rpc.Respond(&raft.AppendEntriesResponse{Success: false}, nil)
			case <-ended:
				return
			}
		}
	}()
	return keptTransport{transport}
}

// hashicorp/raft issue 612: see pipeline.go.
func TestAPipelineWhoseReaderHasEndedHoldsNoSenderUp(t *testing.T) {
	slave, master := refusing(t), refusing(t)
	p, err := master.AppendEntriesPipeline("slave", slave.LocalAddr())
	if err != nil {
		t.Fatal(err)
	}
	sent := make(chan error)
	go func() {
		var err error
		for i := 0; i < 10 && err == nil; i++ { // nobody reads an answer
			_, err = p.AppendEntries(&raft.AppendEntriesRequest{Term: uint64(i)}, &raft.AppendEntriesResponse{})
		}
		sent <- err
	}()
	select {
	case err := <-sent:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(time.Minute):
		t.Error("the sender is stuck")
	}
	for i := range 10 {
		if f := <-p.Consumer(); f.Request().Term != uint64(i) || f.Response().Success {
			t.Errorf("answer %d is %+v to %+v", i, f.Response(), f.Request())
		}
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}
