package replica

import (
	"sync"
	"time"
)

// freshFor is after which time what a node said of itself counts no more.
const freshFor = 10 * time.Second

// peers is what this node knows of the others.
type peers struct {
	mu    sync.Mutex
	known map[string]*peer // by node id
}

type peer struct {
	native string // where clients reach it
	report report
	behind uint64    // entries, when it reported
	heard  time.Time // when it reported
	close  time.Time // since when it has been close behind; zero = it is not
}

func (p *peers) init() { p.known = map[string]*peer{} }

// maxKnown bounds the nodes that are remembered. They are those of one cluster, with those that were replaced.
const maxKnown = 4_096

// of returns what is known of a node; p.mu is held.
func (p *peers) of(node string) *peer {
	one := p.known[node]
	if one == nil {
		if len(p.known) >= maxKnown {
			clear(p.known)
		}
		one = &peer{}
		p.known[node] = one
	}
	return one
}

// met notes what a peer said in its greeting.
func (p *peers) met(g greeting) { p.serves(g.node.String(), g.native) }

// serves notes at which address clients reach a node.
func (p *peers) serves(node, native string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.of(node).native = native
}

// reported notes how far a node is.
func (p *peers) reported(node string, said report, behind, lag uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	one := p.of(node)
	now := time.Now()
	if behind > lag || now.Sub(one.heard) > freshFor {
		one.close = time.Time{}
	}
	if behind <= lag && one.close.IsZero() {
		one.close = now
	}
	one.report, one.behind, one.heard, one.native = said, behind, now, said.native
}

// native returns the address at which clients reach a node; "" = not known.
func (p *peers) native(node string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if one := p.known[node]; one != nil {
		return one.native
	}
	return ""
}

// get returns what is known of a node.
func (p *peers) get(node string) (peer, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	one := p.known[node]
	if one == nil {
		return peer{}, false
	}
	return *one, true
}

// fresh tells whether the node has reported lately.
func (p peer) fresh() bool { return !p.heard.IsZero() && time.Since(p.heard) <= freshFor }

// caughtUp tells whether a node that may have a vote has been close behind for long enough.
func (p *peers) caughtUp(node string, after time.Duration) bool {
	one, ok := p.get(node)
	return ok && one.fresh() && !one.report.learner && !one.close.IsZero() && time.Since(one.close) >= after
}

// prefers tells whether a node wants to lead and is close behind.
func (p *peers) prefers(node string) bool {
	one, ok := p.get(node)
	return ok && one.fresh() && one.report.prefer && !one.close.IsZero()
}
