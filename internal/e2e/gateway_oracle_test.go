package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kamaitachi/kamaitachi/client"
	"github.com/kamaitachi/kamaitachi/gateway"
	"github.com/kamaitachi/kamaitachi/httpcompat"
	"github.com/kamaitachi/kamaitachi/internal/oracle"
	"github.com/kamaitachi/kamaitachi/internal/oracle/jsontarget"
	"github.com/kamaitachi/kamaitachi/internal/oracle/oracletest"
	"github.com/kamaitachi/kamaitachi/protocol"
)

// guarded is a cluster whose masters change, behind a gateway: asked over its native front.
type guarded struct {
	*clustered
	gateway *gateway.Gateway
}

func openGuarded() (*guarded, error) {
	c, err := openClustered()
	if err != nil {
		return nil, err
	}
	g := &guarded{clustered: c}
	if err := g.open(); err != nil {
		return nil, errors.Join(err, g.Close())
	}
	return g, nil
}

// open puts the gateway between the client and the nodes.
func (g *guarded) open() (err error) {
	nodes := client.Options{BackoffMax: 50 * time.Millisecond, BreakerPause: 50 * time.Millisecond, RetryShare: -1, Retries: 10}
	for _, n := range g.nodes {
		nodes.Addresses = append(nodes.Addresses, n.Addr().String())
	}
	g.gateway, err = gateway.Open(gateway.Options{Logger: slog.New(slog.DiscardHandler), Listen: "127.0.0.1:0", Client: nodes})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := g.gateway.AwaitReady(ctx); err != nil {
		return err
	}
	straight := g.client
	g.client, err = client.Open(ctx, client.Options{Addresses: []string{g.gateway.Addr().String()}, Retries: 10, RetryShare: -1})
	if err != nil {
		g.client = nil
	}
	return errors.Join(err, straight.Close())
}

func (g *guarded) Close() error {
	var err error
	if g.client != nil {
		err, g.client = g.client.Close(), nil
	}
	if g.gateway != nil {
		err = errors.Join(err, g.gateway.Close())
	}
	return errors.Join(err, g.clustered.Close())
}

// guardedJSON is the same, asked over JSON. A read in JSON cannot say how new it must be, so a write is over when all
// nodes have it.
type guardedJSON struct {
	*jsontarget.Target
	cluster *guarded
	front   *httpcompat.Server
}

func openGuardedJSON(t testing.TB, cluster *guarded) (*guardedJSON, error) {
	g := &guardedJSON{cluster: cluster}
	var err error
	g.front, err = httpcompat.Listen("127.0.0.1:0", cluster.gateway, httpcompat.Options{Logger: slog.New(slog.DiscardHandler), Prefix: "/data",
		Rates: httpcompat.Rates{Default: httpcompat.Rate{PerSecond: httpcompat.NoLimit}}})
	if err != nil {
		return nil, err
	}
	go g.front.Serve()
	g.Target = &jsontarget.Target{TB: t, URL: "http://" + g.front.Addr().String() + "/data", Model: oracle.New(), Direct: cluster,
		At: func(now int64) { cluster.clock.Store(now) }}
	return g, nil
}

// Apply sends a write, lets the model that judges answers do the same, and waits for all nodes.
func (g *guardedJSON) Apply(w *protocol.Write) (uint64, error) {
	if g.cluster.wrote++; g.cluster.wrote%masterEvery == 0 {
		if err := g.cluster.replaceMaster(); err != nil {
			panic(fmt.Sprintf("replace the master: %v", err))
		}
	}
	index, err := g.Target.Apply(w)
	if err != nil {
		return index, err
	}
	for _, n := range g.cluster.nodes {
		if err := g.cluster.await("all nodes have the write", func() bool { return n.Applied() >= index }); err != nil {
			return index, err
		}
	}
	return index, g.Model.Apply(index, w)
}

func (g *guardedJSON) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return g.front.Shutdown(ctx)
}

// TestAGatewayAnswersNativelyAsTheOracleWhileMastersChange holds every answer, given while writes go on and nodes are
// replaced behind the gateway, against the oracle at the answer's index.
func TestAGatewayAnswersNativelyAsTheOracleWhileMastersChange(t *testing.T) {
	changes := 0
	rapid.Check(t, func(t *rapid.T) {
		g, err := openGuarded()
		if err != nil {
			t.Fatal(err)
		}
		failure := oracletest.RunRacing(t, 3, g)
		changes += g.wrote / masterEvery
		if err := g.Close(); err != nil {
			t.Error(err)
		}
		if failure != "" {
			t.Fatal(failure)
		}
	})
	if changes == 0 {
		t.Error("the master never changed: this says little")
	}
}

// TestAGatewayAnswersInJSONAsTheOracleWhileMastersChange does the same with a history of writes and reads in turn.
func TestAGatewayAnswersInJSONAsTheOracleWhileMastersChange(t *testing.T) {
	changes := 0
	rapid.Check(t, func(rt *rapid.T) {
		g, err := openGuarded()
		if err != nil {
			rt.Fatal(err)
		}
		j, err := openGuardedJSON(t, g)
		if err != nil {
			rt.Fatal(err)
		}
		failure := oracletest.Run(rt, j)
		changes += g.wrote / masterEvery
		if err := errors.Join(j.Close(), g.Close()); err != nil {
			rt.Error(err)
		}
		if failure != "" {
			rt.Fatal(failure)
		}
	})
	if changes == 0 {
		t.Error("the master never changed: this says little")
	}
}
