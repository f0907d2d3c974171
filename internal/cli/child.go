package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/kamaitachi/kamaitachi/bench"
)

// readyPrefix begins the line that a node or peer prints on standard output when it answers; name=address pairs follow.
const readyPrefix = "ready"

// child is a process of this program that was started to be measured or shown. It ends when its standard input closes,
// so also when this process dies.
type child struct {
	cmd   *exec.Cmd
	stdin io.Closer
	addrs map[string]string // "native" -> host:port
	done  chan error
}

// readyWait bounds how long a child may take to answer.
const readyWait = 60 * time.Second

// startChild starts `kamaitachi args...` and waits until it says that it is ready.
func startChild(ctx context.Context, s Streams, args ...string) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	c := &child{cmd: exec.Command(self, args...), done: make(chan error, 1)}
	c.cmd.Stderr = s.Err
	c.cmd.Env = s.Env
	stdin, err := c.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	c.stdin = stdin
	stdout, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", args[0], err)
	}
	ready := make(chan map[string]string, 1)
	go func() {
		scanReady(stdout, ready)
		c.done <- c.cmd.Wait()
	}()
	select {
	case c.addrs = <-ready:
		if c.addrs != nil {
			return c, nil
		}
		return nil, fmt.Errorf("%s ended before it was ready: %w", args[0], errors.Join(errEnded, <-c.done))
	case <-time.After(readyWait):
		c.stop()
		return nil, fmt.Errorf("%s was not ready within %s", args[0], readyWait)
	case <-ctx.Done():
		c.stop()
		return nil, ctx.Err()
	}
}

var errEnded = errors.New("its standard error says why")

// scanReady passes the addresses of the ready line on, or nil when there is none, and reads the rest away.
func scanReady(r io.Reader, ready chan<- map[string]string) {
	lines := bufio.NewScanner(r)
	found := false
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		if found || len(words) == 0 || words[0] != readyPrefix {
			continue
		}
		found = true
		addrs := map[string]string{}
		for _, w := range words[1:] {
			name, addr, _ := strings.Cut(w, "=")
			addrs[name] = addr
		}
		ready <- addrs
	}
	if !found {
		ready <- nil
	}
}

// printReady tells a parent, or a person, that the program answers.
func printReady(w io.Writer, pairs ...string) {
	fmt.Fprintln(w, readyPrefix, strings.Join(pairs, " "))
}

// native returns the address of the native protocol.
func (c *child) native() bench.Address { return bench.Address{Scheme: "kama", Host: c.addrs["native"]} }

// http returns the address of the JSON endpoints.
func (c *child) http() bench.Address { return bench.Address{Scheme: "http", Host: c.addrs["http"]} }

// cpu returns the CPU time that the process has used, 0 where the system does not tell.
func (c *child) cpu() time.Duration {
	used, err := bench.ProcessCPU(c.cmd.Process.Pid)
	if err != nil {
		return 0
	}
	return used
}

// stopWait bounds how long a child may take to drain.
const stopWait = 15 * time.Second

// stop ends the child and waits for it.
func (c *child) stop() error {
	c.stdin.Close()
	select {
	case err := <-c.done:
		return err
	case <-time.After(stopWait):
		c.cmd.Process.Kill()
		return fmt.Errorf("%s did not stop within %s", c.cmd.Args[1], stopWait)
	}
}

// untilInputEnds returns a context that ends when in does, for a child whose parent holds the other end.
func untilInputEnds(ctx context.Context, in io.Reader) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		io.Copy(io.Discard, in)
		cancel()
	}()
	return ctx, cancel
}
