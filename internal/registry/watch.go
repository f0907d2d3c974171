package registry

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// Watch calls deliver with all records by id, at once and whenever they change, until ctx ends; then it returns ctx.Err().
// While etcd is away it delivers nothing, so the last list stands; if it is away at the start and Options.LastKnown holds a
// list, that one is delivered. A list that becomes empty is not believed before it has been so for Options.EmptyWait, since
// an etcd that was set up anew is empty while all nodes are there. A delivered slice belongs to the receiver. deliver is
// called by the goroutine of Watch.
func (r *Registry) Watch(ctx context.Context, deliver func([]Record)) error {
	w := watcher{r: r, deliver: deliver}
	pause := pauses{}
	for {
		err := w.session(ctx)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err == nil: // it has only grown old
			pause = pauses{}
			continue
		case !w.away && !errors.Is(err, errRelist):
			r.o.Logger.Warn("etcd is away; the last known nodes stand", "nodes", len(w.last), "error", err)
			w.away = true
		}
		w.empty = time.Time{} // nobody has looked on, so it counts anew
		w.useLastKnown()
		if !pause.wait(ctx) {
			return ctx.Err()
		}
	}
}

// errRelist ends a session whose watch can say no more while etcd may be well: it was compacted, or cancelled.
var errRelist = errors.New("the watch has ended")

// watcher is the state of one Watch.
type watcher struct {
	r       *Registry
	deliver func([]Record)

	last      []Record  // delivered last; not shared
	delivered bool      // something was
	empty     time.Time // since when etcd has listed nobody; zero = it lists somebody
	away      bool      // it was logged that etcd is away
}

// session reads the list and follows its changes, until the session has grown old (then it returns nil) or something fails.
func (w *watcher) session(ctx context.Context) error {
	nodes, revision, err := w.r.list(ctx)
	if err != nil {
		return err
	}
	if w.away {
		w.r.o.Logger.Info("etcd is back", "nodes", len(nodes))
		w.away = false
	}
	w.announce(nodes)
	doubtful := w.doubtful()
	ctx, cancel := context.WithTimeout(clientv3.WithRequireLeader(ctx), w.age())
	defer cancel()
	changes := w.r.client.Watch(ctx, w.r.o.nodesKey(), clientv3.WithPrefix(), clientv3.WithRev(revision+1), clientv3.WithProgressNotify())
	for reply := range changes {
		if err := reply.Err(); err != nil { // a compaction is one too
			return fmt.Errorf("registry: %w: %w", errRelist, err)
		}
		for _, e := range reply.Events {
			if e.Type == clientv3.EventTypeDelete {
				delete(nodes, string(e.Kv.Key))
			} else {
				w.r.note(nodes, e.Kv)
			}
		}
		if len(nodes) > MaxNodes {
			return fmt.Errorf("registry: %w: more than %d", ErrTooMany, MaxNodes)
		}
		w.announce(nodes)
		if w.doubtful() && !doubtful {
			return nil // the next session ends when that may be believed
		}
	}
	if ctx.Err() == nil {
		return fmt.Errorf("registry: %w", errRelist)
	}
	return nil
}

// age is how old a session may grow. While nobody is listed it ends when that may be believed, since only a list that was
// just read tells that nobody is there.
func (w *watcher) age() time.Duration {
	age := w.r.o.RelistEvery
	age -= rand.N(age/4 + 1) // not all watchers at once
	if w.doubtful() {
		age = min(age, time.Until(w.empty.Add(w.r.o.EmptyWait)))
	}
	return max(age, firstPause)
}

// doubtful tells whether etcd lists nobody and that is not believed.
func (w *watcher) doubtful() bool { return !w.empty.IsZero() && len(w.last) > 0 }

// announce delivers the list if it is another than the last one and may be believed.
func (w *watcher) announce(nodes map[string]entry) {
	if len(nodes) > 0 {
		w.empty = time.Time{}
	} else if w.empty.IsZero() {
		w.empty = time.Now()
	}
	if w.doubtful() && time.Since(w.empty) < w.r.o.EmptyWait {
		return
	}
	if list := sorted(nodes); !w.delivered || !slices.Equal(list, w.last) {
		w.hand(list)
		w.r.keepLastKnown(list)
	}
}

// hand delivers a list.
func (w *watcher) hand(list []Record) {
	w.last, w.delivered = list, true
	w.deliver(slices.Clone(list))
}

// useLastKnown delivers the list of an earlier process if there is nothing better.
func (w *watcher) useLastKnown() {
	if w.delivered {
		return
	}
	if list := w.r.lastKnown(); len(list) > 0 {
		w.r.o.Logger.Info("the nodes that were last known are used", "nodes", len(list), "file", w.r.o.LastKnown)
		w.hand(list)
	}
}
