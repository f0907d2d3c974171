package replica

import (
	"context"
	"time"

	"github.com/hashicorp/raft"
)

// steward is the goroutine that looks after the node: on the master after the others too.
func (r *Raft) steward() {
	tick := time.NewTicker(r.o.PollEvery)
	defer tick.Stop()
	for {
		select {
		case <-r.ctx.Done():
			return
		case <-r.lib().LeaderCh():
		case <-r.reset:
			if err := r.startAnew(); err != nil {
				r.fatal(err)
				return
			}
		case <-tick.C:
			r.snapshotWhenDue()
			r.catchUp()
			if r.leads() {
				r.lookAfterOthers()
			}
		}
		if r.leads() {
			r.mark()
		} else {
			r.ledSince = time.Time{}
		}
		r.bell.ring()
	}
}

// watch ends the node when its disk hangs. It must not wait for anything that waits for the disk.
func (r *Raft) watch() {
	tick := time.NewTicker(max(r.o.DiskTimeout/10, time.Millisecond))
	defer tick.Stop()
	for {
		select {
		case <-r.ctx.Done():
			return
		case <-tick.C:
			if err := r.logs.hung(r.o.DiskTimeout); err != nil {
				r.fatal(err)
				return
			}
		}
	}
}

// catchUp finds out whether the node has everything that was acknowledged before it was asked, once.
func (r *Raft) catchUp() {
	if r.ready.Load() || !r.isMember() || !r.catching.CompareAndSwap(false, true) {
		return
	}
	started := r.workers.spawn(func() {
		defer r.catching.Store(false)
		ctx, cancel := context.WithTimeout(r.ctx, controlTimeout)
		defer cancel()
		if r.Barrier(ctx) == nil && r.isMember() {
			r.ready.Store(true)
			r.bell.ring()
		}
	})
	if !started {
		r.catching.Store(false)
	}
}

// Ready tells whether the node has caught up with its cluster since it was opened. Before that its answers may be of any
// age.
func (r *Raft) Ready() bool { return r.ready.Load() }

// snapshotWhenDue takes a snapshot when there is much log in bytes; the library itself counts entries only.
func (r *Raft) snapshotWhenDue() {
	bytes, entries := r.fsm.bytes.Load(), r.fsm.entries.Load()
	limit := r.o.SnapshotBytes
	if newest, err := r.snaps.newest(); err == nil && newest != nil {
		limit = max(limit, newest.Size)
	}
	if bytes < limit || entries == 0 || !r.snapping.CompareAndSwap(false, true) {
		return
	}
	started := r.workers.spawn(func() {
		defer r.snapping.Store(false)
		if err := r.snapshot(bytes / int64(entries)); err != nil {
			r.o.Logger.Warn("no snapshot could be taken", "error", err)
		}
	})
	if !started {
		r.snapping.Store(false)
	}
}

// minTrailing is how many entries stay behind a snapshot at least, however large they are.
const minTrailing = 16

// snapshot takes a snapshot. size is that of a mean entry, in bytes.
func (r *Raft) snapshot(size int64) error {
	lib := r.lib()
	c := lib.ReloadableConfig()
	c.TrailingLogs = min(r.o.TrailingLogs, max(minTrailing, uint64(r.o.TrailingBytes/max(size, 1))))
	if err := lib.ReloadConfig(c); err != nil {
		return err
	}
	return lib.Snapshot().Error()
}

// lookAfterOthers is what the master does from time to time.
func (r *Raft) lookAfterOthers() {
	if r.ledSince.IsZero() {
		r.ledSince = time.Now()
	}
	servers := r.members()
	r.poll(servers)
	if !r.changing.CompareAndSwap(false, true) {
		return
	}
	started := r.workers.spawn(func() {
		defer r.changing.Store(false)
		r.correctAddress(servers)
		r.promote(servers)
	})
	if !started {
		r.changing.Store(false)
	}
	r.yield(servers)
}

// poll asks the other members how far they are.
func (r *Raft) poll(servers raft.Configuration) {
	ctx, cancel := context.WithTimeout(r.ctx, max(r.o.PollEvery, time.Second))
	defer cancel()
	done := make(chan struct{}, len(servers.Servers))
	asked := 0
	for _, s := range servers.Servers {
		if string(s.ID) == r.node.String() {
			continue
		}
		ask := func() {
			defer func() { done <- struct{}{} }()
			answer, err := r.control.ask(ctx, string(s.Address), askReport, []byte(*r.stream.native.Load()))
			if err != nil {
				return // what was known grows old
			}
			if p, err := parseReport(answer); err == nil {
				r.peers.reported(string(s.ID), p, r.behind(p), r.o.PromoteLag)
			}
		}
		if r.workers.spawn(ask) {
			asked++
		}
	}
	for range asked {
		<-done
	}
}

// behind returns how many entries a node is behind this one.
func (r *Raft) behind(p report) uint64 {
	applied := r.o.Machine.Applied()
	return applied - min(applied, p.applied)
}
