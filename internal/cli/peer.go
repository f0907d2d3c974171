package cli

import (
	"context"
	"strconv"

	"github.com/kamaitachi/kamaitachi/bench"
)

// peer is a bare server to compare with: the ceiling of a transport on this machine.
type peer struct {
	serve func(ctx context.Context, addr string, size int, listening func(addr string)) error
	// head is what the transport adds to each reply of this peer, in bytes.
	head int
}

var peers = map[string]peer{
	"echo":      {serve: bench.ServeEcho},
	"null-http": {serve: bench.ServeNullHTTP, head: bench.NullHTTPHead},
}

// peerOf names the peer of each transport, and the dialect that it is spoken to in.
var peerOf = map[string]struct{ name, dialect string }{
	"kama": {"echo", "echo"},
	"http": {"null-http", "http"},
}

// startPeer starts the peer of a load, with replies as long as those of the warm-up, and returns the load for it.
func startPeer(ctx context.Context, s Streams, load bench.Load, warm *bench.Outcome) (*childProcess, bench.Load, error) {
	of := peerOf[load.Addresses[0].Scheme]
	size := max(int(warm.ReplySize)-peers[of.name].head, 64)
	c, err := startChild(ctx, s, "bench", of.name, "-until-input-ends", "-bytes", strconv.Itoa(size))
	if err != nil {
		return nil, load, err
	}
	load.Addresses = []bench.Address{{Scheme: of.dialect, Host: c.Addrs[of.name]}}
	return c, load, nil
}

// runPeer serves a peer until it is told to end.
func runPeer(ctx context.Context, name string, args []string, s Streams) error {
	f := newFlags(s, "bench "+name, "-addr HOST:PORT -bytes N")
	addr := f.String("addr", "127.0.0.1:0", "`address` to listen on; port 0 = any free one")
	size := f.Int("bytes", 1024, "size of each reply")
	child := f.Bool("until-input-ends", false, "end when standard input does")
	if err := parse(f, args, 0); err != nil {
		return err
	}
	if *child {
		var cancel context.CancelFunc
		ctx, cancel = untilInputEnds(ctx, s.In)
		defer cancel()
	}
	return peers[name].serve(ctx, *addr, *size, func(addr string) { printReady(s.Out, name+"="+addr) })
}
