package replica

import (
	"sync"

	"github.com/hashicorp/raft"
)

// pipeline is one of the library's with answers that wait for their reader without holding anything up.
//
// The library (1.8.0, issue 612) ends the reader at the first answer that is a refusal or an error, may send once more before
// the sender notices, and then waits for ever: the sender for its request to be taken up, the transport for somebody to take
// the answer before. That slave gets heartbeats and not one entry as long as the master leads, and the master does not end
// when it is told to. With answers taken at once the sender is never held up for longer than an answer may take.
type pipeline struct {
	raft.AppendPipeline
	answers chan raft.AppendFuture
	closed  chan struct{}
	once    sync.Once
}

func newPipeline(of raft.AppendPipeline) *pipeline {
	p := &pipeline{AppendPipeline: of, answers: make(chan raft.AppendFuture), closed: make(chan struct{})}
	go p.forward()
	return p
}

// forward takes answers as they come and hands them on in order, until the pipeline is closed.
func (p *pipeline) forward() {
	var waiting []raft.AppendFuture // at most one more than were sent since the reader ended
	for {
		var next raft.AppendFuture
		var out chan raft.AppendFuture
		if len(waiting) > 0 {
			next, out = waiting[0], p.answers
		}
		select {
		case f := <-p.AppendPipeline.Consumer():
			waiting = append(waiting, f)
		case out <- next:
			waiting = waiting[1:]
		case <-p.closed:
			return
		}
	}
}

// Consumer returns where the answers come.
func (p *pipeline) Consumer() <-chan raft.AppendFuture { return p.answers }

// Close closes the pipeline.
func (p *pipeline) Close() error {
	p.once.Do(func() { close(p.closed) })
	return p.AppendPipeline.Close()
}

// AppendEntriesPipeline returns a pipeline that is never stuck.
func (t keptTransport) AppendEntriesPipeline(id raft.ServerID, address raft.ServerAddress) (raft.AppendPipeline, error) {
	p, err := t.NetworkTransport.AppendEntriesPipeline(id, address)
	if err != nil {
		return nil, err
	}
	return newPipeline(p), nil
}
