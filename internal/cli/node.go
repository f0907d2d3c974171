package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/kamaitachi/kamaitachi/conf"
	"github.com/kamaitachi/kamaitachi/server"
)

// drainWait bounds how long a node waits for its clients' requests when it is told to end.
const drainWait = 10 * time.Second

func runNode(ctx context.Context, args []string, s Streams) error {
	f := newFlags(s, "node", "-config conf/standalone.ini [-db DIR] [-set section.key=value ...]")
	path := f.String("config", "", "configuration `file` (default: a built-in conf/standalone.ini)")
	db := f.String("db", "", "data `directory`, instead of the configuration's")
	var set list
	f.Var(&set, "set", "`section.key=value` instead of the configuration's; may be given several times")
	printConfig := f.Bool("print-config", false, "print the configuration, with where each value comes from, and end")
	checkConfig := f.Bool("check-config", false, "check the configuration and end")
	child := f.Bool("until-input-ends", false, "end when standard input does, for a program that started this one")
	if err := parse(f, args, 0); err != nil {
		return err
	}
	if *db != "" {
		set = append(set, "server.data_dir="+*db)
	}
	c, err := conf.Load(*path, conf.LoadOptions{Env: s.Env, Set: set, Modes: []conf.Mode{conf.Standalone}})
	if err != nil {
		return err
	}
	switch {
	case *printConfig:
		return c.Print(s.Out)
	case *checkConfig:
		_, err := fmt.Fprintln(s.Out, "the configuration is good")
		return err
	}
	if *child {
		var cancel context.CancelFunc
		ctx, cancel = untilInputEnds(ctx, s.In)
		defer cancel()
	}
	return serve(ctx, c, s)
}

// serve runs a node until ctx ends, then drains it.
func serve(ctx context.Context, c *conf.Config, s Streams) error {
	log, closeLog, err := openLog(&c.Log, s)
	if err != nil {
		return err
	}
	defer closeLog()
	for _, w := range c.Warnings {
		log.Warn(w)
	}
	o, err := nodeOptions(c, log)
	if err != nil {
		return err
	}
	node, err := server.Open(o)
	if err != nil {
		return err
	}
	var pairs []string
	if addr := node.Addr(); addr != nil {
		pairs = append(pairs, "native="+addr.String())
	}
	log.Info("the node answers", "at", pairs, "data", o.Dir, "applied", node.Applied())
	printReady(s.Out, pairs...)
	<-ctx.Done()
	log.Info("the node drains")
	drain, cancel := context.WithTimeout(context.Background(), drainWait)
	defer cancel()
	if err := errors.Join(node.Shutdown(drain)); err != nil {
		return fmt.Errorf("drain: %w", err)
	}
	log.Info("the node has ended")
	return nil
}

// nodeOptions translates the configuration.
func nodeOptions(c *conf.Config, log *slog.Logger) (server.Options, error) {
	tables, file, err := c.Catalog()
	if err != nil {
		return server.Options{}, fmt.Errorf("catalog: %w", err)
	}
	if file != "" {
		log.Debug("an empty store is filled from", "catalog", file)
	}
	o := server.Options{
		Dir: c.Server.DataDir, Catalog: tables, Role: string(c.Server.Mode), Insecure: c.Server.Insecure, Logger: log,
		Limits: server.Limits{
			MaxRequest: int(c.Limits.MaxRequest), MaxReply: int(c.Limits.MaxReply), MaxConns: c.Limits.MaxConnections,
			MaxInFlight: c.Limits.MaxInFlight, MaxInFlightTotal: c.Limits.MaxInFlightTotal,
			MaxQueuedBytes: int(c.Limits.MaxQueuedBytes), HelloTimeout: c.Limits.HelloTimeout,
			HalfFrameTimeout: c.Limits.HalfFrameTimeout, IdleTimeout: orNever(c.Limits.IdleTimeout),
		},
	}
	if c.Server.NativePort.On() {
		o.Listen = c.Server.NativePort.Addr(c.Server.Bind)
	}
	return o, nil
}

// orNever turns the configuration's 0 = never into the rooms' negative = never.
func orNever(d time.Duration) time.Duration {
	if d == 0 {
		return -1
	}
	return d
}
