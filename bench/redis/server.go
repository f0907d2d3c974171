package redis

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"time"
)

// Server is a redis-server of one run: in memory only, on a free port of loopback.
type Server struct {
	cmd  *exec.Cmd
	addr string
	done chan error
}

// Find returns the path of redis-server: path itself where it is given, else the one on PATH. ErrNotInstalled
// when there is none.
func Find(path string) (string, error) {
	if path == "" {
		path = "redis-server"
	}
	found, err := exec.LookPath(path)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrNotInstalled, err)
	}
	return found, nil
}

// Version returns what the program says of itself.
func Version(ctx context.Context, program string) (string, error) {
	out, err := exec.CommandContext(ctx, program, "--version").Output()
	if err != nil {
		return "", fmt.Errorf("%s --version: %w", program, err)
	}
	return strings.TrimSpace(string(out)), nil
}

// attempts is how often a port is chosen: another program may take it before Redis listens.
const attempts = 3

// Start starts the program with dir as its working directory and waits until it answers.
func Start(ctx context.Context, program, dir string) (*Server, error) {
	var err error
	for range attempts {
		var s *Server
		if s, err = start(ctx, program, dir); err == nil {
			return s, nil
		}
	}
	return nil, err
}

// Arguments are those that Start gives to redis-server beside port, address and directory: nothing is written to disk.
var Arguments = []string{"--save", "", "--appendonly", "no", "--daemonize", "no", "--loglevel", "warning"}

func start(ctx context.Context, program, dir string) (*Server, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	args := append([]string{"--port", port, "--bind", "127.0.0.1", "--dir", dir}, Arguments...)
	s := &Server{cmd: exec.Command(program, args...), addr: net.JoinHostPort("127.0.0.1", port), done: make(chan error, 1)}
	if err := s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", program, err)
	}
	go func() { s.done <- s.cmd.Wait() }()
	if err := s.ready(ctx); err != nil {
		s.Stop()
		return nil, err
	}
	return s, nil
}

// freePort returns a port that nobody listens on now.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, err
}

const (
	readyWait = 20 * time.Second
	readyTick = 10 * time.Millisecond
)

// ready waits until the server answers PING.
func (s *Server) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyWait)
	defer cancel()
	for {
		err := s.ping(ctx)
		if err == nil {
			return nil
		}
		select {
		case ended := <-s.done:
			s.done <- ended
			return fmt.Errorf("redis-server ended before it answered: %w", err)
		case <-ctx.Done():
			return fmt.Errorf("redis-server did not answer within %s: %w", readyWait, err)
		case <-time.After(readyTick):
		}
	}
}

func (s *Server) ping(ctx context.Context) error {
	c, err := Dial(ctx, s.addr)
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = c.Do("PING")
	return err
}

// Addr returns host:port.
func (s *Server) Addr() string { return s.addr }

// PID returns the number of the process.
func (s *Server) PID() int { return s.cmd.Process.Pid }

// Stop ends the server and waits for it.
func (s *Server) Stop() error {
	s.cmd.Process.Kill()
	<-s.done
	return nil
}
