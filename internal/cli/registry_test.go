package cli

import (
	"context"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/kamaitachi/kamaitachi/client"
	"github.com/kamaitachi/kamaitachi/conf"
	"github.com/kamaitachi/kamaitachi/internal/devetcd"
	"github.com/kamaitachi/kamaitachi/internal/registry"
	"github.com/kamaitachi/kamaitachi/server"
)

// openNode opens a node on a free port until the end of the test.
func openNode(t *testing.T, log *slog.Logger) *server.Node {
	t.Helper()
	n, err := server.Open(server.Options{Dir: t.TempDir(), Listen: "127.0.0.1:0", Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	return n
}

func TestAClientFindsANodeThroughTheEtcdOfTheConfiguration(t *testing.T) {
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	etcd, err := devetcd.Start(t.Context(), devetcd.Options{Dir: t.TempDir(), ClientAddr: "127.0.0.1:0", Unsynced: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { etcd.Close() })
	c, err := conf.Load("", conf.LoadOptions{Builtin: "gateway.ini", Set: []string{
		"etcd.endpoints=" + etcd.Endpoints()[0], "cluster.name=test",
	}})
	if err != nil {
		t.Fatal(err)
	}
	r, err := openRegistry(c, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()

	n := openNode(t, log)
	listed, err := r.Register(registry.Record{ID: n.NodeID(), Native: n.Addr().String(), Role: "master", Zone: "here"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listed.Close(ctx) })
	unreachable, err := r.Register(registry.Record{ID: "joining", Replication: "127.0.0.1:6080"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unreachable.Close(ctx) })

	sdk, err := client.Open(ctx, client.Options{Discovery: discovery{r}})
	if err != nil {
		t.Fatal(err)
	}
	defer sdk.Close()
	if err := sdk.Ping(ctx); err != nil {
		t.Error(err)
	}
}
