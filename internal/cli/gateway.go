package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/kamaitachi/kamaitachi/client"
	"github.com/kamaitachi/kamaitachi/conf"
	"github.com/kamaitachi/kamaitachi/gateway"
	"github.com/kamaitachi/kamaitachi/httpcompat"
	"github.com/kamaitachi/kamaitachi/internal/loops"
	"github.com/kamaitachi/kamaitachi/internal/registry"
)

// gatewayPrefix is the prefix under which a gateway serves every path again.
const gatewayPrefix = "/data"

func runGateway(ctx context.Context, args []string, s Streams) error {
	f := newFlags(s, "gateway", "-config conf/gateway.ini [-set section.key=value ...]")
	p := newProgram(f, gatewayFile)
	if err := parse(f, args, 0); err != nil {
		return err
	}
	return p.run(ctx, s, []conf.Mode{conf.Gateway}, serveGateway)
}

// serveGateway runs a gateway until ctx ends, then drains it.
func serveGateway(ctx context.Context, c *conf.Config, s Streams) error {
	log, closeLog, err := openLog(&c.Log, s)
	if err != nil {
		return err
	}
	defer closeLog()
	for _, w := range c.Warnings {
		log.Warn(w)
	}
	loops.SparePlaces()
	fronts := &gatewayFronts{served: make(chan error, 1)}
	if err := fronts.open(c, log); err != nil {
		return errors.Join(err, fronts.shutdown(context.Background()))
	}
	log.Info("the gateway listens", "at", fronts.addrs, "waits_for", fronts.gateway.WaitsFor())
	if fronts.gateway.AwaitReady(ctx) == nil { // else ctx has ended
		log.Info("the gateway answers")
		printReady(s.Out, fronts.addrs...)
	}
	failed := fronts.wait(ctx)
	log.Info("the gateway drains")
	drain, cancel := context.WithTimeout(context.Background(), drainWait)
	defer cancel()
	if err := errors.Join(failed, fronts.shutdown(drain)); err != nil {
		return err
	}
	log.Info("the gateway has ended")
	return nil
}

// gatewayFronts is a gateway with its listeners.
type gatewayFronts struct {
	gateway *gateway.Gateway
	etcd    *registry.Registry // nil where the configuration names the nodes
	json    *httpcompat.Server // nil when its port is off
	admin   *adminServer       // nil when its port is off
	served  chan error         // what ended the JSON endpoints
	addrs   []string           // "http=host:port"
}

// open opens the gateway and its listeners. It waits for nobody.
func (n *gatewayFronts) open(c *conf.Config, log *slog.Logger) (err error) {
	o := gatewayOptions(c, log)
	if len(c.Gateway.Nodes) == 0 {
		if n.etcd, err = openRegistry(c, log); err != nil {
			return err
		}
		o.Client.Discovery = discovery{n.etcd}
		o.WaitsFor = "the nodes of cluster " + c.Cluster.Name + " in etcd at " + strings.Join(c.Etcd.Endpoints, ", ")
	}
	if n.gateway, err = gateway.Open(o); err != nil {
		return err
	}
	return n.listen(c, log)
}

// listen opens the fronts beside the native one.
func (n *gatewayFronts) listen(c *conf.Config, log *slog.Logger) (err error) {
	if addr := n.gateway.Addr(); addr != nil {
		n.addrs = append(n.addrs, "native="+addr.String())
	}
	if c.Server.AdminPort.On() {
		if n.admin, err = listenAdmin(c.Server.AdminPort.Addr(c.Server.Bind)); err != nil {
			return err
		}
		n.addrs = append(n.addrs, "admin="+n.admin.addr)
	}
	if !c.Server.Port.On() {
		return nil
	}
	o := jsonOptions(c, log)
	o.Prefix = gatewayPrefix
	o.Replies = gatewayReplies
	o.Breaker = nil // the gateway has one for each node and operation
	o.UpdateTimeout = c.Gateway.Timeout
	if n.json, err = httpcompat.Listen(c.Server.Port.Addr(c.Server.Bind), n.gateway, o); err != nil {
		return err
	}
	n.addrs = append(n.addrs, "http="+n.json.Addr().String())
	go func() { n.served <- n.json.Serve() }()
	return nil
}

// gatewayReplies is how many replies a gateway keeps ready as JSON: 40 MB at most, some 7 MB of rankings.
const gatewayReplies = 1 << 10

// wait returns when the gateway is told to end, or with what ended it.
func (n *gatewayFronts) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-n.served:
		return err
	case <-n.gateway.Done():
		return errListenerEnded
	}
}

// shutdown drains the fronts, then the gateway, as far as they are open.
func (n *gatewayFronts) shutdown(ctx context.Context) error {
	err := n.admin.shutdown(ctx)
	if n.json != nil {
		err = errors.Join(err, n.json.Shutdown(ctx))
	}
	if n.gateway != nil {
		err = errors.Join(err, n.gateway.Shutdown(ctx))
	}
	if n.etcd != nil {
		err = errors.Join(err, n.etcd.Close())
	}
	if err != nil {
		return fmt.Errorf("drain: %w", err)
	}
	return nil
}

// dialWait bounds a gateway's attempt to connect to a node. It is short: a node that takes connections and does not greet
// hangs, and others are there.
const dialWait = 2 * time.Second

// gatewayOptions translates the configuration.
func gatewayOptions(c *conf.Config, log *slog.Logger) gateway.Options {
	o := gateway.Options{
		Logger: log, Insecure: c.Server.Insecure, Limits: nativeLimits(&c.Limits),
		Client: client.Options{
			Addresses: c.Gateway.Nodes, ConnsPerNode: c.Gateway.Connections, RequestTimeout: c.Gateway.Timeout,
			MaxReply: int(c.Limits.MaxReply), DialTimeout: dialWait,
			BreakerWindow: c.Breaker.Window, BreakerRequests: c.Breaker.Requests, BreakerPercent: c.Breaker.FailurePercent,
			BreakerPause: c.Breaker.Pause, BreakerProbes: c.Breaker.Probes,
		},
	}
	if c.Server.NativePort.On() {
		o.Listen = c.Server.NativePort.Addr(c.Server.Bind)
	}
	return o
}
