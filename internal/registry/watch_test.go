package registry

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

func TestAWatcherIsDeliveredWholeListsAsNodesComeChangeAndGo(t *testing.T) {
	e := startEtcd(t)
	r := e.open(func(o *Options) { o.RelistEvery = time.Hour }) // what is seen was told, not read again
	s := watch(t, r)
	s.wait(t, "")
	a := register(t, r, record("a1"))
	s.wait(t, "a1")
	register(t, r, record("b2"))
	s.wait(t, "a1 b2")
	master := record("a1")
	master.Role = "master"
	if err := a.Update(master); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the role is told", func() bool { return s.last()[0] == master })
	if err := a.Close(soon(t)); err != nil {
		t.Fatal(err)
	}
	s.wait(t, "b2")
	if all := s.all(); !slices.Equal(all, []string{"", "a1", "a1 b2", "a1 b2", "b2"}) {
		t.Errorf("delivered were %q", all)
	}
}

func TestADeliveredListIsTheReceivers(t *testing.T) {
	e := startEtcd(t)
	r := e.open(func(o *Options) { o.RelistEvery = 200 * time.Millisecond })
	s := watch(t, r)
	register(t, r, record("a1"))
	s.wait(t, "a1")
	s.last()[0].ID = "mine"
	register(t, r, record("b2"))
	s.wait(t, "a1 b2")
}

func TestTwoClustersOnOneEtcdDoNotSeeEachOther(t *testing.T) {
	e := startEtcd(t)
	one, other := e.open(), e.open(func(o *Options) { o.Cluster = "mains" })
	register(t, one, record("a1"))
	register(t, other, record("b2"))
	watch(t, one).wait(t, "a1")
	watch(t, other).wait(t, "b2")
}

func TestTheLastListStandsWhileEtcdIsAway(t *testing.T) {
	e := startEtcd(t)
	r := e.open(func(o *Options) { o.RelistEvery = 300 * time.Millisecond })
	g := register(t, r, record("a1"))
	s := watch(t, r)
	s.wait(t, "a1")
	before := lease(t, e.client(), "a1")

	e.stop()
	eventually(t, "the node notices that it is not listed", func() bool { return !g.Held() })
	if all := s.all(); all[len(all)-1] != "a1" {
		t.Errorf("while etcd is away %q were delivered", all)
	}
	e.start()
	eventually(t, "the node is listed again", g.Held)
	register(t, r, record("b2"))
	s.wait(t, "a1 b2")
	if slices.Contains(s.all()[1:], "") {
		t.Errorf("an empty list was delivered: %q", s.all())
	}
	if lease(t, e.client(), "a1") == before {
		t.Error("the lease is the one from before; this test has shown nothing")
	}
}

func TestAnEtcdThatWasSetUpAnewIsFollowed(t *testing.T) {
	e := startEtcd(t)
	r := e.open(func(o *Options) { o.RelistEvery = 300 * time.Millisecond })
	c := e.client()
	for i := range 100 { // a revision that the new one does not reach by itself
		if _, err := c.Put(soon(t), "/other", fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	register(t, r, record("a1"))
	s := watch(t, r)
	s.wait(t, "a1")
	e.stop()
	e.wipe()
	e.start()
	register(t, r, record("b2"))
	s.wait(t, "a1 b2")
	if slices.Contains(s.all()[1:], "") {
		t.Errorf("an empty list was delivered: %q", s.all())
	}
}

func TestAWatcherThatMissedACompactionReadsTheListAnew(t *testing.T) {
	e := startEtcd(t)
	p := newProxy(t, e)
	r := e.open(func(o *Options) {
		o.Endpoints = []string{"unix://" + p.path}
		o.RelistEvery = time.Hour
	})
	direct := e.open()
	register(t, direct, record("a1"))
	gone := register(t, direct, record("b2"))
	s := watch(t, r)
	s.wait(t, "a1 b2")

	p.cut()
	if err := gone.Close(soon(t)); err != nil {
		t.Fatal(err)
	}
	g := register(t, direct, record("c3"))
	eventually(t, "the third node is listed", g.Held)
	c := e.client()
	reply, err := c.Put(soon(t), "/other", "1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Compact(soon(t), reply.Header.Revision, clientv3.WithCompactPhysical()); err != nil {
		t.Fatal(err)
	}
	p.open(t)
	s.wait(t, "a1 c3")
}

func TestAnEmptyListIsBelievedOnlyWhenItLasts(t *testing.T) {
	e := startEtcd(t)
	r := e.open(func(o *Options) { o.EmptyWait = 2 * time.Second })
	c := e.client()
	put := func(id string) {
		t.Helper()
		text, err := record(id).encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Put(soon(t), "/kamaitachi/main/nodes/"+id, text); err != nil {
			t.Fatal(err)
		}
	}
	put("a1")
	s := watch(t, r)
	s.wait(t, "a1")
	if _, err := c.Delete(soon(t), "/kamaitachi/main/nodes/a1"); err != nil {
		t.Fatal(err)
	}
	put("b2")
	s.wait(t, "b2")
	if slices.Contains(s.all(), "") {
		t.Errorf("a list that was empty for a moment was delivered: %q", s.all())
	}
	began := time.Now()
	if _, err := c.Delete(soon(t), "/kamaitachi/main/nodes/b2"); err != nil {
		t.Fatal(err)
	}
	s.wait(t, "")
	if lasted := time.Since(began); lasted < 2*time.Second {
		t.Errorf("it was believed after %s", lasted)
	}
}

func TestARecordThatIsNoneHidesNoNode(t *testing.T) {
	e := startEtcd(t)
	c := e.client()
	for key, value := range map[string]string{
		"a1": "{", "b2": `{"id":"x"}`, "c3": `{"id":"c3","native":"nowhere"}`,
		"d4": `{"id":"d4","native":"127.0.0.1:1","of_a_later_version":[1]}`,
	} {
		if _, err := c.Put(soon(t), "/kamaitachi/main/nodes/"+key, value); err != nil {
			t.Fatal(err)
		}
	}
	s := watch(t, e.open())
	s.wait(t, "d4")
	if _, err := c.Put(soon(t), "/kamaitachi/main/nodes/d4", "{}"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Put(soon(t), "/kamaitachi/main/nodes/e5", `{"id":"e5"}`); err != nil {
		t.Fatal(err)
	}
	s.wait(t, "e5")
}

func TestANodeThatLostItsDataReplacesWhatItWas(t *testing.T) {
	e := startEtcd(t)
	r := e.open()
	was, is := record("b-was"), record("a-is")
	is.Native = was.Native
	g := register(t, r, was)
	eventually(t, "the node is listed", g.Held)
	s := watch(t, r)
	s.wait(t, "b-was")
	register(t, r, is)
	s.wait(t, "a-is")
	if err := g.Close(soon(t)); err != nil {
		t.Fatal(err)
	}
	register(t, r, record("c3"))
	s.wait(t, "a-is c3")
}

func TestMoreNodesThanMayBeAreNotDelivered(t *testing.T) {
	e := startEtcd(t)
	c := e.client()
	for i := 0; i <= MaxNodes; i += 64 {
		var ops []clientv3.Op
		for j := i; j < min(i+64, MaxNodes+1); j++ {
			id := fmt.Sprintf("n%d", j)
			ops = append(ops, clientv3.OpPut("/kamaitachi/main/nodes/"+id, `{"id":"`+id+`"}`))
		}
		if _, err := c.Txn(soon(t)).Then(ops...).Commit(); err != nil {
			t.Fatal(err)
		}
	}
	if list, err := e.open().List(soon(t)); !errors.Is(err, ErrTooMany) {
		t.Errorf("%d nodes, %v", len(list), err)
	}
}

func TestAProgramThatStartsWithoutEtcdUsesTheListOfItsLastStart(t *testing.T) {
	e := startEtcd(t)
	path := filepath.Join(t.TempDir(), "new", "nodes.json")
	keep := func(o *Options) { o.LastKnown = path }
	r := e.open(keep)
	g := register(t, r, record("a1"))
	watch(t, r).wait(t, "a1")
	eventually(t, "the list is kept", func() bool { _, err := os.Stat(path); return err == nil })
	if err := g.Close(soon(t)); err != nil {
		t.Fatal(err)
	}
	e.stop()

	s := watch(t, e.open(keep))
	s.wait(t, "a1")
	if other := e.open(keep, func(o *Options) { o.Cluster = "other" }); other.lastKnown() != nil {
		t.Error("the list of another cluster was used")
	}
	if err := os.WriteFile(path, []byte(`{"cluster":"/kamaitachi/main","nodes":[{}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if list := e.open(keep).lastKnown(); list != nil {
		t.Errorf("a damaged list was used: %v", list)
	}
	e.start()
	register(t, e.open(), record("b2"))
	s.wait(t, "b2") // the truth replaces what was last known
}
