package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/kamaitachi/kamaitachi/client"
	"github.com/kamaitachi/kamaitachi/conf"
	"github.com/kamaitachi/kamaitachi/internal/registry"
	"github.com/kamaitachi/kamaitachi/protocol"
)

// survey is what is known of a cluster from outside: what etcd lists, and what each node that can be reached says.
type survey struct {
	Name      string       `json:"name"`       // cluster.name; "" = only addresses were given
	ClusterID string       `json:"cluster_id"` // "" = no node answers
	Term      uint64       `json:"term"`
	Committed uint64       `json:"committed"`
	Master    string       `json:"master"`         // id; "" = none
	Quorum    bool         `json:"quorum"`         // there is a master, and it hears a majority of the voters
	Formed    bool         `json:"formed"`         // there have been as many voters as are expected: writes are let in
	Voters    int          `json:"voters"`         // members with a vote
	Etcd      *etcdState   `json:"etcd,omitempty"` // nil = it was not asked
	Nodes     []surveyNode `json:"nodes"`
}

// etcdState tells whether etcd answers.
type etcdState struct {
	Endpoints []string `json:"endpoints"`
	Reachable bool     `json:"reachable"`
	Error     string   `json:"error,omitempty"`
}

// surveyNode is one node. Applied and Lag are as the master heard them last, or as the node itself says.
type surveyNode struct {
	ID          string `json:"id"`
	Name        string `json:"name,omitempty"`
	Role        string `json:"role"` // "master", "slave", "standalone"; "" = not known
	Vote        string `json:"vote"` // "voter", "learner", "joining" (will get a vote), "none" (no member)
	State       string `json:"state"`
	Native      string `json:"native,omitempty"`
	HTTP        string `json:"http,omitempty"`
	Replication string `json:"replication,omitempty"`
	Zone        string `json:"zone,omitempty"`
	Version     string `json:"version,omitempty"`
	Listed      bool   `json:"listed"` // in etcd
	Applied     uint64 `json:"applied"`
	Lag         uint64 `json:"lag"`

	heard bool // Applied and Lag are known
}

// States of a surveyNode.
const (
	stateReady       = "ready"
	stateUnready     = "catching up"
	stateUnreachable = "unreachable"
)

// surveyor asks a cluster.
type surveyor struct {
	addresses []string // native; nil = those that etcd lists
	config    *conf.Config
	timeout   time.Duration // of each question
}

// reached is a node that answered.
type reached struct {
	addr   string
	status *protocol.ClusterStatus
}

// defaultAddresses are asked where etcd does not say whom to ask: those of the shipped configurations.
var defaultAddresses = []string{"127.0.0.1:7080", "127.0.0.1:7081", "127.0.0.1:7082"}

// survey asks etcd and every node that it or another node names. It fails only when ctx ends.
func (v *surveyor) survey(ctx context.Context) (*survey, error) {
	s := &survey{Nodes: []surveyNode{}}
	var records []registry.Record
	ask := v.addresses
	if len(ask) == 0 {
		s.Name = v.config.Cluster.Name
		records, s.Etcd = v.list(ctx)
		for _, r := range records {
			ask = append(ask, r.Native)
		}
		if !s.Etcd.Reachable {
			ask = defaultAddresses
		}
	}
	asked := map[string]bool{"": true}
	var all []reached
	for len(ask) > 0 {
		answers := v.askAll(ctx, ask, asked)
		all, ask = append(all, answers...), nil
		for _, a := range answers {
			for _, n := range a.status.Nodes {
				if !asked[n.Native] {
					ask = append(ask, n.Native)
				}
			}
		}
	}
	s.take(all, records)
	return s, ctx.Err()
}

// list asks etcd for the nodes.
func (v *surveyor) list(ctx context.Context) ([]registry.Record, *etcdState) {
	state := &etcdState{Endpoints: v.config.Etcd.Endpoints}
	r, err := openRegistry(v.config, slog.New(slog.DiscardHandler))
	if err == nil {
		defer r.Close()
		var records []registry.Record
		if records, err = r.List(ctx); err == nil {
			state.Reachable = true
			return records, state
		}
	}
	state.Error = err.Error()
	return nil, state
}

// askAll asks the nodes that were not asked yet, all at once.
func (v *surveyor) askAll(ctx context.Context, addresses []string, asked map[string]bool) []reached {
	var (
		mu      sync.Mutex
		answers []reached
		asking  sync.WaitGroup
	)
	for _, addr := range addresses {
		if asked[addr] {
			continue
		}
		asked[addr] = true
		asking.Go(func() {
			status, err := v.askOne(ctx, addr)
			if err != nil {
				return // it is shown as not reached where anybody knows of it
			}
			mu.Lock()
			defer mu.Unlock()
			answers = append(answers, reached{addr: addr, status: status})
		})
	}
	asking.Wait()
	slices.SortFunc(answers, func(a, b reached) int { return cmp.Compare(a.addr, b.addr) })
	return answers
}

func (v *surveyor) askOne(ctx context.Context, addr string) (*protocol.ClusterStatus, error) {
	ctx, cancel := context.WithTimeout(ctx, v.timeout)
	defer cancel()
	c, err := client.Open(ctx, client.Options{Addresses: []string{addr}, Name: "kamaitachi status", CloseTimeout: -1})
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return c.ClusterStatus(ctx)
}

// take puts together what was heard. The master's view counts; of two who call themselves so, that of the greater term.
func (s *survey) take(all []reached, records []registry.Record) {
	var best *protocol.ClusterStatus
	for _, a := range all {
		if best == nil || better(a.status, best) {
			best = a.status
		}
	}
	if best != nil {
		s.ClusterID, s.Term, s.Committed, s.Formed = best.ClusterID, best.Term, best.Committed, best.Formed
		s.members(best)
	}
	for _, r := range records {
		n := s.node(r.ID)
		n.Name, n.HTTP, n.Zone, n.Version, n.Listed = r.Name, r.HTTP, r.Zone, r.Version, true
		n.Native, n.Replication = cmp.Or(n.Native, r.Native), cmp.Or(n.Replication, r.Replication)
		if r.Native == "" {
			n.State = stateUnready // it lives, and tells clients nothing before it is ready
		}
	}
	for _, a := range all {
		s.self(a)
	}
	slices.SortStableFunc(s.Nodes, func(a, b surveyNode) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Native, b.Native), cmp.Compare(a.ID, b.ID))
	})
}

// better tells whether a view says more than another one.
func better(a, b *protocol.ClusterStatus) bool {
	leads := func(v *protocol.ClusterStatus) int {
		if v.Master == v.Node {
			return 1
		}
		return 0
	}
	return cmp.Or(cmp.Compare(leads(a), leads(b)), cmp.Compare(a.Term, b.Term), cmp.Compare(a.Committed, b.Committed)) > 0
}

// members takes the members of a view.
func (s *survey) members(view *protocol.ClusterStatus) {
	heard := 0
	for _, m := range view.Nodes {
		n := s.node(m.Node)
		n.Native, n.Replication, n.heard = m.Native, m.Replication, m.Heard
		switch {
		case m.Voter:
			n.Vote = "voter"
			s.Voters++
			if m.Heard {
				heard++
			}
		case m.Learner:
			n.Vote = "learner"
		default:
			n.Vote = "joining"
		}
		if m.Heard {
			n.Applied, n.Lag = m.Applied, m.Lag
		}
		if view.Master != "" {
			n.Role = roleSlave
			if m.Node == view.Master {
				n.Role = view.Role
			}
		}
	}
	if view.Master == view.Node {
		s.Master, s.Quorum = view.Master, heard > s.Voters/2
	}
}

const roleSlave = "slave"

// self takes what a node says of itself.
func (s *survey) self(a reached) {
	n := s.node(a.status.Node)
	n.Role, n.Native = a.status.Role, cmp.Or(n.Native, a.addr)
	n.State = stateUnready
	if a.status.Ready {
		n.State = stateReady
	}
	for _, m := range a.status.Nodes {
		if m.Node == a.status.Node && !n.heard {
			n.Applied, n.Lag, n.heard = m.Applied, m.Lag, true
		}
	}
}

// node returns the node of that id, a new one if it is not known yet. It is valid until the next call.
func (s *survey) node(id string) *surveyNode {
	i := slices.IndexFunc(s.Nodes, func(n surveyNode) bool { return n.ID == id })
	if i < 0 {
		i = len(s.Nodes)
		s.Nodes = append(s.Nodes, surveyNode{ID: id, Vote: "none", State: stateUnreachable})
	}
	return &s.Nodes[i]
}

// errNoMaster is how a survey of a cluster that nobody leads ends.
var errNoMaster = errors.New("no master answers: the cluster takes no writes")

// errNoQuorum is how a survey of a cluster ends whose master hears too few.
var errNoQuorum = errors.New("the master does not hear a majority of the voters: the cluster takes no writes")

// fault tells why the cluster takes no writes, or nil.
func (s *survey) fault() error {
	switch {
	case s.Master == "":
		return errNoMaster
	case !s.Quorum:
		return errNoQuorum
	}
	return nil
}

// where are the flags that say which cluster is meant.
type where struct {
	addresses []string
	config    string
	set       list
	timeout   time.Duration
}

// surveyor loads the configuration and returns who asks.
func (w *where) surveyor(s Streams) (*surveyor, error) {
	if w.timeout <= 0 {
		return nil, usageError("-timeout %v: want more than 0", w.timeout)
	}
	if file := filepath.Join(configDir, masterFile); w.config == "" {
		if _, err := os.Stat(file); err == nil {
			w.config = file
		}
	}
	c, err := conf.Load(w.config, conf.LoadOptions{Env: s.Env, Set: w.set, Builtin: masterFile})
	if err != nil {
		return nil, fmt.Errorf("where etcd is: %w", err)
	}
	return &surveyor{addresses: w.addresses, config: c, timeout: w.timeout}, nil
}
