package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/kamaitachi/kamaitachi/client"
	"github.com/kamaitachi/kamaitachi/internal/clustertest"
	"github.com/kamaitachi/kamaitachi/protocol"
)

// Each row of "What still works" in docs/operations.md names a test of this file or another.

// rankedSubject is a request for one value over JSON.
const rankedPath, rankedSubject = "/kamaitachi/api/data/v1/snapshot", `{"ids":"1001","subjects":"33:300001"}`

// answers holds that a node answers plain reads over both transports.
func answers(t *testing.T, sdk *client.Client, n *clustertest.Node, want float64) {
	t.Helper()
	if got, err := valueAt(t, t.Context(), sdk, n, "33:300001"); got != want || err != nil {
		t.Errorf("%s answers a read with %v, %v; want %v", n.Name, got, err, want)
	}
	if status, answer := n.Post(rankedPath, rankedSubject); status != http.StatusOK || !strings.Contains(answer, `"status_code":0`) ||
		!strings.Contains(answer, `"33:300001"`) {
		t.Errorf("%s answers a read over JSON with %d %s", n.Name, status, answer)
	}
}

// refusesWrites holds that a node that has no majority says so, of writes and of linearizable reads.
func refusesWrites(t *testing.T, sdk *client.Client, n *clustertest.Node) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	_, err := sdk.Put(client.At(ctx, n.Native), &protocol.Put{IDs: []string{"1001"},
		Reports: []protocol.Report{{Subject: "33:300009", ReportDate: 1_703_980_800, Values: []float64{9}}}})
	if err == nil || errors.Is(err, protocol.ErrBadRequest) {
		t.Errorf("%s answers a write with %v", n.Name, err)
	}
	if got, err := valueAt(t, client.Linearizable(ctx), sdk, n, "33:300001"); err == nil {
		t.Errorf("%s answers a linearizable read with %v", n.Name, got)
	}
}

// refusesJSONWrites holds the same of the JSON endpoints, which wait ten seconds for a majority.
func refusesJSONWrites(t *testing.T, n *clustertest.Node) {
	t.Helper()
	r, err := http.Post("http://"+n.HTTP+"/data/v1/save?id=finance", "application/json",
		strings.NewReader(`{"id":"33:300009","data":{"1703980800":[2]}}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Body.Close()
	if r.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("%s answers a write over JSON with %s", n.Name, r.Status)
	}
}

func TestANodeWithoutAMajorityAnswersReadsAndRefusesWrites(t *testing.T) {
	c := clustertest.Start(t, clustertest.Options{})
	sdk := c.Client()
	index := put(t, sdk, "33:300001", 1)
	for _, n := range c.Nodes {
		sees(t, sdk, n, index, "33:300001", 1)
	}
	slaves := c.Slaves()
	lone := c.Master()
	for _, n := range slaves {
		n.Kill()
	}
	t.Run("the master alone", func(t *testing.T) {
		c.Within("it notices", func() bool { return lone.Role() != "master" })
		answers(t, sdk, lone, 1)
		refusesWrites(t, sdk, lone)
		refusesJSONWrites(t, lone)
	})
	t.Run("a slave alone", func(t *testing.T) {
		slaves[0].Start() // a majority, so that it catches up
		c.Within("it is ready", slaves[0].Ready)
		lone.Kill()
		answers(t, sdk, slaves[0], 1)
		refusesWrites(t, sdk, slaves[0])
	})
	t.Run("a slave alone that was restarted, which cannot know how old it is", func(t *testing.T) {
		slaves[0].Stop()
		slaves[0].Start()
		if got, err := valueAt(t, t.Context(), sdk, slaves[0], "33:300001"); !errors.Is(err, protocol.ErrUnavailable) {
			t.Errorf("it answers a read with %v, %v", got, err)
		}
		if slaves[0].Ready() {
			t.Error("it calls itself ready")
		}
	})
	t.Run("with a second one writes are back", func(t *testing.T) {
		slaves[1].Start()
		c.AwaitReady() // both
		index := put(t, sdk, "33:300001", 2)
		sees(t, sdk, slaves[0], index, "33:300001", 2)
		sees(t, sdk, slaves[1], index, "33:300001", 2)
	})
	lone.Start()
	c.AwaitReady()
	index = c.Level()
	sees(t, sdk, lone, index, "33:300001", 2)
}

func TestOfTwoGatewaysOneMayBeLost(t *testing.T) {
	c := clustertest.Start(t, clustertest.Options{})
	first := launchGateway(t, c.Etcd(), "")
	second := launchGateway(t, c.Etcd(), "")
	for _, g := range []*gate{first, second} {
		g.within("the gateway is ready", g.ready)
	}
	both, err := client.Open(t.Context(), client.Options{Addresses: []string{first.native, second.native}})
	if err != nil {
		t.Fatal(err)
	}
	defer both.Close()
	sees(t, c.Client(), c.Master(), put(t, both, "33:300001", 1), "33:300001", 1)
	c.Level()
	reads := func(sdk *client.Client, how string, want float64) {
		t.Helper()
		for range 200 {
			got, err := valueOf(t.Context(), sdk, "33:300001")
			if got != want || err != nil {
				t.Fatalf("a read %s shows %v, %v; want %v", how, got, err, want)
			}
		}
	}
	reads(both, "through both", 1)
	first.cmd.Process.Kill()
	reads(both, "while one is lost", 1)
	put(t, both, "33:300001", 2)
	c.Level()
	reads(both, "through the other", 2)
	reads(c.Client(), "straight", 2)
}

// valueOf returns what the client answers for a subject.
func valueOf(ctx context.Context, sdk *client.Client, subject string) (float64, error) {
	var r protocol.Result
	err := sdk.Snapshot(ctx, &protocol.Snapshot{View: protocol.View{IDs: []string{"1001"}}, Subjects: []string{subject}}, &r)
	if err != nil {
		return 0, err
	}
	if r.Rows() != 1 {
		return 0, fmt.Errorf("%d rows", r.Rows())
	}
	return r.Value(0, 0), nil
}
