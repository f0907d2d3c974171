package e2e_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kamaitachi/kamaitachi/client"
	"github.com/kamaitachi/kamaitachi/gateway"
	"github.com/kamaitachi/kamaitachi/internal/oracle/oracletest"
	"github.com/kamaitachi/kamaitachi/server"
)

// openGateway opens a gateway with a native front before nodes.
func openGateway(nodes ...string) (*gateway.Gateway, error) {
	g, err := gateway.Open(gateway.Options{Logger: slog.New(slog.DiscardHandler), Listen: "127.0.0.1:0",
		Client: client.Options{Addresses: nodes}})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	return g, g.AwaitReady(ctx)
}

// openPassed opens a node behind the native front of a gateway, asked through the SDK.
func openPassed() oracletest.Target {
	return openWiredBehind(server.Options{}, func(node string) (string, func() error, error) {
		g, err := openGateway(node)
		if err != nil {
			return "", nil, err
		}
		return g.Addr().String(), g.Close, nil
	})
}

func TestAGatewayAnswersNativelyAsTheOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { oracletest.Check(t, openPassed) })
}

func TestReadersThroughAGatewaySeeOneMoment(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { oracletest.CheckRacing(t, 3, openPassed) })
}

func TestAGatewayHoldsEveryRuleNatively(t *testing.T) { oracletest.RunCases(t, openPassed) }

func TestPreparedQueriesAnswerAsTheOracleThroughAGateway(t *testing.T) {
	for _, cutEvery := range []int{0, 7} {
		rapid.Check(t, func(t *rapid.T) {
			oracletest.CheckPrepared(t, func() oracletest.Preparer { return preparerOf(openPassed().(*wired), cutEvery) })
		})
	}
}
