package e2e_test

import (
	"io"
	"net/http"
	"os/exec"
	"strings"
	"testing"
)

func TestTheEtcdCommandAnswersWhenItSaysSoAndEndsWhenToldTo(t *testing.T) {
	dir := t.TempDir()
	p := startAny(t, "etcd", "-dir", dir, "-listen", "127.0.0.1:0")
	r, err := http.Get("http://" + p.addrs["etcd"] + "/version")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(r.Body)
	r.Body.Close()
	if err != nil || !strings.Contains(string(body), `"etcdserver":"3.`) {
		t.Errorf("version is %q, %v", body, err)
	}
	status, _, errs := run(t, "etcd", "-dir", dir, "-listen", "127.0.0.1:0")
	if status != 1 || !strings.Contains(errs, dir) || strings.Count(errs, "\n") != 1 {
		t.Errorf("a second one in its directory ends with status %d and %q, want one line that names it", status, errs)
	}
	if status := p.stop(t); status != 0 {
		t.Errorf("told to end, it ends with status %d", status)
	}
	startAny(t, "etcd", "-dir", dir, "-listen", "127.0.0.1:0") // its directory is free
}

func TestOnlyTheWholeProductLinksEtcdsServer(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}}: {{join .Deps " "}}`,
		"github.com/kamaitachi/kamaitachi/cmd/...", "github.com/kamaitachi/kamaitachi/internal/cli").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		name, deps, _ := strings.Cut(line, ": ")
		if linked := strings.Contains(deps, "go.etcd.io/etcd/server/"); linked != strings.HasSuffix(name, "/cmd/kamaitachi") {
			t.Errorf("%s links etcd's server: %t", name, linked)
		}
	}
}
