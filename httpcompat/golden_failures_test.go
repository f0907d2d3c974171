package httpcompat

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// failure is one way in which a request to any path can fail.
type failure struct {
	name   string
	method string // in place of the path's; "" = that
	body   string // in place of a good one; "" = that
	table  string // names the table
	rate   bool   // the group's rate is used up
	with   func(*modelBackend)
}

// failures are the outcomes of semantics 23, and what a client can do wrong anywhere.
func failures() []failure {
	list := []failure{
		{name: "another method", method: "PATCH"}, {name: "over the rate", rate: true},
		{name: "no body", body: " "}, {name: "broken JSON", body: `{"ids":"1001"`}, {name: "not an object", body: `"1001"`},
		{name: "behind the JSON", body: `{} {}`}, {name: "nested too deep", body: `{"x":` + strings.Repeat("[", 40)},
		{name: "a wrong type", body: `{"ids":1,"id":1,"subjectIds":1,"selection":1}`},
		{name: "one byte too long", body: strings.Repeat(" ", 1<<20+1)},
		{name: "unknown table", table: "no_such"},
	}
	for _, f := range []struct {
		name string
		err  error
	}{
		{"internal error", errInternal}, {"no protocol error", errSecret}, {"overloaded", errOverloaded}, {"no quorum", errNoQuorum},
		{"deadline", errDeadline}, {"not the master", errNotMaster}, {"answer too large", errTooLarge},
		{"unauthenticated", errUnknown}, {"forbidden", errForbidden}, {"circuit open", errCircuitOpen},
	} {
		list = append(list, failure{name: f.name, with: failing(f.err)})
	}
	return append(list, failure{name: "panic", with: func(b *modelBackend) { b.panics = true }})
}

// goodBodies has a body that each path with one answers with success.
var goodBodies = map[string]string{
	"snapshot":        `{"ids":"1001","subjects":"33:00000009"}`,
	"period":          `{"ids":"1001","subjects":"33:00000009"}`,
	"recent":          `{"subject_keys":["33:00000009"],"indicator_codes":["1001"]}`,
	"select_snapshot": `{"ids":"1001","selection":{"id":"concept","topic":"stock_a_listing_pool"}}`,
	"select_period":   `{"ids":"1001","selection":{"id":"concept","topic":"stock_a_listing_pool"}}`,
	"save":            `{"id":"33:300033","data":{"1672502400":[1.5]}}`,
	"search":          `{}`,
	"put_subjects":    `[{"subject":"33:300033"}]`,
}

// TestGoldenFailures sends to each path, after a request that succeeds, one for each failure. All answers of a path are in
// testdata/failures/OPERATION.txt.
func TestGoldenFailures(t *testing.T) {
	for i := range routes {
		r := &routes[i]
		t.Run(r.operation, func(t *testing.T) {
			var got bytes.Buffer
			succeeds := failure{name: "success"}
			first := succeeds.send(t, r)
			if first.status != 200 || strings.Contains(first.body, `"data":null`) {
				t.Errorf("the good request is answered HTTP %d %.200s", first.status, first.body)
			}
			for _, f := range failures() {
				if f.fits(r) {
					f.write(&got, f.send(t, r), r)
				}
			}
			file := filepath.Join("testdata", "failures", r.operation+".txt")
			if *update {
				if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatalf("%v; go test -run Golden -update writes it", err)
			}
			if diff := cmp.Diff(string(want), got.String()); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}

// fits tells whether the failure can be had on a path.
func (f *failure) fits(r *route) bool {
	_, reads := goodBodies[r.operation]
	switch {
	case f.body != "":
		return reads
	case f.table != "":
		return r.group == groupRows || reads && r.operation != "put_subjects"
	case f.rate:
		return r.group != unlimited
	}
	return true
}

// send asks a server of its own.
func (f *failure) send(t *testing.T, r *route) reply {
	t.Helper()
	o := quiet()
	if f.rate {
		o.Rates = everyRate(Rate{PerSecond: 1e-3, Burst: 1})
	}
	b := newModelBackend().load(t)
	b.stats = Stats{Figures: nodeFigures()}
	if f.with != nil {
		f.with(b)
	}
	_, url := start(t, b, o)
	method, path, body := r.method, strings.Replace(r.path, subjectParameter, "33:00000009", 1), goodBodies[r.operation]
	if f.table != "" {
		name := map[string]string{"save": "id", "get": "tableId", "delete": "tableId"}[r.operation]
		if name != "" {
			path += "?" + name + "=" + f.table
		} else {
			member := map[bool]string{true: "tableId", false: "table"}[r.operation == "search"]
			body = strings.Replace(body, "{", fmt.Sprintf("{%q:%q,", member, f.table), 1)
			body = strings.Replace(body, ",}", "}", 1)
		}
	}
	if f.method != "" {
		method = f.method
	}
	if f.body != "" {
		body = f.body
	}
	if f.rate {
		send(t, method, url+path, body)
	}
	return send(t, method, url+path, body)
}

// everyRate limits every group.
func everyRate(r Rate) Rates {
	return Rates{Default: r, Snapshot: r, Period: r, Recent: r, Selection: r, Rows: r}
}

// write adds an answer to the file.
func (f *failure) write(out *bytes.Buffer, r reply, of *route) {
	fmt.Fprintf(out, "%s: HTTP %d", f.name, r.status)
	for _, name := range []string{"Allow", "Retry-After"} {
		if value := r.header.Get(name); value != "" {
			fmt.Fprintf(out, ", %s: %s", name, value)
		}
	}
	body := strings.ReplaceAll(strings.TrimSpace(r.body), r.header.Get("X-Request-Id"), "REQUEST-ID")
	if of.operation == "metrics" && r.status == 200 || of.operation == "openapi" && r.status == 200 {
		body = "as if nothing were" // what a process says without asking anybody
	}
	fmt.Fprintf(out, "\n%s\n\n", body)
}
