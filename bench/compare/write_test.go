package compare

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kamaitachi/kamaitachi/bench"
)

var update = flag.Bool("update", false, "write the golden files")

// sampleReport has a line of each verdict, and a side of each kind.
func sampleReport() *Report {
	spread := func(v float64) bench.Spread {
		return bench.Spread{Median: v, Low: 0.9 * v, High: 1.1 * v, Min: 0.8 * v, Max: 1.25 * v, Rounds: 5}
	}
	latency := []Quantile{{0, 0.1}, {50, 0.4}, {90, 0.9}, {99, 2.5}, {99.9, 11}, {99.99, 30}, {100, 41}}
	return &Report{
		When: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC), Took: "2m5s", Version: "v1", Command: "kamaitachi bench compare -o x.md",
		Machine:  Machine{CPU: "A | B", Cores: 2, Memory: "8 GB", System: "linux/amd64", Go: "go1.26"},
		Programs: []Program{{"redis-server", "v=7.0.15"}, {"sqlite3", notFound}}, Rounds: 5, Seconds: 1, Subjects: 5_000,
		Contests: []*ContestResult{
			{ID: "P1", What: "rankings", Sides: []*SideResult{
				{Label: "kamaitachi", Requests: 5, QPS: spread(412_345.6), ServerCPU: spread(3.21), ReplySize: 910, P50: spread(0.4),
					P99: spread(2.5), Latency: latency},
				{Label: "redis <get>", Missing: "not installed"},
			}, Lines: []*LineResult{
				{ID: "P1", What: "throughput, kamaitachi over redis", Figure: spread(0.5), Unit: "x", Must: 0.45, Aim: 1, Verdict: Met},
				{ID: "P1", What: "throughput, kamaitachi over lua", Unit: "x", Must: 50, Verdict: NotMeasured, Why: "not installed"},
				{ID: "P1", What: "server CPU", Figure: spread(3.0612), Unit: "x", AtMost: true, Verdict: Shown},
			}},
			{ID: "P7", What: "topics", Lines: []*LineResult{
				{ID: "P7", What: "median latency", Figure: spread(0.0523), Unit: "ms", Must: 1, Aim: 0.1, AtMost: true, Verdict: Reached},
				{ID: "P7", What: "throughput", Figure: spread(1.9), Unit: "x", Must: 3, Aim: 10, Verdict: Failed},
				{ID: "P8", What: "while written", Figure: spread(0.9), Unit: "x", Must: 0.7, Verdict: Failed, Why: "7 of 9 requests failed"},
			}},
		},
		Curves: []*Curve{{Title: "Throughput", X: "in flight", Y: "a second", LogX: true, Notes: []string{"redis: not installed"},
			Series: []*Series{{Label: "kamaitachi", Points: []Point{{1, 20_000}, {8, 110_000}, {64, 400_000}}}, {Label: "a < b"}}}},
	}
}

func TestReportsAreWrittenAsTheGoldenFilesSay(t *testing.T) {
	r := sampleReport()
	for name, write := range map[string]func(io.Writer) error{
		"report.txt": r.WriteTable, "sides.txt": r.WriteSides, "report.md": r.WriteMarkdown, "report.json": r.WriteJSON,
		"report.html": r.WriteHTML,
	} {
		var got bytes.Buffer
		if err := write(&got); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		path := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got.String()); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}

func TestTheJSONOfAReportIsTheReport(t *testing.T) {
	var text bytes.Buffer
	if err := sampleReport().WriteJSON(&text); err != nil {
		t.Fatal(err)
	}
	var got Report
	if err := json.Unmarshal(text.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sampleReport(), &got); diff != "" {
		t.Error(diff)
	}
}

func TestThePageStandsAlone(t *testing.T) {
	var page bytes.Buffer
	if err := sampleReport().WriteHTML(&page); err != nil {
		t.Fatal(err)
	}
	text := page.String()
	for _, elsewhere := range []string{"<script", "<link", "<img", "http:", "https:", "url("} {
		if strings.Contains(text, elsewhere) {
			t.Errorf("the page has %q", elsewhere)
		}
	}
	pictures := 0
	for rest := text; ; pictures++ {
		_, after, found := strings.Cut(rest, "<svg")
		if !found {
			break
		}
		picture, left, _ := strings.Cut(after, "</svg>")
		if err := xml.Unmarshal([]byte("<svg"+picture+"</svg>"), new(struct{})); err != nil {
			t.Errorf("a picture is not well-formed: %v", err)
		}
		rest = left
	}
	if pictures != 2 {
		t.Errorf("%d pictures, want a curve and the latencies", pictures)
	}
}

func TestFiguresArePrintedWithThreeDigits(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 0.0523: "0.0523", 0.999: "0.999", 1: "1.00", 3.0612: "3.06", 12.345: "12.3", 123.4: "123", 1234.5: "1,234",
		412345.6: "412,346", 1e7: "10,000,000", -1234.4: "-1,234", -0.5: "-0.500", 999.9: "1,000",
	} {
		if got := number(v); got != want {
			t.Errorf("%v is printed %s, want %s", v, got, want)
		}
	}
}

func TestAnAxisHoldsItsValues(t *testing.T) {
	for _, values := range [][]float64{{1}, {1, 2, 3}, {0.07, 40}, {123_456, 99}, {0, 0}} {
		for _, log := range []bool{false, true} {
			a := newAxis(values, log, 80, 600)
			for _, v := range values {
				if at := a.at(v); at < 80 || at > 600 {
					t.Errorf("axis over %v, log %v: %v is at %v, outside 80 to 600", values, log, v, at)
				}
			}
			if len(a.ticks) < 2 || len(a.ticks) > 12 {
				t.Errorf("axis over %v, log %v: %d ticks", values, log, len(a.ticks))
			}
		}
	}
}

func TestPausesAreReadFromMetrics(t *testing.T) {
	read := func(text string) pauses {
		p, err := readPauses(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	const name = `go_gc_pauses_seconds_bucket{le="`
	before := read("x 1\n" + name + "0.0001\"} 10\n" + name + "0.001\"} 10\n" + name + "+Inf\"} 10\n")
	after := read(name + "0.0001\"} 108\n" + name + "0.001\"} 110\n" + name + "+Inf\"} 110\n")
	if got := after.since(before).quantile(0.98); got != 0.0001 {
		t.Errorf("98 of 100 pauses are at most %v s, want 0.0001", got)
	}
	if got := after.since(before).quantile(0.99); got != 0.001 {
		t.Errorf("99 of 100 pauses are at most %v s, want 0.001", got)
	}
	if got := after.since(after).quantile(0.99); got != 0 {
		t.Errorf("without a pause the 99th percentile is %v s", got)
	}
	if _, err := readPauses(strings.NewReader("nothing 1\n")); err == nil {
		t.Error("metrics without pauses are taken for some")
	}
}
