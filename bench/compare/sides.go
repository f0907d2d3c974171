package compare

import (
	"context"
	"strconv"

	"github.com/kamaitachi/kamaitachi/bench"
	"github.com/kamaitachi/kamaitachi/bench/redis"
)

// ours is a node of this build.
type ours struct {
	shape
	name   string // label; default "kamaitachi"
	scheme string // "http" = the JSON endpoints; default native
	large  bool   // over the large market
	own    string // name of a node that other contests do not use; default the shared one
	set    string // of its configuration: section.key=value, with spaces between
	writes bool   // reports are written to it all the while
}

func (s ours) label() string {
	if s.name == "" {
		return "kamaitachi"
	}
	return s.name
}

// node returns the node that is loaded.
func (s ours) node(ctx context.Context, b *bout) (*node, error) {
	spec := nodeSpec{name: s.own, subjects: b.o.Subjects, set: s.set}
	if s.large {
		spec.subjects = b.o.Large
	}
	if b.anew {
		return b.newNode(ctx, spec)
	}
	return b.lab.node(ctx, spec)
}

func (s ours) open(ctx context.Context, b *bout) (meter, error) {
	n, err := s.node(ctx, b)
	if err != nil {
		return nil, err
	}
	load := n.load(s.shape, s.scheme)
	if s.scenario == bench.PreparedRanking {
		load.Dialect = bench.Prepared(n.market, n.deck(bench.RankingOfMany))
	}
	m, warm, err := b.meter(ctx, load)
	if err != nil {
		return nil, err
	}
	if b.replySize == 0 {
		b.node, b.replySize = n, warm.ReplySize
	}
	if s.writes {
		return whileWritten(n, m), nil
	}
	return m, nil
}

// echo is a bare gnet server that answers every frame with as many bytes as the first side does.
type echo struct{ shape }

func (echo) label() string { return "echo" }

func (s echo) open(ctx context.Context, b *bout) (meter, error) {
	return b.bare(ctx, s.shape, "echo", "echo", int(b.replySize))
}

// nullHTTP is fasthttp with a constant body; replies have as many bytes as those of the first side.
type nullHTTP struct{ shape }

func (nullHTTP) label() string { return "null-http" }

func (s nullHTTP) open(ctx context.Context, b *bout) (meter, error) {
	return b.bare(ctx, s.shape, "null-http", "http", int(b.replySize)-bench.NullHTTPHead)
}

// leastBare is the least size of a bare peer's answer, in bytes.
const leastBare = 64

// bare starts a bare peer and measures it with the requests of the first side.
func (b *bout) bare(ctx context.Context, s shape, name, scheme string, size int) (meter, error) {
	p, err := b.start(ctx, &b.ends, "bench", name, "-until-input-ends", "-bytes", strconv.Itoa(max(size, leastBare)))
	if err != nil {
		return nil, err
	}
	load := s.load(b.node.market, &bench.Deck{})
	load.Addresses, load.ServerPID = []bench.Address{{Scheme: scheme, Host: p.Addrs[name]}}, p.PID()
	m, _, err := b.meter(ctx, load)
	return m, err
}

// redisGet is GET of ready payloads of as many bytes as the first side's replies.
type redisGet struct{ shape }

func (redisGet) label() string { return "redis-get" }

func (s redisGet) open(ctx context.Context, b *bout) (meter, error) {
	p, err := b.startRedis(ctx)
	if err != nil {
		return nil, err
	}
	size := int(b.replySize)
	if err := p.fillReady(ctx, size); err != nil {
		return nil, err
	}
	return b.redisMeter(ctx, p, s.shape, func() bench.Dialect { return &redis.Get{Size: size} })
}

// redisLua ranks the same lists in a script over hashes.
type redisLua struct{ shape }

func (redisLua) label() string { return "redis-lua" }

func (s redisLua) open(ctx context.Context, b *bout) (meter, error) {
	p, err := b.startRedis(ctx)
	if err != nil {
		return nil, err
	}
	if err := p.fillRanked(ctx, b.node); err != nil {
		return nil, err
	}
	return b.redisMeter(ctx, p, s.shape, func() bench.Dialect { return &redis.Lua{} })
}

// redisZset ranks the same topic by sorted sets.
type redisZset struct{ shape }

func (redisZset) label() string { return "redis-zset" }

func (s redisZset) open(ctx context.Context, b *bout) (meter, error) {
	p, err := b.startRedis(ctx)
	if err != nil {
		return nil, err
	}
	if err := p.fillRanked(ctx, b.node); err != nil {
		return nil, err
	}
	return b.redisMeter(ctx, p, s.shape, func() bench.Dialect { return &redis.Zset{Orders: p.orders} })
}

func (b *bout) redisMeter(ctx context.Context, p *redisPeer, s shape, d func() bench.Dialect) (meter, error) {
	load := s.load(b.node.market, &bench.Deck{})
	load.Addresses, load.ServerPID, load.Dialect = p.address(), p.PID(), d
	m, _, err := b.meter(ctx, load)
	return m, err
}
