package bench

import (
	"errors"
	"fmt"
	"time"
)

// Load is what to do. The zero value of each field but Scenario, Market and Addresses works.
type Load struct {
	Scenario  Scenario
	Market    *Market
	Addresses []Address     // connections are spread over them
	Conns     int           // connections; default 8
	Pipeline  int           // requests in flight on each connection; default 16
	Requests  int           // in all; default 100,000 unless Duration is given
	Duration  time.Duration // ends the run, whichever of the two comes first; default none
	Repeat    int           // this many distinct requests over and over; 0 = every request is new
	Rate      float64       // requests a second in an open loop; 0 = closed loop
	Seed      uint64        // of the requests; default 0
	Deck      *Deck         // where new requests come from; default one of the run's own
	// Ready encodes the requests before the clock starts, where Requests bounds them, so that making them costs the load
	// generator nothing while it measures.
	Ready bool
	// ServerPID is the server's process on this machine, whose CPU time is taken while the clock runs; default not.
	ServerPID int
	// Dialect speaks to the addresses, one for each connection; default by the scheme of the address.
	Dialect func() Dialect
	// Progress is called about five times a second with the requests answered so far; nil = not.
	Progress func(done int)
}

// Defaults of a Load.
const (
	DefaultConns    = 8
	DefaultPipeline = 16
	DefaultRequests = 100_000
)

// Limits of a Load.
const (
	maxConns    = 20_000
	maxPipeline = 4_096
)

// withDefaults returns l with defaults for what is zero.
func (l Load) withDefaults() Load {
	if l.Conns == 0 {
		l.Conns = DefaultConns
	}
	if l.Pipeline == 0 {
		l.Pipeline = DefaultPipeline
	}
	if l.Requests == 0 && l.Duration == 0 {
		l.Requests = DefaultRequests
	}
	if l.Deck == nil {
		l.Deck = &Deck{}
	}
	return l
}

// Validate refuses a load that cannot be run.
func (l Load) Validate() error {
	switch {
	case l.Scenario.Validate() != nil:
		return l.Scenario.Validate()
	case l.Market == nil || len(l.Market.Keys) == 0:
		return ErrEmptyMarket
	case (l.Scenario == TopicRanking || l.Scenario == TopicAtDate) && l.Market.Topic == "":
		return fmt.Errorf("bench: scenario %s needs the market's topic", l.Scenario)
	case len(l.Addresses) == 0:
		return errors.New("bench: no address to load")
	case l.Conns < 0 || l.Conns > maxConns:
		return fmt.Errorf("bench: %d connections are outside 1 to %d", l.Conns, maxConns)
	case l.Pipeline < 0 || l.Pipeline > maxPipeline:
		return fmt.Errorf("bench: %d requests in flight are outside 1 to %d", l.Pipeline, maxPipeline)
	case l.Requests < 0 || l.Repeat < 0 || l.Rate < 0 || l.Duration < 0:
		return errors.New("bench: requests, repeat, rate and duration must not be negative")
	}
	return nil
}
