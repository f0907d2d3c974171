package client

import (
	"math"
	"sync"
	"sync/atomic"
)

// What a retry budget holds and gets besides its share of the requests.
const (
	budgetBurst  = 1_000 // repetitions that may be made at once: what is in flight on a node that dies
	budgetSecond = 10    // repetitions a second at least
)

// budget bounds repetitions to a share of the requests, so that a cluster in trouble is not asked several times as much.
// It is a bucket of tokens: each request brings a part of one, each repetition takes one.
type budget struct {
	share  int64        // of a token that a request brings, in 1/1000; < 0 = no bound
	tokens atomic.Int64 // in 1/1000

	mu   sync.Mutex
	last int64 // when the time's tokens were added, ns
}

func newBudget(share float64) *budget {
	b := &budget{share: int64(math.Round(share * 1000))}
	b.tokens.Store(budgetBurst * 1000)
	return b
}

// bring counts a request. A full bucket costs a load.
func (b *budget) bring() {
	if b.tokens.Load() < budgetBurst*1000 {
		b.tokens.Add(max(b.share, 0))
	}
}

// plenty tells whether there will be a token for a repetition, as far as one can tell.
func (b *budget) plenty() bool { return b.share < 0 || b.tokens.Load() >= budgetBurst*1000/10 }

// take takes a token for a repetition, if there is one.
func (b *budget) take(now int64) bool {
	if b.share < 0 {
		return true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	const perToken = 1e9 / (budgetSecond * 1000) // ns for 1/1000 of a token
	if grown := (now - b.last) / perToken; grown > 0 {
		b.last += grown * perToken
		b.tokens.Store(min(b.tokens.Load()+grown, budgetBurst*1000))
	}
	if b.tokens.Load() < 1000 {
		return false
	}
	b.tokens.Add(-1000)
	return true
}
