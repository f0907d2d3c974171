// Package cli is the command line: one function a command, in a table. A command reads flags, calls the rooms that do
// the work and prints; it decides nothing about data itself.
//
// Exit status: 0 = done, 1 = it failed (one line on standard error says what and where), 2 = the call was wrong.
package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// Streams is what a command has of the outside world.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
	Env      []string // as os.Environ returns it
	Version  string   // of the program
	Program  string   // how it was called
}

// System returns the streams of this process.
func System(version string) Streams {
	return Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Env: os.Environ(), Version: version, Program: os.Args[0]}
}

// Command is one entry of the table. A program may bring commands of its own to Main: what they link, others do not.
type Command struct {
	name, does string
	run        func(ctx context.Context, args []string, s Streams) error
}

func commands() []Command {
	return []Command{
		{"node", "run a node", runNode},
		{"gateway", "run a gateway before nodes", runGateway},
		{"demo", "load real company reports into a node, ask it the four scenarios, print what was measured", runDemo},
		{"bench", "load a node with the four scenarios and measure it", runBench},
		{"import", "load a file into a running node or into a new data directory", runImport},
		{"export", "write all reports as CSV or NDJSON", runExport},
		{"generate", "write a made-up market as CSV", runGenerate},
		{"query", "ask a node: snapshot, period, recent, select, tables, subjects, stats", runQuery},
		{"status", "show a cluster: its nodes, their roles, how far they are", runStatus},
		{"member", "list the members of a cluster, remove one", runMember},
		{"verify", "read a whole data directory and check it", runVerify},
		{"version", "print the version", runVersion},
	}
}

// errUsage marks errors of the call itself; the flag package has printed what was wrong.
var errUsage = errors.New("wrong usage")

// Main runs a command, one of the table or of more, and returns the exit status.
func Main(args []string, s Streams, more ...Command) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	all := append(commands(), more...)
	if len(args) == 0 {
		printHelp(s.Err, all)
		return 2
	}
	if args[0] == "help" || args[0] == "-h" || args[0] == "-help" || args[0] == "--help" {
		printHelp(s.Out, all)
		return 0
	}
	for _, c := range all {
		if c.name == args[0] {
			return report(c.run(ctx, args[1:], s), "kamaitachi "+c.name, s.Err)
		}
	}
	fmt.Fprintf(s.Err, "kamaitachi: unknown command %q\n\n", args[0])
	printHelp(s.Err, all)
	return 2
}

// exitStatus returns the exit status that an error stands for.
func exitStatus(err error) int {
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errUsage):
		return 2
	}
	return 1
}

func printHelp(w io.Writer, all []Command) {
	fmt.Fprintln(w, "Kamaitachi ranks, filters and slices indicator time series at cache speed.")
	fmt.Fprintln(w, "\nusage: kamaitachi COMMAND [flags]; kamaitachi COMMAND -h lists the flags")
	fmt.Fprintln(w)
	for _, c := range all {
		fmt.Fprintf(w, "  %-9s %s\n", c.name, c.does)
	}
}

// usageError is a wrong call that the flag package did not see.
func usageError(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{errUsage}, args...)...)
}

// newFlags returns the flag set of a command; usage is what follows the name in its help.
func newFlags(s Streams, name, usage string) *flag.FlagSet {
	f := flag.NewFlagSet(name, flag.ContinueOnError)
	f.SetOutput(s.Err)
	f.Usage = func() {
		fmt.Fprintf(s.Err, "usage: kamaitachi %s %s\n", name, usage)
		f.PrintDefaults()
	}
	return f
}

// parse parses the flags; maxArgs bounds what may stand behind them, -1 = any number.
func parse(f *flag.FlagSet, args []string, maxArgs int) error {
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return errUsage
	}
	if maxArgs >= 0 && f.NArg() > maxArgs {
		return usageError("unexpected argument %q", f.Arg(maxArgs))
	}
	return nil
}

// list is a flag that may be given several times.
type list []string

func (l *list) String() string { return fmt.Sprint(*l) }

func (l *list) Set(v string) error {
	*l = append(*l, v)
	return nil
}

func runVersion(_ context.Context, args []string, s Streams) error {
	f := newFlags(s, "version", "")
	if err := parse(f, args, 0); err != nil {
		return err
	}
	_, err := fmt.Fprintf(s.Out, "kamaitachi %s\n", s.Version)
	return err
}
