package cli

import (
	"context"
	"flag"
	"fmt"
	"path/filepath"

	"github.com/kamaitachi/kamaitachi/conf"
)

// The shipped files that programs take when they are told no other.
const (
	standaloneFile = "standalone.ini"
	masterFile     = "master.ini"
	slaveFile      = "slave1.ini"
	gatewayFile    = "gateway.ini"
)

// program is a long-running command: what its flags say about its configuration.
type program struct {
	builtin      string
	path         string
	set          list
	print, check bool
	child        bool
}

// newProgram defines the flags that every program has.
func newProgram(f *flag.FlagSet, builtin string) *program {
	p := &program{builtin: builtin}
	f.StringVar(&p.path, "config", "", "configuration `file` (default: a built-in conf/"+builtin+")")
	f.Var(&p.set, "set", "`section.key=value` instead of the configuration's; may be given several times")
	f.BoolVar(&p.print, "print-config", false, "print the configuration, with where each value comes from, and end")
	f.BoolVar(&p.check, "check-config", false, "check the configuration and end")
	f.BoolVar(&p.child, "until-input-ends", false, "end when standard input does, for a program that started this one")
	return p
}

// dbUsage explains the flag -db.
const dbUsage = "data `directory`, instead of the configuration's"

// keepIn sets the data directory, unless dir is "". These are other data than those that the configuration means, so the
// snapshot of their caches is another too, unless -set names one.
func (p *program) keepIn(dir string) {
	if dir != "" {
		p.set = append(list{"cache.snapshot_path=" + filepath.Clean(dir) + "_snapshot.dat"}, p.set...)
		p.set = append(p.set, "server.data_dir="+dir)
	}
}

// run loads the configuration, which must be of one of the modes, and serves it, unless it is only to be looked at.
func (p *program) run(ctx context.Context, s Streams, modes []conf.Mode, serve func(context.Context, *conf.Config, Streams) error) error {
	c, err := conf.Load(p.path, conf.LoadOptions{Env: s.Env, Set: p.set, Modes: modes, Builtin: p.builtin})
	if err != nil {
		return err
	}
	switch {
	case p.print:
		return c.Print(s.Out)
	case p.check:
		_, err := fmt.Fprintln(s.Out, "the configuration is good")
		return err
	}
	if p.child {
		var cancel context.CancelFunc
		ctx, cancel = untilInputEnds(ctx, s.In)
		defer cancel()
	}
	return serve(ctx, c, s)
}
