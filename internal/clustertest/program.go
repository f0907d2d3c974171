package clustertest

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/kamaitachi/kamaitachi/internal/child"
)

var (
	buildOnce sync.Once
	binary    string
	buildErr  error
)

// Main runs the tests of a package and removes what Program built for them. TestMain of every package that uses this one
// ends with os.Exit(clustertest.Main(m)).
func Main(m *testing.M) int {
	defer func() {
		if binary != "" {
			_ = os.RemoveAll(filepath.Dir(binary))
		}
	}()
	return m.Run()
}

// Program returns the path of the program, built once for all tests of the process.
func Program(t testing.TB) string {
	t.Helper()
	buildOnce.Do(func() {
		dir, err := os.MkdirTemp("", "kamaitachi-test-")
		if err != nil {
			buildErr = err
			return
		}
		binary = filepath.Join(dir, "kamaitachi")
		out, err := exec.Command("go", "build", "-o", binary, "github.com/kamaitachi/kamaitachi/cmd/kamaitachi").CombinedOutput()
		if err != nil {
			buildErr = fmt.Errorf("%w: %s", err, out)
		}
	})
	if buildErr != nil {
		t.Fatal(buildErr)
	}
	return binary
}

// startWait bounds how long a process may take until it says that it listens.
const startWait = 60 * time.Second

// process is one run of the program. Its standard input is held open: when the test dies, it ends.
type process struct {
	cmd   *exec.Cmd
	stdin io.Closer
	ready chan map[string]string // the addresses that it says it listens at, once; closed when it says no more
	ended chan struct{}          // closed when it has ended
}

// launch starts the program with its standard error appended to a file.
func launch(program, log string, args ...string) (*process, error) {
	file, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer file.Close() // the process has its own
	p := &process{cmd: exec.Command(program, append(args, "-until-input-ends")...),
		ready: make(chan map[string]string, 1), ended: make(chan struct{})}
	p.cmd.Stderr = file
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go p.read(out)
	return p, nil
}

// read waits for the ready line and the end.
func (p *process) read(out io.Reader) {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		if len(words) == 0 || words[0] != child.ReadyPrefix {
			continue
		}
		addrs := map[string]string{}
		for _, w := range words[1:] {
			name, addr, _ := strings.Cut(w, "=")
			addrs[name] = addr
		}
		p.ready <- addrs
		break
	}
	close(p.ready)
	io.Copy(io.Discard, out)
	p.cmd.Wait() // the exit status is in ProcessState
	close(p.ended)
}

// running tells whether the process has not ended.
func (p *process) running() bool {
	if p == nil {
		return false
	}
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// signal sends a signal to the process, if it runs.
func (p *process) signal(s syscall.Signal) {
	if p.running() {
		p.cmd.Process.Signal(s) // it may have ended this moment
	}
}

// kill ends the process as a power switch would.
func (p *process) kill() {
	if p == nil {
		return
	}
	p.signal(syscall.SIGKILL)
	<-p.ended
	p.stdin.Close()
}

// tail returns the end of a log.
func tail(file string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	const most = 4_000
	return string(text[max(0, len(text)-most):])
}
