package registry

import (
	"context"
	"errors"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// lease returns the lease under which a node is listed, NoLease if it is not.
func lease(t *testing.T, c *clientv3.Client, id string) clientv3.LeaseID {
	t.Helper()
	reply, err := c.Get(soon(t), "/kamaitachi/main/nodes/"+id)
	if err != nil {
		t.Fatal(err)
	}
	if len(reply.Kvs) == 0 {
		return clientv3.NoLease
	}
	return clientv3.LeaseID(reply.Kvs[0].Lease)
}

func TestANodeIsListedAsItSaysUntilItLeaves(t *testing.T) {
	e := startEtcd(t)
	r := e.open()
	node := Record{ID: "a1", Name: "kamaitachi-master", Native: "127.0.0.1:7080", HTTP: "[::1]:8080", Replication: "n1:6080",
		Admin: "127.0.0.1:9", Role: "master", Version: "v1", Zone: "z", ClusterID: "c0"}
	g := register(t, r, node)
	eventually(t, "the node is listed", g.Held)
	if list, err := r.List(soon(t)); err != nil || len(list) != 1 || list[0] != node {
		t.Errorf("listed are %+v, %v; want %+v", list, err, node)
	}

	node.Role = "slave"
	if err := g.Update(node); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the new role is listed", func() bool {
		list, err := r.List(soon(t))
		return err == nil && len(list) == 1 && list[0] == node
	})

	if err := g.Close(soon(t)); err != nil {
		t.Fatal(err)
	}
	if list, err := r.List(soon(t)); err != nil || len(list) != 0 {
		t.Errorf("after it left: %+v, %v", list, err)
	}
}

func TestALeaseRevokedBehindItsBackIsTakenAnew(t *testing.T) {
	e := startEtcd(t)
	g := register(t, e.open(), record("a1"))
	eventually(t, "the node is listed", g.Held)
	c := e.client()
	before := lease(t, c, "a1")
	if _, err := c.Revoke(soon(t), before); err != nil {
		t.Fatal(err)
	}
	if got := lease(t, c, "a1"); got != clientv3.NoLease && got == before {
		t.Fatal("the revoked lease still lists the node")
	}
	eventually(t, "the node is listed under another lease", func() bool {
		now := lease(t, c, "a1")
		return now != clientv3.NoLease && now != before && g.Held()
	})
}

func TestARecordDeletedBehindItsBackIsWrittenAnew(t *testing.T) {
	e := startEtcd(t)
	g := register(t, e.open(), record("a1"))
	eventually(t, "the node is listed", g.Held)
	c := e.client()
	before := lease(t, c, "a1")
	if _, err := c.Delete(soon(t), "/kamaitachi/main/nodes/a1"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the record is back under its lease", func() bool { return lease(t, c, "a1") == before })
}

func TestANodeThatStartsAgainTakesItsRecordOver(t *testing.T) {
	e := startEtcd(t)
	killed := e.open()
	first := register(t, killed, record("a1"))
	eventually(t, "the node is listed", first.Held)
	c := e.client()
	before := lease(t, c, "a1")
	first.stop() // as kill -9 does: nothing is revoked
	<-first.done

	second := register(t, e.open(), record("a1"))
	eventually(t, "the node is listed again", func() bool { return second.Held() && lease(t, c, "a1") != before })
	eventually(t, "the first lease has run out", func() bool {
		left, err := c.TimeToLive(soon(t), before)
		return err == nil && left.TTL < 0
	})
	if lease(t, c, "a1") == clientv3.NoLease {
		t.Error("the end of the first lease took the record of the second along")
	}
}

func TestALostNodeIsListedNoMoreAfterItsTTL(t *testing.T) {
	e := startEtcd(t)
	r := e.open()
	s := watch(t, r)
	lost, stays := register(t, r, record("a1")), register(t, r, record("b2"))
	s.wait(t, "a1 b2")
	lost.stop()
	s.wait(t, "b2")
	if !stays.Held() {
		t.Error("the other node is not listed any more")
	}
}

func TestANodeRegistersWithoutWaitingForEtcd(t *testing.T) {
	e := newEtcd(t)
	r := e.open()
	g := register(t, r, record("a1"))
	s := watch(t, r)
	if err := r.Probe(soon(t)); !errors.Is(err, ErrUnavailable) {
		t.Errorf("without etcd a probe says %v", err)
	}
	if g.Held() || s.last() != nil {
		t.Error("listed without etcd")
	}
	e.start()
	eventually(t, "the node is listed", g.Held)
	s.wait(t, "a1")
	if err := r.Probe(soon(t)); err != nil {
		t.Error(err)
	}
}

func TestLeavingWhileEtcdIsAwayIsBounded(t *testing.T) {
	e := startEtcd(t)
	g := register(t, e.open(), record("a1"))
	eventually(t, "the node is listed", g.Held)
	e.stop()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if err := g.Close(ctx); !errors.Is(err, ErrUnavailable) {
		t.Errorf("got %v", err)
	}
	if err := g.Close(ctx); err != nil {
		t.Errorf("closed again: %v", err)
	}
}

func TestARecordThatOthersCouldNotUseIsRefused(t *testing.T) {
	e := newEtcd(t)
	r := e.open()
	for name, bad := range map[string]Record{
		"no id":        {},
		"a path":       {ID: "a/b"},
		"no port":      {ID: "a", Native: "localhost"},
		"any port":     {ID: "a", HTTP: "localhost:0"},
		"no host":      {ID: "a", Replication: ":6080"},
		"far too long": {ID: "a", Zone: string(make([]byte, MaxRecord))},
	} {
		if _, err := r.Register(bad); !errors.Is(err, ErrRecord) {
			t.Errorf("%s: %v", name, err)
		}
	}
	g := register(t, r, record("a1"))
	if err := g.Update(record("b2")); !errors.Is(err, ErrRecord) {
		t.Errorf("an update for another node: %v", err)
	}
}
