package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestAHundredThousandSubjectsAreAnswered asks a node for more subjects than there are, in every spelling.
func TestAHundredThousandSubjectsAreAnswered(t *testing.T) {
	node := start(t, t.TempDir())
	must(t, "import", "-addr", node.addrs["native"], market(t, 20))
	keys := make([]string, 100_000)
	for i := range keys {
		keys[i] = fmt.Sprint(i)
	}
	keys[77_777] = "33:00000007"
	list, err := json.Marshal(keys)
	if err != nil {
		t.Fatal(err)
	}
	for _, body := range []string{
		`{"ids":"1001","subjects":"` + strings.Join(keys, ",") + `"}`, `{"ids":"1001","subject_keys":` + string(list) + `}`,
	} {
		for _, path := range []string{"/kamaitachi/api/data/v1/snapshot", "/kamaitachi/api/data/v1/period", "/api/v1/snapshot/recent"} {
			status, answer := ask(t, node.addrs["http"], "POST "+path, body)
			if n := strings.Count(answer, `"listing_date"`); status != "" || n != 1 || !strings.Contains(answer, `"33:00000007"`) {
				t.Errorf("%s%s answers %d subjects, want 1: %.300s", path, status, n, answer)
			}
		}
	}
}

// TestANodeThatIsKilledInAnImportHasWhatWasAcknowledged kills a node in the middle of an import, which says how far it
// came; the node comes back whole, and the same import again leaves what an undisturbed one leaves.
func TestANodeThatIsKilledInAnImportHasWhatWasAcknowledged(t *testing.T) {
	csv := market(t, 3000)
	dir, undisturbed := filepath.Join(t.TempDir(), "killed"), filepath.Join(t.TempDir(), "undisturbed")
	node := start(t, dir)
	var said strings.Builder
	load := exec.Command(kamaitachi(t), "import", "-addr", node.addrs["native"], csv)
	load.Stderr = &said
	if err := load.Start(); err != nil {
		t.Fatal(err)
	}
	reports := func() float64 {
		var figures map[string]any
		_, text := ask(t, node.addrs["http"], "GET /stats", "")
		if err := json.Unmarshal([]byte(text), &figures); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		n, _ := figures["reports"].(float64)
		return n
	}
	deadline := time.Now().Add(30 * time.Second)
	seen := reports()
	for ; seen == 0; seen = reports() {
		if time.Now().After(deadline) {
			t.Fatal("the import does not begin")
		}
		time.Sleep(20 * time.Millisecond) // /stats is limited to so many a second
	}
	node.kill()
	if err := load.Wait(); err == nil {
		t.Log("the import had ended before the node was killed")
	} else if !strings.Contains(said.String(), node.addrs["native"]) || !strings.Contains(said.String(), "rows") {
		t.Errorf("the import ends with %v and says %q, want the node's address and how many rows are in", err, said.String())
	}
	report := must(t, "verify", "-db", dir)
	kept, err := strconv.ParseFloat(line(t, report, "reports"), 64)
	if problems := line(t, report, "problems"); err != nil || problems != "0" || kept < seen {
		t.Errorf("%s problems, %v reports of at least %v (%v)", problems, kept, seen, err)
	}
	must(t, "import", "-db", dir, csv)
	must(t, "import", "-db", undisturbed, csv)
	a, b := must(t, "verify", "-db", dir), must(t, "verify", "-db", undisturbed)
	if x, y := line(t, a, "row hash"), line(t, b, "row hash"); x != y {
		t.Errorf("imported again after the kill the rows have hash %s, undisturbed %s", x, y)
	}
}

// TestFlagsCountBeforeTheEnvironmentAndThatBeforeTheFile asks the program itself, which prints where each value is from.
func TestFlagsCountBeforeTheEnvironmentAndThatBeforeTheFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "node.ini")
	text := "[server]\nport = 0\nnative_port = 0\n[log]\nlevel = warn\n[cache]\nmax_bytes = 64MiB\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("KAMAITACHI_LOG_LEVEL", "error")
	t.Setenv("KAMAITACHI_CACHE_MAX_BYTES", "128MiB")
	shown := must(t, "node", "-config", file, "-set", "log.level=info", "-print-config")
	for name, want := range map[string]string{
		"level ": "info ; flag -set", "max_bytes ": "128MiB ; environment KAMAITACHI_CACHE_MAX_BYTES",
		"native_port ": "0 ; file " + file, "mode ": "standalone ; default",
	} {
		if got := strings.Join(strings.Fields(line(t, shown, name)), " "); got != "= "+want {
			t.Errorf("%s%q, want %q", name, got, "= "+want)
		}
	}
	if out := must(t, "node", "-config", file, "-check-config"); !strings.Contains(out, "good") {
		t.Errorf("-check-config says %q", out)
	}
	for _, flag := range []string{"-print-config", "-check-config"} {
		status, out, errs := run(t, "node", "-config", file, "-set", "auth.read_token=hush-hush", flag)
		if strings.Contains(out+errs, "hush") || status == 0 || !strings.Contains(errs, "read_token") {
			t.Errorf("%s with a token that this version cannot keep: status %d, %q, %q", flag, status, out, errs)
		}
	}
	status, _, errs := run(t, "node", "-config", file, "-set", "log.level=loud", "-check-config")
	if status != 1 || !strings.Contains(errs, `[log] level = "loud"`) || strings.Count(errs, "\n") != 1 {
		t.Errorf("a bad value: status %d, %q", status, errs)
	}
}

// TestTheNodeKeepsAnsweringWhileClientsMisbehave sends what no client should, over and over.
func TestTheNodeKeepsAnsweringWhileClientsMisbehave(t *testing.T) {
	node := start(t, t.TempDir(), "-set", "ratelimit.default=0")
	must(t, "import", "-addr", node.addrs["native"], market(t, 20))
	bodies := []string{`{"ids":"1001"`, `[]`, `{"ids":1}`, `{"ids":"1001","indicators":["1002"],"subjects":"33:00000001"}`,
		`{"ids":"1001","subjects":"33:00000001"} x`, "{\"ids\":\"\xff\"}", `{"ids":"1001","subjects":"` + strings.Repeat("x,", 500_000) + `"}`,
		`{"a":` + strings.Repeat("[", 100_000), strings.Repeat(" ", 1<<20+1)}
	for range 20 {
		for _, body := range bodies {
			r, err := http.Post("http://"+node.addrs["http"]+"/kamaitachi/api/data/v1/snapshot", "application/json", strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			r.Body.Close()
			if r.StatusCode != 200 && r.StatusCode != 413 {
				t.Fatalf("%.40q is answered HTTP %d", body, r.StatusCode)
			}
		}
	}
	status, _ := ask(t, node.addrs["http"], "POST /kamaitachi/api/data/v1/snapshot", `{"ids":"1001","subjects":"33:00000001"}`)
	if status != "" {
		t.Errorf("a good request is answered%s", status)
	}
	if code := node.stop(t); code != 0 {
		t.Errorf("the node ends with status %d", code)
	}
}
