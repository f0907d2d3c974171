package httpcompat

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kamaitachi/kamaitachi/protocol"
)

var update = flag.Bool("update", false, "write testdata/golden anew")

// Errors that a backend may return.
var (
	errOverloaded  = protocol.Errorf(protocol.CodeOverloaded, "the queue of writes is full; try again")
	errNoQuorum    = protocol.Errorf(protocol.CodeUnavailable, "no quorum: 1 of 3 nodes answers")
	errDeadline    = protocol.Errorf(protocol.CodeDeadline, "the write was not durable in time; it may still become so")
	errNotMaster   = protocol.Errorf(protocol.CodeNotMaster, "this node does not order writes")
	errTooLarge    = protocol.Errorf(protocol.CodeTooLarge, "the answer would have more than 8388608 values")
	errInternal    = protocol.Errorf(protocol.CodeInternal, "reading 33:00000009: checksum mismatch")
	errSecret      = errors.New("open /var/lib/secret: no such file")
	errUnknown     = protocol.Errorf(protocol.CodeUnauthenticated, "a token is required")
	errForbidden   = protocol.Errorf(protocol.CodeForbidden, "the token may only read")
	errCircuitOpen = fmt.Errorf("node localhost:8081: %w", ErrCircuitOpen)
)

// goldenCase is one request; its answer is in testdata/golden/NAME.txt.
type goldenCase struct {
	name         string
	method, path string
	body         string
	with         func(*modelBackend) // changes what is behind; nil = the little market of a node
}

const (
	pathSnapshot       = "/kamaitachi/api/data/v1/snapshot"
	pathPeriod         = "/kamaitachi/api/data/v1/period"
	pathRecent         = "/api/v1/snapshot/recent"
	pathSelectSnapshot = "/kamaitachi/api/selection/v1/snapshot"
	pathSelectPeriod   = "/kamaitachi/api/selection/v1/period"
)

func failing(err error) func(*modelBackend) { return func(b *modelBackend) { b.err = err } }

// asGateway puts a gateway before two nodes, one breaker of which is open.
func asGateway(b *modelBackend) {
	figures := func(reports float64) []protocol.Stat {
		return []protocol.Stat{{Name: "role", Text: "gateway"}, {Name: "reports", Number: reports}, {Name: "subjects", Number: 3},
			{Name: "cache_hit_rate", Number: 99.5}, {Name: "cache_hits", Number: 199}, {Name: "cache_misses", Number: 1}}
	}
	b.health = Health{Gateway: true, Nodes: []string{"localhost:8080", "localhost:8081"}}
	b.stats = Stats{Figures: figures(10), Nodes: []NodeStats{{"localhost:8080", figures(5)}, {"localhost:8081", figures(5)}}}
	b.breakers = []Breaker{
		{Name: "localhost:8080", State: BreakerClosed, Requests: 40, Successes: 39, Failures: 1, ConsecutiveSuccesses: 7,
			StateChangedAt: time.Unix(1_700_000_000, 0)},
		{Name: "localhost:8081", State: BreakerOpen, Requests: 10, Successes: 5, Failures: 5, ConsecutiveFails: 5,
			StateChangedAt: time.Unix(1_700_000_100, 0)},
	}
}

func unready(b *modelBackend) {
	b.checks = []Check{{Name: "data"}, {Name: "replication", Err: errors.New("12 entries behind the master")}}
}

func goldenCases() []goldenCase {
	return slices.Concat(queryGoldens(), rowGoldens(), operationGoldens(), failureGoldens())
}

func TestGoldenAnswers(t *testing.T) {
	var names []string
	for _, c := range goldenCases() {
		names = append(names, c.name+".txt")
		t.Run(c.name, func(t *testing.T) {
			got := c.run(t, func(b *modelBackend) Backend { return b }, 1)
			if *update {
				if err := os.WriteFile(c.file(), []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			c.check(t, got)
		})
	}
	files, err := filepath.Glob("testdata/golden/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !slices.Contains(names, filepath.Base(f)) {
			t.Errorf("%s belongs to no case", f)
		}
	}
}

// file is where the answer is.
func (c *goldenCase) file() string { return filepath.Join("testdata", "golden", c.name+".txt") }

// check holds what came against the file.
func (c *goldenCase) check(t *testing.T, got string) {
	t.Helper()
	want, err := os.ReadFile(c.file())
	if err != nil {
		t.Fatalf("%v; go test -run GoldenAnswers -update writes it", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s: want -, got +:\n%s", c.name, diff)
	}
}

// run sends the request so many times and returns it with its last answer, as the file has them.
func (c *goldenCase) run(t *testing.T, way func(*modelBackend) Backend, times int) string {
	b := newModelBackend().load(t)
	b.stats = Stats{Figures: nodeFigures()}
	if c.with != nil {
		c.with(b)
	}
	o := quiet()
	o.Replies = 4
	_, url := start(t, way(b), o)
	r := send(t, c.method, url+c.path, c.body)
	for range times - 1 {
		r = send(t, c.method, url+c.path, c.body)
	}
	if r.header.Get("X-Request-Id") == "" {
		t.Error("no X-Request-Id")
	}
	c.checkDescribed(t, r)
	var out bytes.Buffer
	fmt.Fprintf(&out, "%s %s\n", c.method, c.path)
	if c.body != "" {
		fmt.Fprintf(&out, "\n%s\n", c.body)
	}
	fmt.Fprintf(&out, "\nHTTP %d\n", r.status)
	for _, name := range []string{"Content-Type", "Allow", "Retry-After", "X-Kamaitachi-Applied"} {
		if value := r.header.Get(name); value != "" {
			fmt.Fprintf(&out, "%s: %s\n", name, value)
		}
	}
	id := r.header.Get("X-Request-Id")
	fmt.Fprintf(&out, "\n%s\n", strings.TrimSuffix(strings.ReplaceAll(r.body, id, "REQUEST-ID"), "\n"))
	return out.String()
}

// checkDescribed holds an answer against openapi.json.
func (c *goldenCase) checkDescribed(t *testing.T, r reply) {
	t.Helper()
	d := readDescription(t)
	path, _, _ := strings.Cut(c.path, "?")
	path = strings.TrimSuffix(path, "/")
	for _, open := range []string{"/data/v1/get/", "/data/v1/delete/"} {
		if strings.HasPrefix(path, open) {
			path = open + subjectParameter
		}
	}
	o, ok := d.Paths[path][strings.ToLower(c.method)]
	if !ok || r.header.Get("Content-Type") != jsonType || o.OperationID == "openapi" || c.method == "HEAD" {
		return
	}
	var answer any
	if err := json.Unmarshal([]byte(r.body), &answer); err != nil {
		t.Fatalf("%s: %v", r.body, err)
	}
	described, ok := o.Responses[fmt.Sprint(r.status)]
	if !ok {
		described.Content = map[string]struct{ Schema *schema }{jsonType: {&schema{OneOf: []*schema{
			{Ref: "#/components/schemas/ErrorA"}, {Ref: "#/components/schemas/ErrorB"}}}}}
	}
	if why := d.fits(answer, described.Content[jsonType].Schema, "answer of "+o.OperationID); why != "" {
		t.Errorf("openapi.json describes it otherwise: %s", why)
	}
}

func nodeFigures() []protocol.Stat {
	return []protocol.Stat{
		{Name: "role", Text: "standalone"}, {Name: "cache_hit_rate", Number: HitRate(0, 0)}, {Name: "cache_hits"},
		{Name: "cache_misses"}, {Name: "cache_entries", Number: 7}, {Name: "cache_bytes", Number: 1 << 20},
		{Name: "cache_max_bytes", Number: 256 << 20}, {Name: "total_requests", Number: 12}, {Name: "uptime_seconds", Number: 3.25},
		{Name: "subjects", Number: 3}, {Name: "reports", Number: 5}, {Name: "applied_index", Number: 3},
	}
}
