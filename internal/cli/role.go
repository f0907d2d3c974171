package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/kamaitachi/kamaitachi/conf"
)

// Role is a program that is one thing only, under the name that the manual gives it.
type Role struct {
	name, builtin string
	mode          conf.Mode
	run           func(ctx context.Context, c *conf.Config, s Streams) error
}

// The roles.
var (
	MasterRole  = Role{"master", masterFile, conf.Master, serve}
	SlaveRole   = Role{"slave", slaveFile, conf.Slave, serve}
	GatewayRole = Role{"gateway", gatewayFile, conf.Gateway, serveGateway}
)

// configDir is where, from the working directory, a role looks for the configuration that it is not told.
const configDir = "conf"

// Main runs the program and returns the exit status. Without -config it takes the role's file of conf/ in the working
// directory, or the built-in one where there is none.
func (r Role) Main(args []string, s Streams) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := r.start(ctx, args, s)
	return report(err, r.name, s.Err)
}

func (r Role) start(ctx context.Context, args []string, s Streams) error {
	usage := "[-config FILE] [-set section.key=value ...]"
	if r.mode != conf.Gateway {
		usage = "[-db DIR] " + usage
	}
	f := newFlags(s, r.name, usage)
	f.Usage = func() {
		fmt.Fprintf(s.Err, "usage: %s %s\n", r.name, usage)
		f.PrintDefaults()
	}
	p := newProgram(f, r.builtin)
	db := ""
	if r.mode != conf.Gateway {
		f.StringVar(&db, "db", "", dbUsage)
	}
	if err := parse(f, args, 0); err != nil {
		return err
	}
	p.keepIn(db)
	if file := filepath.Join(configDir, r.builtin); p.path == "" {
		if _, err := os.Stat(file); err == nil {
			p.path = file
		}
	}
	return p.run(ctx, s, []conf.Mode{r.mode}, r.run)
}

// report prints err as that of a program and returns the exit status that it stands for.
func report(err error, program string, w io.Writer) int {
	code := exitStatus(err)
	if err != nil && code != 0 && err != errUsage { // alone, it was explained by the flag package
		fmt.Fprintf(w, "%s: %v\n", program, err)
	}
	return code
}
