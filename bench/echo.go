package bench

import (
	"context"
	"fmt"
	"net"
	"syscall"

	"github.com/VictoriaMetrics/fastcache"
	"github.com/panjf2000/gnet/v2"
	"go.uber.org/zap"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// Echo is a bare gnet server that answers every frame with a ready payload from fastcache and parses nothing. It is
// the ceiling of this design on a machine.
type Echo struct {
	gnet.BuiltinEventEngine
	cache *fastcache.Cache
	// Listening is called once with the address.
	listening func(addr string)
	engine    gnet.Engine
}

const echoCacheBytes = 32 << 20

var echoKey = []byte("reply")

// maxEchoFrame bounds the frames that the echo accepts.
const maxEchoFrame = protocol.DefaultMaxRequest

// ServeEcho listens on addr (host:port, port 0 = any free one) and answers every frame with one of replySize bytes
// until ctx is done.
func ServeEcho(ctx context.Context, addr string, replySize int, listening func(addr string)) error {
	if replySize <= protocol.FramePrefix || replySize > 60<<10 {
		return fmt.Errorf("bench: an echo of %d bytes is outside %d to %d", replySize, protocol.FramePrefix+1, 60<<10)
	}
	e := &Echo{cache: fastcache.New(echoCacheBytes), listening: listening}
	reply := make([]byte, replySize)
	e.cache.Set(echoKey, protocol.FinishFrame(reply, 0))
	defer context.AfterFunc(ctx, func() { e.engine.Stop(context.Background()) })()
	if err := gnet.Run(e, "tcp://"+addr, gnet.WithMulticore(true), quiet()); err != nil {
		return fmt.Errorf("echo on %s: %w", addr, err)
	}
	return nil
}

// quiet keeps gnet from writing what it does to standard output, where figures are expected. What fails is returned anyway.
func quiet() gnet.Option { return gnet.WithLogger(zap.NewNop().Sugar()) }

// OnBoot tells the address.
func (e *Echo) OnBoot(engine gnet.Engine) gnet.Action {
	e.engine = engine
	addr, err := boundAddr(engine)
	if err != nil {
		return gnet.Shutdown
	}
	e.listening(addr)
	return gnet.None
}

// OnOpen gives the connection its buffer of replies.
func (e *Echo) OnOpen(c gnet.Conn) ([]byte, gnet.Action) {
	c.SetContext(new([]byte))
	return nil, gnet.None
}

// OnTraffic answers all frames that are there with one write.
func (e *Echo) OnTraffic(c gnet.Conn) gnet.Action {
	buf, _ := c.Peek(-1)
	out := c.Context().(*[]byte)
	*out = (*out)[:0]
	used := 0
	for len(buf)-used >= protocol.FramePrefix {
		size, err := protocol.FrameSize(buf[used:], maxEchoFrame)
		if err != nil {
			return gnet.Close
		}
		if len(buf)-used < protocol.FramePrefix+size {
			break
		}
		used += protocol.FramePrefix + size
		*out = e.cache.Get(*out, echoKey)
	}
	if used == 0 {
		return gnet.None
	}
	if _, err := c.Discard(used); err != nil {
		return gnet.Close
	}
	if _, err := c.Write(*out); err != nil {
		return gnet.Close
	}
	return gnet.None
}

// boundAddr returns the address that the engine listens on, which port 0 leaves to the system.
func boundAddr(engine gnet.Engine) (string, error) {
	fd, err := engine.Dup()
	if err != nil {
		return "", fmt.Errorf("duplicate the listener: %w", err)
	}
	defer syscall.Close(fd)
	sa, err := syscall.Getsockname(fd)
	if err != nil {
		return "", fmt.Errorf("address of the listener: %w", err)
	}
	switch a := sa.(type) {
	case *syscall.SockaddrInet4:
		return (&net.TCPAddr{IP: a.Addr[:], Port: a.Port}).String(), nil
	case *syscall.SockaddrInet6:
		return (&net.TCPAddr{IP: a.Addr[:], Port: a.Port}).String(), nil
	}
	return "", fmt.Errorf("a listener of an unknown family %T", sa)
}

// echoDialect speaks to an Echo: requests are native ones, replies are frames in order.
type echoDialect struct {
	kamaDialect
	nextID uint64
}

func (d *echoDialect) Greet(net.Conn) error { return nil }

func (d *echoDialect) Reply(buf []byte) (int, uint64, bool, error) {
	if len(buf) < protocol.FramePrefix {
		return 0, 0, false, nil
	}
	size, err := protocol.FrameSize(buf, protocol.DefaultMaxReply)
	if err != nil {
		return 0, 0, false, err
	}
	if size += protocol.FramePrefix; len(buf) < size {
		return 0, 0, false, nil
	}
	d.nextID++
	return size, d.nextID - 1, true, nil
}
