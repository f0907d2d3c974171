package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kamaitachi/kamaitachi/client"
	"github.com/kamaitachi/kamaitachi/gateway"
	"github.com/kamaitachi/kamaitachi/protocol"
	"github.com/kamaitachi/kamaitachi/server"
)

// relay sends writes that came to a node's JSON endpoints to the master, wherever that is. It gives each an origin, so that
// one whose outcome this node does not know can be sent to the next master without being carried out twice.
type relay struct {
	node     *server.Node
	log      *slog.Logger
	id       protocol.ClientID
	sequence atomic.Uint64
	sdk      atomic.Pointer[client.Client] // nil = no node has answered yet
	stop     context.CancelFunc
	wg       sync.WaitGroup
}

// openRelay returns the relay of a node of a cluster; it looks for the others in the background.
func openRelay(n *server.Node, log *slog.Logger) *relay {
	r := &relay{node: n, log: log}
	rand.Read(r.id[:]) // never fails: it ends the process instead
	ctx, stop := context.WithCancel(context.Background())
	r.stop = stop
	r.wg.Go(func() { r.open(ctx) })
	return r
}

// open opens the client, trying again until it is open or ctx has ended.
func (r *relay) open(ctx context.Context) {
	for {
		c, err := client.Open(ctx, client.Options{Discovery: fellows{r.node}, Name: "node " + r.node.NodeID(),
			ClusterID: r.node.ClusterID()})
		if err == nil {
			r.sdk.Store(c)
			return
		}
		if !pause(ctx, retryEvery) {
			return
		}
		r.log.Debug("no node answers to whom writes could be sent", "error", err)
	}
}

// writers is as how many clients a relay numbers its writes. Of each the cluster remembers a bounded number of the newest, and
// a relay may have more under way than that.
const writers = 16

// origin returns that of the next write.
func (r *relay) origin() protocol.Origin {
	n := r.sequence.Add(1) - 1
	o := protocol.Origin{Client: r.id, Sequence: n/writers + 1}
	o.Client[0] ^= byte(n % writers)
	return o
}

// close ends what is under way.
func (r *relay) close() {
	if r == nil {
		return
	}
	r.stop()
	r.wg.Wait()
	if c := r.sdk.Load(); c != nil {
		c.Close() // it returns nil
	}
}

// elsewhere tells whether a write that this node answered so is to be sent to another.
func (r *relay) elsewhere(err error) bool {
	if err == nil || errors.Is(err, server.ErrClosed) {
		return false
	}
	var e *protocol.Error
	if !errors.As(err, &e) {
		return false
	}
	return e.Code == protocol.CodeNotMaster || e.Code == protocol.CodeUnknownOutcome || e.Code == protocol.CodeUnavailable
}

// through carries out a write here, or through the master. here and there are how a node and the SDK do it; origin lies in
// the write.
func through[W any](ctx context.Context, r *relay, w *W, origin *protocol.Origin, here func(context.Context, *W) (uint64, error),
	there func(*client.Client, context.Context, *W) (uint64, error)) (uint64, error) {
	if r == nil {
		return here(ctx, w)
	}
	if !origin.Given() {
		*origin = r.origin()
	}
	index, err := here(ctx, w)
	if !r.elsewhere(err) {
		return index, err
	}
	c := r.sdk.Load()
	if c == nil {
		return 0, err
	}
	if index, err = there(c, ctx, w); err != nil {
		return 0, gateway.Answered(err)
	}
	r.show(ctx, index)
	return index, nil
}

// showWait bounds how long a write that went through another node waits to be seen here too.
const showWait = time.Second

// show waits until this node shows a write, so that who asks where he wrote sees it. The write is durable whether or not.
func (r *relay) show(ctx context.Context, index uint64) {
	ctx, cancel := context.WithTimeout(ctx, showWait)
	defer cancel()
	if err := r.node.WaitApplied(ctx, index); err != nil {
		r.log.Debug("a write is not seen here yet", "index", index, "error", err)
	}
}

// fellows is the discovery of a node's own cluster, as its log knows it: etcd is not needed for a write to find its way.
type fellows struct{ node *server.Node }

var _ client.Discovery = fellows{}

// fellowsEvery is the time between two looks at who is there.
const fellowsEvery = 200 * time.Millisecond

// Watch implements client.Discovery.
func (f fellows) Watch(ctx context.Context, deliver func([]client.Member)) error {
	var last []client.Member
	for {
		status := f.node.Status()
		var members []client.Member
		for _, m := range status.Members {
			if m.Native == "" || slices.ContainsFunc(members, func(o client.Member) bool { return o.Addr == m.Native }) {
				continue
			}
			role := ""
			if m.Node == status.Master.Node {
				role = "master"
			}
			members = append(members, client.Member{ID: m.Node, Addr: m.Native, Role: role})
		}
		if !slices.Equal(members, last) {
			deliver(slices.Clone(members))
			last = members
		}
		if !pause(ctx, fellowsEvery) {
			return ctx.Err()
		}
	}
}
