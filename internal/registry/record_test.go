package registry

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// FuzzDecode feeds what etcd or a file may hold: what is read can be written, and reads as the same.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"id":"a1","native":"127.0.0.1:7080","role":"master"}`))
	f.Add([]byte(`{"cluster_id":"c","node":"n"}`))
	f.Add([]byte(`{"cluster":"/k/m","nodes":[{"id":"a"},{"id":"a"}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if r, err := decodeRecord(text); err == nil {
			again, err := r.encode()
			if err != nil {
				t.Fatal(err)
			}
			if back, err := decodeRecord([]byte(again)); err != nil || back != r {
				t.Fatalf("%+v reads again as %+v, %v", r, back, err)
			}
		}
		if f, err := decodeFounding("key", text); err == nil && (f.ClusterID == "" || f.Node == "") {
			t.Fatalf("read %+v", f)
		}
		if list, err := decodeLastKnown(text, "/k/m"); err == nil {
			for _, n := range list {
				if n.Validate() != nil {
					t.Fatalf("read %+v", n)
				}
			}
		}
	})
}

func TestOptionsThatCannotWorkAreRefusedByName(t *testing.T) {
	for want, o := range map[string]Options{
		"Endpoints is empty":   {},
		"Prefix is":            {Endpoints: []string{"a:1"}, Prefix: "kamaitachi"},
		"Cluster is":           {Endpoints: []string{"a:1"}, Cluster: "a/b"},
		"TTL is 1.5s":          {Endpoints: []string{"a:1"}, TTL: 1500 * time.Millisecond},
		"TTL is -1s":           {Endpoints: []string{"a:1"}, TTL: -time.Second},
		"must not be negative": {Endpoints: []string{"a:1"}, EmptyWait: -1},
	} {
		if _, err := Open(o); !errors.Is(err, ErrOptions) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}
