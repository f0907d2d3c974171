package e2e_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// checkout is a fresh copy of the source in which commands are run, as somebody does who has just cloned it. Whatever is
// started there ends with the test, also when the test is killed: all of it reads from a pipe that this process holds.
type checkout struct {
	dir     string
	life    [2]*os.File       // the pipe: what is started reads [0] and ends when [1] is closed
	ports   *strings.Replacer // from those of the manual to those that are used
	running []*running        // what keeps running, in the order of its start
}

// manualPorts are the ports that the manual names.
var manualPorts = []string{"2379", "6080", "6081", "6082", "7080", "7081", "7082", "8080", "8081", "8082", "9000", "9100"}

// newCheckout copies the source, all that git knows or would add, and settles the ports.
func newCheckout(t *testing.T) *checkout {
	t.Helper()
	c := &checkout{dir: t.TempDir()}
	root := filepath.Join("..", "..")
	list, err := exec.Command("git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard").Output()
	if err != nil {
		t.Fatalf("git ls-files: %v", err)
	}
	for _, name := range strings.Split(strings.Trim(string(list), "\x00"), "\x00") {
		c.copyFile(t, filepath.Join(root, name), name)
	}
	if c.life[0], c.life[1], err = os.Pipe(); err != nil {
		t.Fatal(err)
	}
	c.settlePorts(t)
	t.Cleanup(func() { c.end(t) })
	return c
}

func (c *checkout) copyFile(t *testing.T, from, name string) {
	t.Helper()
	info, err := os.Stat(from)
	if os.IsNotExist(err) {
		return // deleted, and not yet committed
	}
	text, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(c.dir, name)
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, text, info.Mode().Perm()); err != nil {
		t.Fatal(err)
	}
}

// settlePorts takes the ports of the manual where all are free and no other checkout on this machine uses them; else free
// ones, which it writes into conf/ and into every command.
func (c *checkout) settlePorts(t *testing.T) {
	t.Helper()
	lock, err := os.OpenFile(filepath.Join(os.TempDir(), "kamaitachi-manual.lock"), os.O_CREATE|os.O_RDWR, 0o666)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { lock.Close() })
	asWritten := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil
	for _, p := range manualPorts {
		asWritten = asWritten && portIsFree(p)
	}
	if asWritten {
		c.ports = strings.NewReplacer()
		return
	}
	var pairs []string
	others := map[string]string{}
	for i, p := range freePorts(t, len(manualPorts)) {
		others[manualPorts[i]] = p
		pairs = append(pairs, manualPorts[i], p)
	}
	ports := strings.NewReplacer(pairs...)
	files, err := filepath.Glob(filepath.Join(c.dir, "conf", "*.ini"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no conf/*.ini: %v", err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err == nil {
			err = os.WriteFile(name, []byte(ports.Replace(string(text))), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	c.ports = strings.NewReplacer(append(pairs, "-nodes 3", fmt.Sprintf("-nodesAddr http://localhost:%s,http://localhost:%s,http://localhost:%s",
		others["8080"], others["8081"], others["8082"]), "kamaitachi etcd", "kamaitachi etcd -listen 127.0.0.1:"+others["2379"])...)
}

// words returns text as it is on the ports of this checkout.
func (c *checkout) words(text string) string { return c.ports.Replace(text) }

func portIsFree(port string) bool {
	l, err := net.Listen("tcp", "127.0.0.1:"+port)
	if err != nil {
		return false
	}
	l.Close()
	return true
}

// freePorts returns n free ports, sorted, that no outgoing connection will get in the meantime: below those that systems give away.
func freePorts(t *testing.T, n int) (ports []string) {
	t.Helper()
	for range 1_000 {
		p := fmt.Sprint(20_000 + rand.IntN(12_000))
		if portIsFree(p) && !slices.Contains(ports, p) {
			ports = append(ports, p)
		}
		if len(ports) == n {
			slices.Sort(ports)
			return ports
		}
	}
	t.Fatal("no free ports")
	return nil
}

// shell returns a command in the checkout, in a process group of its own. GOFLAGS make a build here use what earlier ones
// elsewhere have compiled.
func (c *checkout) shell(script string) *exec.Cmd {
	cmd := exec.Command("bash", "-c", script)
	cmd.Dir = c.dir
	cmd.Env = append(os.Environ(), "CLUSTER_UNTIL_INPUT_ENDS=1", "GOFLAGS=-trimpath -buildvcs=false", "CGO_ENABLED=0")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Stdin = c.life[0]
	return cmd
}

// run runs a command of the manual to its end, which must be a good one, and returns what it printed.
func (c *checkout) run(t *testing.T, command string) string {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := c.shell(c.words(command))
	cmd.Stdout, cmd.Stderr = &out, &errs
	began := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(manualWait, func() { syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
	defer timer.Stop()
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%s\n%v\n%s%s", command, err, &out, &errs)
	}
	t.Logf("%.1f s: %s", time.Since(began).Seconds(), command)
	return out.String()
}

// start starts a command that keeps running.
func (c *checkout) start(t *testing.T, command string) {
	t.Helper()
	log, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	// The second process ends the first when this one is gone.
	cmd := c.shell("exec 3<&0\n(trap '' INT; cat <&3; kill -KILL 0) >/dev/null &\nexec " + c.words(command) + " </dev/null")
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c.running = append(c.running, &running{command, cmd, log.Name()})
}

// startAll starts commands that keep running, and waits until each answers.
func (c *checkout) startAll(t *testing.T, commands []string) {
	t.Helper()
	began := time.Now()
	first := len(c.running)
	for _, command := range commands {
		c.start(t, command)
	}
	for _, r := range c.running[first:] {
		c.await(t, r)
	}
	t.Logf("%.1f s: %s", time.Since(began).Seconds(), strings.Join(commands, "; "))
}

// burst sends requests at once and returns their statuses, a line each.
func (c *checkout) burst(t *testing.T, url string, requests int) string {
	t.Helper()
	codes := make([]string, requests)
	var wg sync.WaitGroup
	for i := range codes {
		wg.Go(func() {
			answer, err := http.Get(c.words(url))
			if err != nil {
				codes[i] = "none"
				return
			}
			answer.Body.Close()
			codes[i] = fmt.Sprint(answer.StatusCode)
		})
	}
	wg.Wait()
	return strings.Join(codes, "\n")
}

// running is a command that keeps running.
type running struct {
	command string
	cmd     *exec.Cmd
	log     string // the file with what it says
}

// said returns what it said.
func (r *running) said() string {
	text, err := os.ReadFile(r.log)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// kill ends it and who waits to end it.
func (r *running) kill() { syscall.Kill(-r.cmd.Process.Pid, syscall.SIGKILL) }

// await waits until a program answers.
func (c *checkout) await(t *testing.T, r *running) {
	t.Helper()
	url := ""
	for part, path := range map[string]string{"kamaitachi etcd": "2379/version", "run ./cmd/master": "8080/livez",
		"bin/master": "8080/readyz", "slave1": "8081/readyz", "slave2": "8082/readyz", "bin/gateway": "9000/readyz"} {
		if strings.Contains(r.command, part) {
			url = c.words("http://localhost:" + path)
		}
	}
	for until := time.Now().Add(manualWait); ; time.Sleep(50 * time.Millisecond) {
		answer, err := http.Get(url)
		if err == nil {
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return
			}
		}
		if time.Now().After(until) {
			t.Fatalf("%s does not answer at %s: %v\n%s", r.command, url, err, r.said())
		}
	}
}

// interrupt presses Ctrl-C, after which a program drains and ends well, and returns what it said.
func (c *checkout) interrupt(t *testing.T, command string) string {
	t.Helper()
	i := slices.IndexFunc(c.running, func(r *running) bool { return r.command == command })
	r := c.running[i]
	c.running = slices.Delete(c.running, i, i+1)
	if err := syscall.Kill(-r.cmd.Process.Pid, syscall.SIGINT); err != nil {
		t.Fatalf("%s: %v\n%s", command, err, r.said())
	}
	timer := time.AfterFunc(manualWait, r.kill)
	defer timer.Stop()
	err := r.cmd.Wait()
	if strings.HasPrefix(command, "go run ") && strings.Contains(r.said(), "has ended") {
		err = nil // whatever the program does, go run ends with status 1 when it is interrupted
	}
	if err != nil {
		t.Errorf("%s, interrupted, ends with %v\n%s", command, err, r.said())
	}
	r.kill()
	return r.said()
}

// interruptAll interrupts all that runs, the last first.
func (c *checkout) interruptAll(t *testing.T) {
	t.Helper()
	for len(c.running) > 0 {
		c.interrupt(t, c.running[len(c.running)-1].command)
	}
}

// end ends all that still runs.
func (c *checkout) end(t *testing.T) {
	for _, r := range c.running {
		r.kill()
		r.cmd.Wait()
	}
	if _, err := os.Stat(filepath.Join(c.dir, "bin")); err == nil {
		c.run(t, "scripts/stop_cluster.sh")
	}
	c.life[1].Close()
	c.life[0].Close()
}
