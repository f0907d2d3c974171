package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/kamaitachi/kamaitachi/bench"
	"github.com/kamaitachi/kamaitachi/internal/child"
)

// childProcess is a process of this program that was started to be measured or shown.
type childProcess struct{ *child.Process }

// startChild starts `kamaitachi args...` and waits until it says that it is ready.
func startChild(ctx context.Context, s Streams, args ...string) (*childProcess, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	p, err := child.Start(ctx, child.Options{Env: s.Env, Err: s.Err}, self, args...)
	if err != nil {
		return nil, err
	}
	return &childProcess{p}, nil
}

// printReady tells a parent, or a person, that the program answers.
func printReady(w io.Writer, pairs ...string) {
	fmt.Fprintln(w, child.ReadyPrefix, strings.Join(pairs, " "))
}

// native returns the address of the native protocol.
func (c *childProcess) native() bench.Address {
	return bench.Address{Scheme: "kama", Host: c.Addrs["native"]}
}

// http returns the address of the JSON endpoints.
func (c *childProcess) http() bench.Address {
	return bench.Address{Scheme: "http", Host: c.Addrs["http"]}
}

// stop ends the child and waits for it.
func (c *childProcess) stop() error { return c.Stop() }

// untilInputEnds returns a context that ends when in does, for a child whose parent holds the other end.
func untilInputEnds(ctx context.Context, in io.Reader) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		io.Copy(io.Discard, in)
		cancel()
	}()
	return ctx, cancel
}
