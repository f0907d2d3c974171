// Package child runs programs that end with the one that started them: nodes and peers that are measured or shown.
//
// A child prints a line "ready name=host:port ..." on standard output once it answers, and ends when its standard input
// closes, so also when its parent dies.
package child

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
)

// ReadyPrefix begins the line that says that a child answers; name=address pairs follow.
const ReadyPrefix = "ready"

// ErrEnded is returned by Start when the child ended before it was ready; its standard error says why.
var ErrEnded = errors.New("it ended before it was ready; its standard error says why")

// DefaultWait is how long a child may take to answer.
const DefaultWait = 60 * time.Second

// Options say how a child is started. The zero value works.
type Options struct {
	Env  []string      // as os.Environ returns it; default that of this process
	Err  io.Writer     // its standard error; default nowhere
	Wait time.Duration // until it is ready; default DefaultWait
}

// Process is a child that answers.
type Process struct {
	Addrs map[string]string // "native" -> host:port

	cmd   *exec.Cmd
	stdin io.Closer
	done  chan error
}

// Start starts program with args and waits until it says that it is ready.
func Start(ctx context.Context, o Options, program string, args ...string) (*Process, error) {
	if o.Wait == 0 {
		o.Wait = DefaultWait
	}
	p := &Process{cmd: exec.Command(program, args...), done: make(chan error, 1)}
	p.cmd.Env, p.cmd.Stderr = o.Env, o.Err
	stdin, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	p.stdin = stdin
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", p.name(), err)
	}
	ready := make(chan map[string]string, 1)
	go func() {
		scanReady(stdout, ready)
		p.done <- p.cmd.Wait()
	}()
	select {
	case p.Addrs = <-ready:
		if p.Addrs != nil {
			return p, nil
		}
		return nil, fmt.Errorf("%s: %w", p.name(), errors.Join(ErrEnded, <-p.done))
	case <-time.After(o.Wait):
		return nil, errors.Join(fmt.Errorf("%s was not ready within %s", p.name(), o.Wait), p.Stop())
	case <-ctx.Done():
		return nil, errors.Join(ctx.Err(), p.Stop())
	}
}

// name is what the child is called in errors: the command, or the program where there is none.
func (p *Process) name() string {
	if len(p.cmd.Args) > 1 {
		return p.cmd.Args[1]
	}
	return p.cmd.Path
}

// scanReady passes the addresses of the ready line on, or nil when there is none, and reads the rest away.
func scanReady(r io.Reader, ready chan<- map[string]string) {
	lines := bufio.NewScanner(r)
	found := false
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		if found || len(words) == 0 || words[0] != ReadyPrefix {
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

// PID returns the number of the process.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Kill ends the child as a power switch would, and waits until it is gone. Stop need not be called, and may be.
func (p *Process) Kill() error {
	err := p.cmd.Process.Kill()
	if errors.Is(err, os.ErrProcessDone) {
		err = nil
	}
	<-p.done
	p.done <- nil // for Stop
	p.stdin.Close()
	return err
}

// stopWait bounds how long a child may take to drain.
const stopWait = 15 * time.Second

// Stop ends the child and waits for it.
func (p *Process) Stop() error {
	p.stdin.Close()
	select {
	case err := <-p.done:
		return err
	case <-time.After(stopWait):
		p.cmd.Process.Kill()
		return fmt.Errorf("%s did not stop within %s", p.name(), stopWait)
	}
}
