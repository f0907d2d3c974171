package httpcompat

import (
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// metricSet counts the requests of one handler.
type metricSet struct{ *metrics.Set }

func newMetricSet() *metricSet { return &metricSet{metrics.NewSet()} }

// counters are those of one operation, resolved once.
type counters struct {
	requests [outcomeCount]*metrics.Counter
	seconds  *metrics.PrometheusHistogram
}

// latencies are the upper bounds of the histograms' buckets, in seconds.
var latencies = []float64{
	50e-6, 100e-6, 250e-6, 500e-6, 1e-3, 2.5e-3, 5e-3, 10e-3, 25e-3, 50e-3, 100e-3, 250e-3, 500e-3, 1, 2.5, 5, 10,
}

// of makes the counters of an operation.
func (s *metricSet) of(operation string) *counters {
	c := &counters{}
	for o, name := range outcomeNames {
		c.requests[o] = s.NewCounter(fmt.Sprintf("kamaitachi_http_requests_total{operation=%q,outcome=%q}", operation, name))
	}
	c.seconds = s.NewPrometheusHistogramExt(fmt.Sprintf("kamaitachi_http_request_seconds{operation=%q}", operation), latencies)
	return c
}

func (c *counters) add(o outcome, took time.Duration) {
	c.requests[o].Inc()
	c.seconds.Update(took.Seconds())
}

// metrics is GET /metrics: requests, the backend's figures, the process, and what Options.Metrics adds.
func (x *exchange) metrics() error {
	ctx, cancel := x.querying()
	defer cancel()
	s, err := x.h.backend.Stats(ctx)
	if err != nil {
		return err
	}
	x.http.Response.Header.SetContentType("text/plain; version=0.0.4; charset=utf-8")
	w := &bodyWriter{x}
	x.h.counts.WritePrometheus(w)
	writeFigures(w, s.Figures)
	metrics.WriteProcessMetrics(w)
	if x.h.options.Metrics != nil {
		x.h.options.Metrics(w)
	}
	return nil
}

// bodyWriter appends to the answer.
type bodyWriter struct{ x *exchange }

func (w *bodyWriter) Write(p []byte) (int, error) {
	w.x.out = append(w.x.out, p...)
	return len(p), nil
}

// writeFigures writes the backend's figures as gauges, and those that are texts as labels of one gauge.
func writeFigures(w io.Writer, figures []protocol.Stat) {
	var texts []string
	for _, f := range figures {
		name := metricName(f.Name)
		switch {
		case f.Text != "":
			texts = append(texts, fmt.Sprintf("%s=%q", name, f.Text))
		case !math.IsNaN(f.Number):
			fmt.Fprintf(w, "kamaitachi_%s %v\n", name, f.Number)
		}
	}
	if len(texts) > 0 {
		fmt.Fprintf(w, "kamaitachi_info{%s} 1\n", strings.Join(texts, ","))
	}
}

// metricName makes a name that Prometheus takes.
func metricName(name string) string {
	return strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' {
			return c
		}
		return '_'
	}, name)
}
