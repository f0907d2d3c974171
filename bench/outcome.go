package bench

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Latencies are recorded in microseconds up to a minute, three digits each.
const (
	maxLatency    = 60_000_000
	latencyDigits = 3
)

// record is what was measured on the connections that one goroutine reads.
type record struct {
	latency *hdrhistogram.Histogram
	done    int
	failed  int
	bytes   int64
}

func newRecord() *record {
	return &record{latency: NewLatency()}
}

func (r *record) add(nanoseconds int64, ok bool) {
	r.done++
	if !ok {
		r.failed++
	}
	// Out of range is impossible after clamping, so there is no error to look at.
	_ = r.latency.RecordValue(min(max(nanoseconds/1000, 1), maxLatency))
}

// Outcome is what a load saw.
type Outcome struct {
	Scenario  Scenario
	Transport string
	Requests  int
	Failed    int           // answered with an error or without data
	Elapsed   time.Duration // from the first request to the last reply
	ReplySize float64       // mean bytes of a reply
	Latency   *hdrhistogram.Histogram
	ServerCPU time.Duration // user and system time of the server over the run; 0 = not known
}

func (r *run) outcome(elapsed, serverCPU time.Duration) *Outcome {
	o := &Outcome{
		Scenario: r.load.Scenario, Transport: r.load.Addresses[0].Scheme, Elapsed: elapsed, ServerCPU: serverCPU,
		Latency: NewLatency(),
	}
	var bytes int64
	for _, one := range r.records {
		o.Requests += one.done
		o.Failed += one.failed
		bytes += one.bytes
		o.Latency.Merge(one.latency)
	}
	if o.Requests > 0 {
		o.ReplySize = float64(bytes) / float64(o.Requests)
	}
	return o
}

// NewLatency returns an empty histogram of latencies in microseconds.
func NewLatency() *hdrhistogram.Histogram { return hdrhistogram.New(1, maxLatency, latencyDigits) }

// QPS is the requests answered with data per second.
func (o *Outcome) QPS() float64 {
	if o.Elapsed <= 0 {
		return 0
	}
	return float64(o.Requests-o.Failed) / o.Elapsed.Seconds()
}

// SuccessRate is the share of requests answered with data, in percent.
func (o *Outcome) SuccessRate() float64 {
	if o.Requests == 0 {
		return 0
	}
	return 100 * float64(o.Requests-o.Failed) / float64(o.Requests)
}

// Millis returns a percentile of the latency in milliseconds; 100 is the maximum.
func (o *Outcome) Millis(percentile float64) float64 {
	if percentile >= 100 {
		return float64(o.Latency.Max()) / 1000
	}
	return float64(o.Latency.ValueAtPercentile(percentile)) / 1000
}

// CPUMicros is the server's CPU time per request in microseconds; 0 = not known.
func (o *Outcome) CPUMicros() float64 {
	if o.Requests == 0 {
		return 0
	}
	return float64(o.ServerCPU.Nanoseconds()) / 1000 / float64(o.Requests)
}
