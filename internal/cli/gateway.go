package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/kamaitachi/kamaitachi/client"
	"github.com/kamaitachi/kamaitachi/conf"
	"github.com/kamaitachi/kamaitachi/gateway"
	"github.com/kamaitachi/kamaitachi/httpcompat"
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

// errNoNodes is why a gateway does not start.
var errNoNodes = errors.New("[gateway] nodes is empty: name the native addresses of the nodes")

// serveGateway runs a gateway until ctx ends, then drains it.
func serveGateway(ctx context.Context, c *conf.Config, s Streams) error {
	if len(c.Gateway.Nodes) == 0 {
		return errNoNodes
	}
	log, closeLog, err := openLog(&c.Log, s)
	if err != nil {
		return err
	}
	defer closeLog()
	for _, w := range c.Warnings {
		log.Warn(w)
	}
	g, err := gateway.Open(gatewayOptions(c, log))
	if err != nil {
		return err
	}
	fronts := &gatewayFronts{gateway: g, served: make(chan error, 1)}
	if err := fronts.listen(c, log); err != nil {
		return errors.Join(err, g.Close())
	}
	log.Info("the gateway listens", "at", fronts.addrs, "nodes", c.Gateway.Nodes)
	if g.AwaitReady(ctx) == nil { // else ctx has ended
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
	json    *httpcompat.Server // nil when its port is off
	admin   *adminServer       // nil when its port is off
	served  chan error         // what ended the JSON endpoints
	addrs   []string           // "http=host:port"
}

// listen opens the fronts.
func (n *gatewayFronts) listen(c *conf.Config, log *slog.Logger) (err error) {
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
	o.Memo = 0 // every answer of the SDK has subjects of its own
	o.UpdateTimeout = c.Gateway.Timeout
	if n.json, err = httpcompat.Listen(c.Server.Port.Addr(c.Server.Bind), n.gateway, o); err != nil {
		return err
	}
	n.addrs = append(n.addrs, "http="+n.json.Addr().String())
	go func() { n.served <- n.json.Serve() }()
	return nil
}

// wait returns when the gateway is told to end, or with what ended it.
func (n *gatewayFronts) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-n.served:
		return err
	}
}

// shutdown drains the fronts, then the gateway.
func (n *gatewayFronts) shutdown(ctx context.Context) error {
	err := n.admin.shutdown(ctx)
	if n.json != nil {
		err = errors.Join(err, n.json.Shutdown(ctx))
	}
	if err = errors.Join(err, n.gateway.Close()); err != nil {
		return fmt.Errorf("drain: %w", err)
	}
	return nil
}

// gatewayOptions translates the configuration.
func gatewayOptions(c *conf.Config, log *slog.Logger) gateway.Options {
	return gateway.Options{
		Logger: log,
		Client: client.Options{
			Addresses: c.Gateway.Nodes, ConnsPerNode: c.Gateway.Connections, RequestTimeout: c.Gateway.Timeout,
			MaxReply: int(c.Limits.MaxReply),
		},
	}
}
