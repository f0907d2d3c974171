package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
)

// WriteTable prints outcomes for people, a line each.
func WriteTable(w io.Writer, outcomes []*Outcome) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "scenario\ttransport\trequests\tQPS\tsuccess\tP50 ms\tP99 ms\tP99.9 ms\tmax ms\treply B\tserver CPU us\t")
	for _, o := range outcomes {
		cpu := "-"
		if o.ServerCPU > 0 {
			cpu = fmt.Sprintf("%.2f", o.CPUMicros())
		}
		fmt.Fprintf(t, "%s\t%s\t%d\t%.0f\t%.2f%%\t%.3f\t%.3f\t%.3f\t%.3f\t%.0f\t%s\t\n", o.Scenario, o.Transport, o.Requests,
			o.QPS(), o.SuccessRate(), o.Millis(50), o.Millis(99), o.Millis(99.9), o.Millis(100), o.ReplySize, cpu)
	}
	return t.Flush()
}

// jsonOutcome is the documented form of an outcome.
type jsonOutcome struct {
	Scenario    int     `json:"scenario"`
	Transport   string  `json:"transport"`
	Requests    int     `json:"requests"`
	QPS         float64 `json:"qps"`
	SuccessRate float64 `json:"success_rate"`
	P50         float64 `json:"p50_ms"`
	P99         float64 `json:"p99_ms"`
	P999        float64 `json:"p999_ms"`
	Max         float64 `json:"max_ms"`
	ServerCPU   float64 `json:"server_cpu_us"`
}

// WriteJSON writes outcomes as a JSON array, an object each; server_cpu_us is 0 where it is not known.
func WriteJSON(w io.Writer, outcomes []*Outcome) error {
	list := make([]jsonOutcome, 0, len(outcomes))
	for _, o := range outcomes {
		list = append(list, jsonOutcome{
			Scenario: int(o.Scenario), Transport: o.Transport, Requests: o.Requests, QPS: o.QPS(),
			SuccessRate: o.SuccessRate(), P50: o.Millis(50), P99: o.Millis(99), P999: o.Millis(99.9), Max: o.Millis(100),
			ServerCPU: o.CPUMicros(),
		})
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(list)
}

// WriteManual prints one outcome the way the reference's load tool does (manual.md): lines that a grep for QPS, Target,
// P50 and P99 finds.
func WriteManual(w io.Writer, o *Outcome, target float64) error {
	verdict := "FAILED"
	if o.QPS() >= target {
		verdict = "PASSED"
	}
	_, err := fmt.Fprintf(w, `Requests: %d
Failed: %d
Duration: %.3f s
Success rate: %.2f%%
QPS: %.2f
Target QPS: %.0f - %s (%.1fx)
Latency Avg: %.3f ms
Latency P50: %.3f ms
Latency P90: %.3f ms
Latency P95: %.3f ms
Latency P99: %.3f ms
Latency P99.9: %.3f ms
Latency Max: %.3f ms
`, o.Requests, o.Failed, o.Elapsed.Seconds(), o.SuccessRate(), o.QPS(), target, verdict, o.QPS()/target,
		o.Latency.Mean()/1000, o.Millis(50), o.Millis(90), o.Millis(95), o.Millis(99), o.Millis(99.9), o.Millis(100))
	return err
}
