package compare

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// pauses is the histogram of a collector's pauses: how many were at most so long.
type pauses []pauseBucket

type pauseBucket struct {
	seconds float64
	count   float64 // of this pause and all shorter ones
}

// pausesMetric is the histogram of /metrics.
const pausesMetric = `go_gc_pauses_seconds_bucket{le="`

// maxMetrics bounds what is read of /metrics.
const maxMetrics = 16 << 20

// pauses asks a node for the pauses of its collector since it was started.
func (n *node) pauses(ctx context.Context) (pauses, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, n.address("http").String()+"/metrics", nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("ask for metrics: %w", err)
	}
	defer resp.Body.Close()
	return readPauses(io.LimitReader(resp.Body, maxMetrics))
}

// readPauses reads the histogram out of metrics in the text form.
func readPauses(r io.Reader) (pauses, error) {
	var p pauses
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		rest, ok := strings.CutPrefix(lines.Text(), pausesMetric)
		if !ok {
			continue
		}
		bound, number, ok := strings.Cut(rest, `"} `)
		seconds, err := strconv.ParseFloat(bound, 64)
		if err != nil || !ok {
			return nil, fmt.Errorf("a metric that cannot be read: %q", lines.Text())
		}
		count, err := strconv.ParseFloat(number, 64)
		if err != nil {
			return nil, fmt.Errorf("a metric that cannot be read: %q", lines.Text())
		}
		p = append(p, pauseBucket{seconds, count})
	}
	if len(p) == 0 && lines.Err() == nil {
		return nil, absent("the node has no metric of the collector's pauses")
	}
	return p, lines.Err()
}

// since returns the pauses that came after before.
func (p pauses) since(before pauses) pauses {
	count := map[float64]float64{}
	for _, b := range before {
		count[b.seconds] = b.count
	}
	after := make(pauses, len(p))
	for i, b := range p {
		after[i] = pauseBucket{b.seconds, b.count - count[b.seconds]}
	}
	return after
}

// quantile returns the upper bound, in seconds, of the bucket in which the q-th quantile lies; 0 when there was no pause.
func (p pauses) quantile(q float64) float64 {
	if len(p) == 0 {
		return 0
	}
	all := p[len(p)-1].count
	for _, b := range p {
		if all > 0 && b.count >= q*all {
			return b.seconds
		}
	}
	return 0
}
