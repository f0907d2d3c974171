package cli

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"github.com/kamaitachi/kamaitachi/conf"
)

// EtcdOptions is what `kamaitachi etcd` was asked for.
type EtcdOptions struct {
	Dir      string
	Listen   string // host:port, or unix:PATH
	Members  int
	Insecure bool // Listen may be beyond loopback
	Log      *slog.Logger
}

// Etcd is a running etcd.
type Etcd interface {
	Endpoints() []string  // where clients reach its members
	Failed() <-chan error // delivers what ended a member by itself
	Close() error
}

// EtcdCommand returns the command that runs an etcd of its own. start returns once it answers; it is passed in so that
// only the program that has this command links etcd's server.
func EtcdCommand(start func(context.Context, EtcdOptions) (Etcd, error)) Command {
	return Command{"etcd", "run an etcd for a cluster on this machine, to try things out",
		func(ctx context.Context, args []string, s Streams) error { return runEtcd(ctx, args, s, start) }}
}

func runEtcd(ctx context.Context, args []string, s Streams, start func(context.Context, EtcdOptions) (Etcd, error)) error {
	f := newFlags(s, "etcd", "[-dir DIR] [-listen HOST:PORT] [-members N] [-log-file FILE]")
	var o EtcdOptions
	f.StringVar(&o.Dir, "dir", "./data/etcd", "`directory` of its data")
	f.StringVar(&o.Listen, "listen", "127.0.0.1:2379", "`address` for clients: host:port (port 0 = any free one), or unix:PATH")
	f.IntVar(&o.Members, "members", 1, "`number` of members, all in this process; more than one needs a new directory")
	f.BoolVar(&o.Insecure, "insecure", false, "listen beyond loopback, for whoever reaches it to read and write")
	c := conf.Default().Log
	f.StringVar(&c.File, "log-file", "", "`file` to log to, which is rotated (default standard error)")
	child := f.Bool("until-input-ends", false, "end when standard input does, for a program that started this one")
	if err := parse(f, args, 0); err != nil {
		return err
	}
	if *child {
		var cancel context.CancelFunc
		ctx, cancel = untilInputEnds(ctx, s.In)
		defer cancel()
	}
	log, closeLog, err := openLog(&c, s)
	if err != nil {
		return err
	}
	defer closeLog()
	o.Log = log
	etcd, err := start(ctx, o)
	if err != nil {
		if ctx.Err() != nil {
			return nil // it was told to end before it answered
		}
		return err
	}
	printReady(s.Out, "etcd="+strings.Join(etcd.Endpoints(), ","))
	select {
	case <-ctx.Done():
		return etcd.Close()
	case err = <-etcd.Failed():
		etcd.Close() // what failed first says more
		return fmt.Errorf("directory %s: %w", o.Dir, err)
	}
}
