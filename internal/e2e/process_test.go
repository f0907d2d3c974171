package e2e_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kamaitachi/kamaitachi/internal/clustertest"
)

// kamaitachi returns the path of the program, built once.
func kamaitachi(t *testing.T) string {
	t.Helper()
	return clustertest.Program(t)
}

// run runs a command to its end and returns its exit status and what it printed.
func run(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	c := exec.Command(kamaitachi(t), args...)
	c.Stdout, c.Stderr = &out, &errs
	if err := c.Run(); err != nil {
		exit, ok := err.(*exec.ExitError)
		if !ok {
			t.Fatal(err)
		}
		status = exit.ExitCode()
	}
	return status, out.String(), errs.String()
}

// must runs a command that must succeed and returns its standard output.
func must(t *testing.T, args ...string) string {
	t.Helper()
	status, out, errs := run(t, args...)
	if status != 0 {
		t.Fatalf("kamaitachi %s: exit status %d\n%s", strings.Join(args, " "), status, errs)
	}
	return out
}

// process is a running node, gateway or etcd.
type process struct {
	cmd   *exec.Cmd
	addrs map[string]string
}

// start starts a node on free ports and waits until it answers.
func start(t *testing.T, dir string, args ...string) *process {
	t.Helper()
	return startAny(t, append([]string{"node", "-db", dir,
		"-set", "server.port=0", "-set", "server.native_port=0", "-set", "log.level=error"}, args...)...)
}

// startAny starts a command that runs until it is told to end, and waits until it says that it answers.
func startAny(t *testing.T, args ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(kamaitachi(t), args...), addrs: map[string]string{}}
	p.cmd.Stderr = os.Stderr
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("kamaitachi %s said nothing: %v", args[0], err)
	}
	for _, pair := range strings.Fields(line)[1:] {
		name, addr, _ := strings.Cut(pair, "=")
		p.addrs[name] = addr
	}
	return p
}

// kill ends the node as a power switch would.
func (p *process) kill() {
	p.cmd.Process.Kill()
	p.cmd.Wait()
}

// stop ends the node by SIGTERM and returns its exit status.
func (p *process) stop(t *testing.T) int {
	t.Helper()
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	p.cmd.Wait()
	return p.cmd.ProcessState.ExitCode()
}

// line returns the value of a line "name value" of verify's report.
func line(t *testing.T, report, name string) string {
	t.Helper()
	for _, l := range strings.Split(report, "\n") {
		if rest, ok := strings.CutPrefix(l, name); ok {
			return strings.TrimSpace(rest)
		}
	}
	t.Fatalf("verify does not tell %q:\n%s", name, report)
	return ""
}

// market writes a made-up market and returns its path.
func market(t *testing.T, subjects int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "market.csv")
	if err := os.WriteFile(path, []byte(must(t, "generate", "-subjects", fmt.Sprint(subjects))), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAnImportedMarketSurvivesKillAndExport(t *testing.T) {
	csv, one, two := market(t, 200), filepath.Join(t.TempDir(), "one"), filepath.Join(t.TempDir(), "two")
	node := start(t, one)
	must(t, "import", "-addr", node.addrs["native"], csv)
	again := filepath.Join(t.TempDir(), "again.ndjson.gz")
	must(t, "export", "-addr", node.addrs["native"], again)
	node.kill()

	report := must(t, "verify", "-db", one)
	if problems, reports := line(t, report, "problems"), line(t, report, "reports"); problems != "0" || reports == "0" {
		t.Errorf("after kill -9: %s problems, %s reports", problems, reports)
	}
	must(t, "import", "-db", two, again)
	other := must(t, "verify", "-db", two)
	if a, b := line(t, report, "row hash"), line(t, other, "row hash"); a != b {
		t.Errorf("the import of an export has row hash %s, the exported %s", b, a)
	}

	node = start(t, one)
	got := must(t, "query", "snapshot", "-addr", node.addrs["native"], "-topic", "stock_a_listing_pool", "-ids", "1001", "-limit", "3", "-o", "csv")
	if rows := strings.Count(got, "\n"); rows != 4 {
		t.Errorf("after the restart a ranking has %d lines, want 4:\n%s", rows, got)
	}
	if status := node.stop(t); status != 0 {
		t.Errorf("a drained node ends with status %d", status)
	}
}

// TestWhatIsWrongIsSaid holds that each wrong call ends with a status, one line that names the fault, and no harm.
func TestWhatIsWrongIsSaid(t *testing.T) {
	dir := t.TempDir()
	csv := market(t, 50)
	text, err := os.ReadFile(csv)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	fields := strings.Split(lines[999], ",")
	fields[1] = "2023-13-45"
	lines[999] = strings.Join(fields, ",")
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	bad := write("bad.csv", strings.Join(lines, "\n"))
	write("foreign/file.txt", "not a store")
	config := write("bad.ini", "[server]\nprot = 1\n")
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, port, _ := net.SplitHostPort(taken.Addr().String())
	locked := filepath.Join(dir, "locked")
	node := start(t, locked)
	native := node.addrs["native"]
	for _, c := range []struct {
		name   string
		args   []string
		status int
		says   []string
	}{
		{"unknown command", []string{"frobnicate"}, 2, []string{`"frobnicate"`}},
		{"a bad date on line 1,000", []string{"import", "-db", filepath.Join(dir, "new"), bad}, 1, []string{"bad.csv:1000", "report_date", "2023-13-45"}},
		{"no such file", []string{"import", "-db", filepath.Join(dir, "new2"), "nowhere.csv"}, 1, []string{"open nowhere.csv: no such file"}},
		{"a flag behind a file", []string{"import", "-db", filepath.Join(dir, "new2"), bad, "-dry-run"}, 2, []string{"-dry-run", "flags come first"}},
		{"a bad row of a dry run", []string{"import", "-db", filepath.Join(dir, "never"), "-dry-run", bad}, 1, []string{"bad.csv:1000"}},
		{"unknown indicator", []string{"query", "snapshot", "-addr", native, "-subjects", "a", "-ids", "nonsense"}, 1, []string{`"nonsense"`}},
		{"negative limit", []string{"query", "snapshot", "-addr", native, "-subjects", "a", "-ids", "1001", "-limit", "-1"}, 1, []string{"limit", "-1"}},
		{"busy port", []string{"node", "-db", filepath.Join(dir, "busy"), "-set", "server.port=off", "-set", "server.native_port=" + port}, 1, []string{port}},
		{"locked directory", []string{"node", "-db", locked, "-set", "server.port=0", "-set", "server.native_port=0"}, 1, []string{"locked"}},
		{"foreign directory", []string{"node", "-db", filepath.Join(dir, "foreign")}, 1, []string{"foreign", "file.txt"}},
		{"unreadable config", []string{"node", "-config", filepath.Join(dir, "none.ini")}, 1, []string{"none.ini"}},
		{"unknown key", []string{"node", "-config", config}, 1, []string{"bad.ini", "prot", "port"}},
		{"beyond loopback", []string{"node", "-db", filepath.Join(dir, "open"), "-set", "server.bind=0.0.0.0"}, 1, []string{"insecure"}},
		{"nobody there", []string{"query", "stats", "-addr", taken.Addr().String(), "-timeout", "300ms"}, 1, []string{taken.Addr().String()}},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, out, errs := run(t, c.args...)
			if status != c.status {
				t.Errorf("exit status %d, want %d\n%s%s", status, c.status, out, errs)
			}
			for _, word := range c.says {
				if !strings.Contains(errs, word) {
					t.Errorf("standard error does not name %q:\n%s", word, errs)
				}
			}
		})
	}
	must(t, "query", "stats", "-addr", native) // the node is as well as before
	if _, err := os.Stat(filepath.Join(dir, "never")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a dry run made a directory: %v", err)
	}
}

func TestTheDemoShowsTheFourScenariosEveryWayAndALostMaster(t *testing.T) {
	for nodes, wants := range map[string][]string{
		"1": {"31729 rows", "us:WMT", "1 period", "4 at a date", "straight, native", "straight, JSON"},
		"3": {"31729 rows", "us:WMT", "1 period", "2 recent", "3 ranking", "4 at a date", "straight, native", "straight, JSON",
			"gateway, native", "gateway, JSON", "(kill -9)", "writes are back after", "runs again", "each of the nodes has both",
			"over the native protocol: 0 failed", "over JSON: 0 failed"},
	} {
		out := must(t, "demo", "-nodes", nodes, "-requests", "2000")
		for _, want := range wants {
			if !strings.Contains(out, want) {
				t.Errorf("the demo with %s nodes does not show %q:\n%s", nodes, want, out)
			}
		}
	}
}
