package devetcd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/goleak"
	"go.uber.org/zap"
)

// TestMain looks for goroutines that are left. Members of one etcd leave streams to each other that end by a timeout of
// 5 s, so it looks again for a while.
func TestMain(m *testing.M) {
	code := m.Run()
	left := goleak.Find()
	for until := time.Now().Add(time.Minute); code == 0 && left != nil && time.Now().Before(until); {
		left = goleak.Find()
	}
	if left != nil {
		fmt.Fprintln(os.Stderr, left)
		code = 1
	}
	os.Exit(code)
}

// run starts an etcd that ends with the test.
func run(t *testing.T, o Options) *Server {
	t.Helper()
	o.Unsynced = true
	s, err := Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func connect(t *testing.T, endpoints ...string) *clientv3.Client {
	t.Helper()
	c, err := clientv3.New(clientv3.Config{Endpoints: endpoints, Logger: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func soon(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func put(t *testing.T, c *clientv3.Client, key, value string) {
	t.Helper()
	if _, err := c.Put(soon(t), key, value); err != nil {
		t.Fatal(err)
	}
}

func mustGet(t *testing.T, c *clientv3.Client, key, want string) {
	t.Helper()
	r, err := c.Get(soon(t), key)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Kvs) != 1 || string(r.Kvs[0].Value) != want {
		t.Errorf("%s is %v, want %s", key, r.Kvs, want)
	}
}

func TestOneMemberKeepsItsDataOverARestartOnTheSameSocket(t *testing.T) {
	dir := t.TempDir()
	o := Options{Dir: dir, ClientAddr: "unix:" + filepath.Join(dir, "c.sock")}
	s := run(t, o)
	put(t, connect(t, s.Endpoints()...), "a", "1")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again := run(t, o)
	mustGet(t, connect(t, again.Endpoints()...), "a", "1")
}

func TestPortZeroIsAnyFreePortAndTheVersionIsThereForCurl(t *testing.T) {
	s := run(t, Options{Dir: t.TempDir(), ClientAddr: "127.0.0.1:0"})
	r, err := http.Get("http://" + s.Endpoints()[0] + "/version")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	defer http.DefaultClient.CloseIdleConnections()
	var v struct{ Etcdserver string }
	if err := json.NewDecoder(r.Body).Decode(&v); err != nil || !strings.HasPrefix(v.Etcdserver, "3.") {
		t.Errorf("version is %+v, %v", v, err)
	}
}

func TestThreeMembersHoldOneStoreAndOutliveTheLossOfOne(t *testing.T) {
	s := run(t, Options{Dir: t.TempDir(), ClientAddr: "127.0.0.1:0", Members: 3})
	ends := s.Endpoints()
	put(t, connect(t, ends[0]), "a", "1")
	mustGet(t, connect(t, ends[2]), "a", "1")
	lost := s.members[0]
	s.members = s.members[1:] // it must not be closed twice
	lost.Close()
	if err := <-s.Failed(); !errors.Is(err, ErrEnded) {
		t.Errorf("a lost member is told as %v", err)
	}
	put(t, connect(t, ends[1:]...), "a", "2")
	mustGet(t, connect(t, ends[2]), "a", "2")
}

func TestMembersOnKnownPeerAddressesStartAgain(t *testing.T) {
	peers, err := freeAddrs(3)
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Dir: t.TempDir(), ClientAddr: "127.0.0.1:0", Members: 3, PeerAddrs: peers}
	s := run(t, o)
	put(t, connect(t, s.Endpoints()[0]), "a", "1")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	mustGet(t, connect(t, run(t, o).Endpoints()[1]), "a", "1")

}

func TestADirectoryOfMembersIsNotOpenedUnderOtherAddresses(t *testing.T) {
	o := Options{Dir: t.TempDir(), ClientAddr: "127.0.0.1:0", Members: 3}
	if err := run(t, o).Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Start(t.Context(), o); !errors.Is(err, ErrBadOptions) || !strings.Contains(err.Error(), o.Dir) {
		t.Errorf("got %v, want an error that names the directory", err)
	}
}

func TestABusyDirectoryAndABusyPortAreNamedAndNothingIsLeftRunning(t *testing.T) {
	dir := t.TempDir()
	s := run(t, Options{Dir: dir, ClientAddr: "127.0.0.1:0"})
	if _, err := Start(t.Context(), Options{Dir: dir, ClientAddr: "127.0.0.1:0"}); !errors.Is(err, ErrInUse) ||
		!strings.Contains(err.Error(), dir) {
		t.Errorf("a busy directory: %v", err)
	}
	busy := s.Endpoints()[0]
	other := t.TempDir()
	if _, err := Start(t.Context(), Options{Dir: other, ClientAddr: busy}); err == nil || !strings.Contains(err.Error(), busy) {
		t.Errorf("a busy port: %v, want an error that names %s", err, busy)
	}
	run(t, Options{Dir: other, ClientAddr: "127.0.0.1:0"}) // its directory was given back
}

func TestBadOptionsAreRefusedByName(t *testing.T) {
	for name, test := range map[string]struct {
		o    Options
		is   error
		want string
	}{
		"no directory":     {Options{}, ErrBadOptions, "needs a directory"},
		"too many":         {Options{Dir: "d", Members: 8}, ErrBadOptions, "8 members; expected 1 to 7"},
		"a negative count": {Options{Dir: "d", Members: -1}, ErrBadOptions, "-1 members"},
		"no port":          {Options{Dir: "d", ClientAddr: "localhost"}, ErrBadOptions, `"localhost"; expected host:port`},
		"beyond loopback":  {Options{Dir: "d", ClientAddr: "0.0.0.0:2379"}, ErrInsecure, "0.0.0.0:2379 is beyond loopback"},
		"any host":         {Options{Dir: "d", ClientAddr: ":2379"}, ErrInsecure, ":2379 is beyond loopback"},
		"one socket for three": {Options{Dir: "d", ClientAddr: "unix:a", Members: 3}, ErrBadOptions,
			"expected unix:PATH, for one member"},
		"too few peers": {Options{Dir: "d", Members: 3, PeerAddrs: []string{"a:1"}}, ErrBadOptions, "1 peer addresses for 3"},
		"a free peer":   {Options{Dir: "d", PeerAddrs: []string{"a:0"}}, ErrBadOptions, `peer address "a:0"`},
	} {
		t.Run(name, func(t *testing.T) {
			if err := test.o.Validate(); !errors.Is(err, test.is) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
	if err := (Options{Dir: "d", ClientAddr: net.JoinHostPort("0.0.0.0", "1"), Insecure: true}).Validate(); err != nil {
		t.Error(err)
	}
}
