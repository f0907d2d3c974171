package clustertest

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Node is a node of a cluster: its place, whether or not a process runs there.
type Node struct {
	Name string // "node-0", ...
	Dir  string // of its data
	Log  string // the file of its standard error
	// Args are further arguments of the program, for the next Start.
	Args []string

	HTTP, Native, Replication string // host:port, from the first start on

	c *Cluster
	p *process
}

// Start starts the node and waits until it listens, which is before it is ready.
func (n *Node) Start() {
	n.c.t.Helper()
	n.Launch()
	n.AwaitListening()
}

// Launch starts the node and does not wait: one without data listens only once it knows of which cluster it is to be.
func (n *Node) Launch() {
	n.c.t.Helper()
	p, err := launch(n.c.program, n.Log, n.arguments()...)
	if err != nil {
		n.c.t.Fatal(err)
	}
	n.p = p
}

// AwaitListening waits until a node that was launched listens. The first time it notes where; from then on the addresses
// stay as they are, so that goroutines may read them while the node is started again.
func (n *Node) AwaitListening() {
	n.c.t.Helper()
	select {
	case addrs, ok := <-n.p.ready:
		if !ok {
			n.c.t.Fatalf("%s ended before it listened:\n%s", n.Name, tail(n.Log))
		}
		n.settle(addrs["http"], addrs["native"], addrs["replication"])
	case <-time.After(startWait):
		n.c.t.Fatalf("%s does not listen within %v:\n%s", n.Name, startWait, tail(n.Log))
	}
}

// settle notes the addresses of the first start, and sees that a later one has the same.
func (n *Node) settle(http, native, replication string) {
	n.c.t.Helper()
	if n.Native == "" {
		n.HTTP, n.Native, n.Replication = http, native, replication
	}
	if n.HTTP != http || n.Native != native || n.Replication != replication {
		n.c.t.Fatalf("%s moved from %s, %s, %s to %s, %s, %s", n.Name, n.HTTP, n.Native, n.Replication, http, native, replication)
	}
}

// arguments returns those of the program. Ports are those of the run before.
func (n *Node) arguments() []string {
	args := []string{"node", "-db", n.Dir}
	for _, pair := range []string{
		"server.mode=" + n.c.modeOf(n), "server.port=" + port(n.HTTP), "server.native_port=" + port(n.Native),
		"server.replication_port=" + port(n.Replication), "server.service_name=" + n.Name, "ratelimit.default=0",
		fmt.Sprint("server.expect=", n.c.o.Expect), fmt.Sprint("server.bootstrap=", n.c.modeOf(n) == "master"),
		"etcd.endpoints=" + n.c.Etcd(), "etcd.ttl=2s", "etcd.timeout=1s", "log.level=" + n.c.o.LogLevel,
	} {
		args = append(args, "-set", pair)
	}
	return append(append(args, n.c.o.Args...), n.Args...)
}

// port returns the port of an address, "0" if there is none yet.
func port(address string) string {
	if _, port, err := net.SplitHostPort(address); err == nil {
		return port
	}
	return "0"
}

// Kill ends the node by SIGKILL and waits until it is gone.
func (n *Node) Kill() { n.p.kill() }

// Stop ends the node by SIGTERM, waits until it has drained, and returns its exit status.
func (n *Node) Stop() int {
	n.c.t.Helper()
	n.p.signal(syscall.SIGTERM)
	select {
	case <-n.p.ended:
	case <-time.After(Patience):
		n.p.signal(syscall.SIGQUIT) // it says where it hangs
		<-n.p.ended
		n.c.t.Errorf("%s was told to end and did not within %v; its log says where it hung", n.Name, Patience)
	}
	n.p.stdin.Close()
	return n.p.cmd.ProcessState.ExitCode()
}

// Pause stops the process in its tracks, as a hanging machine would; Resume lets it go on.
func (n *Node) Pause() { n.p.signal(syscall.SIGSTOP) }

// Resume lets a paused process go on.
func (n *Node) Resume() { n.p.signal(syscall.SIGCONT) }

// Running tells whether the node has a process.
func (n *Node) Running() bool { return n.p.running() }

// PID returns the number of its process.
func (n *Node) PID() int { return n.p.cmd.Process.Pid }

// Said tells whether the log has a text, and how often.
func (n *Node) Said(text string) int { return strings.Count(read(n.Log), text) }

// asking is for the questions of Get. A node that hangs is one that does not answer.
var asking = http.Client{Timeout: 2 * time.Second}

// Get asks the JSON endpoints and returns the status and the answer; 0 = there was none.
func (n *Node) Get(path string) (status int, body string) {
	return n.ask(http.MethodGet, path, "")
}

// Post sends a body.
func (n *Node) Post(path, body string) (status int, answer string) {
	return n.ask(http.MethodPost, path, body)
}

func (n *Node) ask(method, path, body string) (status int, answer string) {
	q, err := http.NewRequest(method, "http://"+n.HTTP+path, strings.NewReader(body))
	if err != nil {
		return 0, err.Error()
	}
	r, err := asking.Do(q)
	if err != nil {
		return 0, err.Error()
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return 0, err.Error()
	}
	return r.StatusCode, string(text)
}

// Ready tells whether /readyz says yes.
func (n *Node) Ready() bool {
	if !n.Running() {
		return false
	}
	status, _ := n.Get("/readyz")
	return status == http.StatusOK
}

// Stats returns the figures of /stats; nil = it does not answer.
func (n *Node) Stats() map[string]any {
	if !n.Running() {
		return nil
	}
	status, body := n.Get("/stats")
	if status != http.StatusOK {
		return nil
	}
	var figures map[string]any
	if err := json.Unmarshal([]byte(body), &figures); err != nil {
		return nil
	}
	return figures
}

// Role returns "master" or "slave"; "" = it does not answer.
func (n *Node) Role() string {
	role, _ := n.Stats()["role"].(string)
	return role
}

// Applied returns the index that the node has applied; 0 = it does not answer.
func (n *Node) Applied() uint64 {
	index, _ := n.Stats()["applied_index"].(float64)
	return uint64(index)
}

// ID returns the node's id; "" = it does not answer.
func (n *Node) ID() string {
	id, _ := n.Stats()["node"].(string)
	return id
}

// Wipe removes the node's data; its process must have ended.
func (n *Node) Wipe() {
	n.c.t.Helper()
	if n.Running() {
		n.c.t.Fatalf("%s runs; it cannot be wiped", n.Name)
	}
	removeAll(n.c.t, n.Dir)
}

// RaftDir is where the node's log lies.
func (n *Node) RaftDir() string { return filepath.Join(n.Dir, "raft") }
