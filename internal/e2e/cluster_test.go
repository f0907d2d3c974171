package e2e_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kamaitachi/kamaitachi/client"
	"github.com/kamaitachi/kamaitachi/internal/clustertest"
	"github.com/kamaitachi/kamaitachi/protocol"
)

// put writes one value of a subject through the SDK and returns the index at which it is seen.
func put(t *testing.T, sdk *client.Client, subject string, value float64) uint64 {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), clustertest.Patience)
	defer cancel()
	index, err := sdk.Put(ctx, &protocol.Put{IDs: []string{"1001"},
		Reports: []protocol.Report{{Subject: subject, ReportDate: 1_703_980_800, Values: []float64{value}}}})
	if err != nil {
		t.Fatalf("a write: %v", err)
	}
	return index
}

// valueAt returns what a node answers for a subject, asked as ctx says.
func valueAt(t *testing.T, ctx context.Context, sdk *client.Client, n *clustertest.Node, subject string) (float64, error) {
	t.Helper()
	var r protocol.Result
	err := sdk.Snapshot(client.At(ctx, n.Native), &protocol.Snapshot{View: protocol.View{IDs: []string{"1001"}}, Subjects: []string{subject}}, &r)
	if err != nil {
		return 0, err
	}
	if r.Rows() != 1 {
		return 0, fmt.Errorf("%d rows", r.Rows())
	}
	return r.Value(0, 0), nil
}

// sees holds that a node shows a value once it has applied index.
func sees(t *testing.T, sdk *client.Client, n *clustertest.Node, index uint64, subject string, want float64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), clustertest.Patience)
	defer cancel()
	if got, err := valueAt(t, client.AtLeast(ctx, index), sdk, n, subject); got != want || err != nil {
		t.Errorf("%s shows %v of %q, want %v: %v", n.Name, got, subject, want, err)
	}
}

func TestThreeNodesAreOneClusterThatOutlivesItsMaster(t *testing.T) {
	c := clustertest.Start(t, clustertest.Options{})
	sdk := c.Client()
	first := put(t, sdk, "33:300001", 1)
	for _, n := range c.Nodes {
		sees(t, sdk, n, first, "33:300001", 1)
	}
	slave := c.Slaves()[0]
	t.Run("a JSON write to a slave goes through the master and is seen there", func(t *testing.T) {
		status, answer := slave.Post("/data/v1/save?id=finance", `{"id":"33:300002","data":{"1703980800":[2]}}`)
		if status != 200 || !strings.Contains(answer, `"code":200`) {
			t.Fatalf("it is answered %d %s", status, answer)
		}
		if status, answer := slave.Get("/data/v1/get/33:300002?tableId=1"); status != 200 {
			t.Errorf("the slave answers %d %s", status, answer)
		}
	})
	t.Run("a linearizable read on a slave sees what was acknowledged", func(t *testing.T) {
		for i := range 20 {
			put(t, sdk, "33:300001", float64(i))
			got, err := valueAt(t, client.Linearizable(t.Context()), sdk, slave, "33:300001")
			if got != float64(i) || err != nil {
				t.Fatalf("after %d was written it shows %v: %v", i, got, err)
			}
		}
	})
	master := c.Master()
	id := master.ID()
	master.Kill()
	killed := time.Now()
	second := put(t, sdk, "33:300003", 3)
	t.Logf("writes resumed after %v", time.Since(killed).Round(time.Millisecond))
	for _, n := range c.Nodes {
		if n != master {
			sees(t, sdk, n, second, "33:300003", 3)
		}
	}
	for i := range 100 {
		second = put(t, sdk, fmt.Sprintf("33:4%05d", i), float64(i))
	}
	master.Start()
	c.Within("the node that was killed is ready", master.Ready)
	if applied := master.Applied(); applied < second || master.ID() != id {
		t.Errorf("it is ready at index %d as node %s; %d was acknowledged before, it was node %s", applied, master.ID(), second, id)
	}
	sees(t, sdk, master, second, "33:400099", 99)
	c.Level()
	for _, n := range c.Nodes {
		if status := n.Stop(); status != 0 {
			t.Errorf("%s ends with status %d", n.Name, status)
		}
	}
	hashes := map[string]bool{}
	for _, n := range c.Nodes {
		hashes[line(t, must(t, "verify", "-db", n.Dir), "row hash")] = true
	}
	if len(hashes) != 1 {
		t.Errorf("the nodes end with different rows: %v", hashes)
	}
}
