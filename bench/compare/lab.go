package compare

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/kamaitachi/kamaitachi/bench"
	"github.com/kamaitachi/kamaitachi/bench/redis"
	"github.com/kamaitachi/kamaitachi/internal/child"
	"github.com/kamaitachi/kamaitachi/internal/dataset"
)

// lab starts what contests need and keeps what several of them use.
type lab struct {
	o       *Options
	dir     string
	made    int // directories made, to name the next
	markets map[int]string
	nodes   map[nodeSpec]*node
	dirs    map[nodeSpec]string // with the data of those that were started
	redis   *redisPeer
	closers []func() error // of the run, in the order of opening
	ends    []func() error // of the contest
}

func openLab(o *Options) (*lab, error) {
	dir, err := os.MkdirTemp(o.Dir, "kamaitachi-compare-")
	if err != nil {
		return nil, err
	}
	return &lab{o: o, dir: dir, markets: map[int]string{}, nodes: map[nodeSpec]*node{},
		dirs: map[nodeSpec]string{}}, nil
}

// logf says what is being done.
func (l *lab) logf(format string, args ...any) { fmt.Fprintf(l.o.Log, format+"\n", args...) }

// close stops everything and removes the data.
func (l *lab) close() error {
	err := errors.Join(l.endBout(), closeAll(&l.closers))
	return errors.Join(err, os.RemoveAll(l.dir))
}

// endBout stops what a contest had for itself.
func (l *lab) endBout() error { return closeAll(&l.ends) }

// closeAll calls and drops the functions, the last first.
func closeAll(fs *[]func() error) error {
	var errs []error
	for i := len(*fs) - 1; i >= 0; i-- {
		errs = append(errs, (*fs)[i]())
	}
	*fs = nil
	return errors.Join(errs...)
}

// newDir returns the path of a directory that does not exist yet.
func (l *lab) newDir(name string) string {
	l.made++
	return filepath.Join(l.dir, fmt.Sprintf("%s-%d", name, l.made))
}

// start starts a command of this program; it is stopped with the contest, or with the run.
func (l *lab) start(ctx context.Context, ends *[]func() error, args ...string) (*child.Process, error) {
	p, err := child.Start(ctx, child.Options{Err: l.o.Err, Wait: startWait}, l.o.Program, args...)
	if err != nil {
		return nil, err
	}
	*ends = append(*ends, p.Stop)
	return p, nil
}

// run runs a program to its end and returns its standard output.
func (l *lab) run(ctx context.Context, program string, args ...string) (string, error) {
	c := exec.CommandContext(ctx, program, args...)
	var errs strings.Builder
	c.Stderr = &errs
	out, err := c.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w: %.300s", filepath.Base(program), strings.Join(args, " "), err, errs.String())
	}
	return string(out), nil
}

// marketFile returns the path of a made-up market of so many subjects as CSV, which is written once.
func (l *lab) marketFile(subjects int) (string, error) {
	if path, ok := l.markets[subjects]; ok {
		return path, nil
	}
	path := filepath.Join(l.dir, fmt.Sprintf("market-%d.csv", subjects))
	f, err := os.Create(path)
	if err != nil {
		return "", err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	err = dataset.Generate(w, dataset.MarketOptions{Subjects: subjects, Seed: 1})
	if err = errors.Join(err, w.Flush(), f.Close()); err != nil {
		return "", fmt.Errorf("write a made-up market: %w", err)
	}
	l.markets[subjects] = path
	return path, nil
}

// redisPeer is the redis-server of a run.
type redisPeer struct {
	*redis.Server
	program string
	ready   map[int]bool        // sizes of payloads that are filled in
	ranked  string              // what is filled in for rankings
	orders  map[string][]string // of its sorted sets
}

// startRedis returns the redis-server of the run. The error is errAbsent where there is none.
func (l *lab) startRedis(ctx context.Context) (*redisPeer, error) {
	if l.redis != nil {
		return l.redis, nil
	}
	program, err := redis.Find(l.o.Redis)
	if err != nil {
		return nil, absent("%w", err)
	}
	dir := l.newDir("redis")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	s, err := redis.Start(ctx, program, dir)
	if err != nil {
		return nil, absent("%w", err)
	}
	l.closers = append(l.closers, s.Stop)
	l.redis = &redisPeer{Server: s, program: program, ready: map[int]bool{}}
	return l.redis, nil
}

// fillReady has payloads of size bytes in Redis.
func (p *redisPeer) fillReady(ctx context.Context, size int) error {
	if p.ready[size] {
		return nil
	}
	p.ready[size] = true
	return redis.FillReady(ctx, p.Addr(), size)
}

// fillRanked has what a node holds in Redis.
func (p *redisPeer) fillRanked(ctx context.Context, n *node) error {
	if p.ranked == n.Addrs["native"] {
		return nil
	}
	all, err := n.newest(ctx)
	if err != nil {
		return err
	}
	if err := redis.Fill(ctx, p.Addr(), all); err != nil {
		return err
	}
	p.ranked = n.Addrs["native"]
	p.orders, err = redis.AskOrders(ctx, p.Addr(), n.market.IDs)
	return err
}

// address is where Redis is, for a load.
func (p *redisPeer) address() []bench.Address {
	return []bench.Address{{Scheme: "redis", Host: p.Addr()}}
}
