package bench

import (
	"math/bits"
	"math/rand/v2"
	"sync/atomic"
)

// Deck deals the requests of a scenario, so that none is dealt twice. Share one over several runs of a scenario and
// market, and no run asks what another has asked. The zero value is a whole deck. It is safe for concurrent use.
//
// Scenarios of many subjects have so many requests that random ones never meet. Those of one subject or of a topic have
// some millions: these are numbered, and the deck deals the numbers in a scattered order. When all are dealt it begins
// again.
type Deck struct {
	dealt   atomic.Uint64
	streams atomic.Uint64
}

// scatter is a prime, so that multiples of it visit every number below an n that it does not divide.
const scatter = 11_400_714_819_323_198_549

// deal returns a number from 0 to n-1 that was not dealt before.
func (d *Deck) deal(n uint64) uint64 {
	i := d.dealt.Add(1) - 1
	high, low := bits.Mul64(i%n, scatter%n)
	_, number := bits.Div64(high%n, low, n)
	return number
}

// random returns numbers that no other stream of the deck has.
func (d *Deck) random(seed uint64) *rand.Rand {
	return rand.New(rand.NewPCG(seed, d.streams.Add(1)))
}

// digits takes a number apart: each call takes one digit off, in a base of its own.
type digits uint64

func (d *digits) below(n int) int {
	digit := uint64(*d) % uint64(n)
	*d = digits(uint64(*d) / uint64(n))
	return int(digit)
}
