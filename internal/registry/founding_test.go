package registry

import (
	"errors"
	"fmt"
	"sync"
	"testing"
)

func TestOfManyClaimantsOneFoundsTheCluster(t *testing.T) {
	e := startEtcd(t)
	if _, err := e.open().Founded(soon(t)); !errors.Is(err, ErrNotFounded) {
		t.Errorf("before: %v", err)
	}
	const claimants = 8
	var own [claimants]bool
	var founding [claimants]Founding
	var done sync.WaitGroup
	for i := range claimants {
		r := e.open()
		done.Go(func() {
			var err error
			founding[i], own[i], err = r.Claim(soon(t), fmt.Sprintf("c%d", i), fmt.Sprintf("n%d", i))
			if err != nil {
				t.Error(err)
			}
		})
	}
	done.Wait()
	winner := -1
	for i := range claimants {
		if founding[i] != founding[0] {
			t.Errorf("claimant %d was told %+v, claimant 0 %+v", i, founding[i], founding[0])
		}
		if own[i] {
			if winner >= 0 {
				t.Errorf("both %d and %d have founded the cluster", winner, i)
			}
			winner = i
		}
	}
	if want := fmt.Sprint(winner); winner < 0 || founding[0] != (Founding{ClusterID: "c" + want, Node: "n" + want}) {
		t.Errorf("claimant %s has won, the founding is %+v", want, founding[0])
	}
}

func TestAFoundingOutlivesItsNodeAndEtcdsRestart(t *testing.T) {
	e := startEtcd(t)
	r := e.open()
	if _, own, err := r.Claim(soon(t), "c1", "n1"); err != nil || !own {
		t.Fatal(own, err)
	}
	e.stop()
	if _, _, err := r.Claim(soon(t), "c2", "n2"); !errors.Is(err, ErrUnavailable) {
		t.Errorf("without etcd: %v", err)
	}
	e.start()
	eventually(t, "etcd answers", func() bool { return r.Probe(soon(t)) == nil })
	want := Founding{ClusterID: "c1", Node: "n1"}
	if f, own, err := r.Claim(soon(t), "c2", "n2"); err != nil || own || f != want {
		t.Errorf("another claims: %+v, %t, %v", f, own, err)
	}
	if f, own, err := r.Claim(soon(t), "c3", "n1"); err != nil || !own || f != want {
		t.Errorf("the founder claims again: %+v, %t, %v", f, own, err)
	}
	if f, err := r.Founded(soon(t)); err != nil || f != want {
		t.Errorf("founded is %+v, %v", f, err)
	}
}

func TestAFoundingThatIsNoneIsNotReplaced(t *testing.T) {
	e := startEtcd(t)
	r := e.open()
	if _, err := e.client().Put(soon(t), r.FoundingKey(), "{}"); err != nil {
		t.Fatal(err)
	}
	if _, own, err := r.Claim(soon(t), "c1", "n1"); own || !errors.Is(err, ErrRecord) {
		t.Errorf("claimed: %t, %v", own, err)
	}
	if _, err := r.Founded(soon(t)); !errors.Is(err, ErrRecord) {
		t.Errorf("founded: %v", err)
	}
	for _, ids := range [][2]string{{"", "n"}, {"c", ""}, {"c/d", "n"}} {
		if _, _, err := r.Claim(soon(t), ids[0], ids[1]); !errors.Is(err, ErrRecord) {
			t.Errorf("a claim of %q: %v", ids, err)
		}
	}
}
