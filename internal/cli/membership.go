package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kamaitachi/kamaitachi/conf"
	"github.com/kamaitachi/kamaitachi/internal/registry"
	"github.com/kamaitachi/kamaitachi/server"
	"github.com/kamaitachi/kamaitachi/server/replica"
)

// membership is what makes a node one of a cluster besides its log: which cluster that is, who lets it in, and that others
// find it. All of it goes by etcd where there is one, and nothing of it is needed by a node that has its place already.
type membership struct {
	c        *conf.Config
	log      *slog.Logger
	registry *registry.Registry
	version  string
	began    time.Time

	node   *server.Node
	http   string // address of the JSON endpoints, as others dial it; "" = none
	admin  string
	listed atomic.Pointer[registry.Registration]
	served atomic.Bool // the record that was given last names the addresses of clients
	found  atomic.Bool // etcd has listed these once

	stop context.CancelFunc
	wg   sync.WaitGroup
}

const (
	retryEvery = 300 * time.Millisecond // between two attempts to find the cluster or to be let in
	tellEvery  = 30 * time.Second       // how often a node says what it waits for
	patience   = 2 * time.Second        // for which it says nothing
	watchEvery = 50 * time.Millisecond  // between two looks at what the node is
	claimEvery = 30 * time.Second       // between two looks at whether etcd knows the cluster
	leaveWait  = 3 * time.Second        // for etcd to take the node off its list
)

// openMembership returns the membership of a node that is to be opened.
func openMembership(c *conf.Config, version string, log *slog.Logger) (*membership, error) {
	r, err := openRegistry(c, log)
	if err != nil {
		return nil, err
	}
	return &membership{c: c, log: log, registry: r, version: version, began: time.Now(), stop: func() {}}, nil
}

// options returns what the node is told of its cluster. Opening it ends with ctx.
func (m *membership) options(ctx context.Context) *server.Cluster {
	s, l, host := &m.c.Server, &m.c.Cluster.Log, m.c.Server.Host()
	return &server.Cluster{
		RaftOptions: replica.RaftOptions{
			Listen: s.ReplicationPort.Addr(s.Bind), Advertise: cmp.Or(s.ReplicationAddr, s.ReplicationPort.Addr(host)),
			Native: s.NativePort.Addr(host), Expect: s.Expect, Learner: !s.Voter, Prefer: s.Mode == conf.Master,
			SnapshotBytes: l.SnapshotBytes, SnapshotEntries: uint64(l.SnapshotEntries),
			TrailingBytes: l.TrailingBytes, TrailingLogs: uint64(l.TrailingEntries),
		},
		Admit: func(cluster, node string) (string, bool, error) { return m.admit(ctx, cluster, node) },
	}
}

// admit finds out which cluster a node without a log is to belong to. It goes on asking until it knows or ctx ends.
func (m *membership) admit(ctx context.Context, cluster, node string) (id string, bootstrap bool, err error) {
	t := teller{log: m.log, next: time.Now().Add(patience)}
	for {
		id, bootstrap, err = m.ask(ctx, cluster, node)
		switch {
		case ctx.Err() != nil:
			return "", false, ctx.Err()
		case err == nil:
			m.log.Info("the node is of", "cluster", id, "forms_it", bootstrap)
			return id, bootstrap, nil
		case !errors.Is(err, registry.ErrUnavailable) && !errors.Is(err, registry.ErrNotFounded):
			return "", false, err
		}
		t.tell("the node has no data of a cluster yet and waits to learn which it is to be of", err)
		if !pause(ctx, retryEvery) {
			return "", false, ctx.Err()
		}
	}
}

// ask asks etcd once.
func (m *membership) ask(ctx context.Context, cluster, node string) (id string, bootstrap bool, err error) {
	if !m.c.Server.Bootstrap {
		if m.c.Cluster.ID != "" {
			return m.c.Cluster.ID, false, nil
		}
		founding, err := m.registry.Founded(ctx)
		if err != nil {
			return "", false, fmt.Errorf("no master of cluster %q is known: %w", m.c.Cluster.Name, err)
		}
		return founding.ClusterID, false, nil
	}
	if m.c.Cluster.ID != "" {
		cluster = m.c.Cluster.ID
	}
	if id, err := m.lively(ctx); id != "" || err != nil {
		return id, false, err
	}
	founding, own, err := m.registry.Claim(ctx, cluster, node)
	if err == nil && !own {
		m.log.Info("the cluster was founded already; the node joins it", "name", m.c.Cluster.Name, "cluster", founding.ClusterID,
			"by", founding.Node, "key", m.registry.FoundingKey())
	}
	return founding.ClusterID, own, err
}

// lively returns the cluster of a node that etcd lists, "" if it lists none of any: an etcd that was set up anew may not know
// yet which cluster goes by the name.
func (m *membership) lively(ctx context.Context) (cluster string, err error) {
	records, err := m.registry.List(ctx)
	if err != nil {
		return "", err
	}
	for _, r := range records {
		if r.ClusterID != "" {
			return r.ClusterID, nil
		}
	}
	return "", nil
}

// begin lists the node, has it taken into its cluster, and follows what it is.
func (m *membership) begin(n *fronts) error {
	m.node = n.node
	host := m.c.Server.Host()
	for _, front := range []struct {
		of string
		to *string
	}{{n.address("http"), &m.http}, {n.address("admin"), &m.admin}} {
		if _, port, err := net.SplitHostPort(front.of); err == nil {
			*front.to = net.JoinHostPort(host, port)
		}
	}
	listed, err := m.registry.Register(m.record())
	if err != nil {
		return err
	}
	m.listed.Store(listed)
	ctx, stop := context.WithCancel(context.Background())
	m.stop = stop
	m.wg.Go(func() { m.join(ctx) })
	m.wg.Go(func() { m.follow(ctx) })
	m.wg.Go(func() { m.claim(ctx) })
	return nil
}

// record is what the node says of itself now. A node that answers no queries yet tells nobody where to send them.
func (m *membership) record() registry.Record {
	r := registry.Record{
		ID: m.node.NodeID(), Name: m.c.Server.ServiceName, Replication: m.node.Replication(), Role: m.node.Role(),
		Version: m.version, Zone: m.c.Cluster.Zone, ClusterID: m.node.ClusterID(), Admin: m.admin,
	}
	if m.node.Ready() {
		r.Native, r.HTTP = m.node.Native(), m.http
	}
	return r
}

// follow keeps the record true.
func (m *membership) follow(ctx context.Context) {
	last := registry.Record{}
	for pause(ctx, watchEvery) {
		now := m.record()
		if now == last {
			continue
		}
		if err := m.listed.Load().Update(now); err != nil {
			m.log.Warn("the node cannot be listed as it is", "error", err)
		}
		m.served.Store(now.Native != "")
		if last.Role != "" && last.Role != now.Role {
			m.log.Info("the node changes its role", "role", now.Role)
		}
		last = now
	}
}

// join has the master take the node in, or learn its address, unless the node leads.
func (m *membership) join(ctx context.Context) {
	t := teller{log: m.log, next: time.Now().Add(patience)}
	for m.node.Role() != replica.RoleMaster {
		addresses := m.addresses(ctx)
		if err := m.node.Join(ctx, addresses...); err == nil {
			m.log.Info("the master knows the node")
			return
		} else if ctx.Err() == nil {
			t.tell("the node is not taken into its cluster yet and goes on trying", err, "asked", addresses,
				"if_nothing_is_left_of_that_cluster", "empty this node's directory and delete "+m.registry.FoundingKey()+" in etcd")
		}
		if !pause(ctx, retryEvery) {
			return
		}
	}
}

// addresses returns where other nodes of the cluster may be reached: as the log, the configuration and etcd know.
func (m *membership) addresses(ctx context.Context) []string {
	var all []string
	own := m.node.Replication()
	add := func(address string) {
		if address != "" && address != own && !slices.Contains(all, address) {
			all = append(all, address)
		}
	}
	status := m.node.Status()
	add(status.Master.Address)
	for _, other := range status.Members {
		add(other.Address)
	}
	for _, peer := range m.c.Cluster.Peers {
		add(peer)
	}
	if records, err := m.registry.List(ctx); err == nil { // without etcd the others must do
		for _, r := range records {
			if r.ClusterID == m.node.ClusterID() {
				add(r.Replication)
			}
		}
	}
	return all
}

// claim tells etcd which cluster goes by the name, and tells it again at times and whenever the node is listed anew: etcd may
// have been set up anew, and must then not let a second cluster be founded.
func (m *membership) claim(ctx context.Context) {
	told, listed := false, false
	for next := time.Now(); pause(ctx, watchEvery); {
		before := listed
		listed = m.listed.Load().Held()
		if time.Now().Before(next) && (before || !listed) {
			continue
		}
		next = time.Now().Add(claimEvery)
		founding, _, err := m.registry.Claim(ctx, m.node.ClusterID(), m.node.NodeID())
		if err == nil && founding.ClusterID != m.node.ClusterID() && !told {
			m.log.Error("another cluster goes by this name in etcd: give one of them another cluster.name or etcd.prefix",
				"name", m.c.Cluster.Name, "cluster", m.node.ClusterID(), "other", founding.ClusterID, "key", m.registry.FoundingKey())
			told = true
		}
	}
}

// errUnlisted is what a check says of a node that etcd does not list.
var errUnlisted = errors.New("etcd does not list the node yet")

// check tells why the node is not ready as far as being found goes, or nil: once it was found it is well. Etcd that is away
// keeps no node from answering: it is waited for no longer than it has to answer a question.
func (m *membership) check() error {
	listed := m.listed.Load()
	switch {
	case m.found.Load():
	case listed == nil:
		return errUnlisted
	case m.served.Load() && listed.Current():
		m.found.Store(true)
	case listed.Held() || time.Since(m.began) < 2*m.c.Etcd.Timeout:
		return errUnlisted
	}
	return nil
}

// leave takes the node off the list, so that nobody is sent to it any more.
func (m *membership) leave() {
	m.stop()
	m.wg.Wait()
	listed := m.listed.Load()
	if listed == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), leaveWait)
	defer cancel()
	if err := listed.Close(ctx); err != nil {
		m.log.Warn("etcd could not be told that the node leaves; its record ends by itself", "error", err)
	}
}

// close ends the connection to etcd.
func (m *membership) close() {
	m.leave()
	if err := m.registry.Close(); err != nil {
		m.log.Debug("the connection to etcd ends", "error", err)
	}
}

// teller says what is waited for: not at once, and not all the time.
type teller struct {
	log  *slog.Logger
	next time.Time
}

func (t *teller) tell(what string, err error, more ...any) {
	now := time.Now()
	if now.Before(t.next) {
		return
	}
	t.log.Warn(what, append([]any{"error", err}, more...)...)
	t.next = now.Add(tellEvery)
}

// pause waits, and tells whether ctx has not ended meanwhile.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}
