package torture

import (
	"encoding/hex"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/kamaitachi/kamaitachi/internal/clustertest"
)

// What happens to what one node sends another over connections that it made, and to the answers.
type rule struct {
	hold  bool          // nothing arrives until the rule is gone, and nobody is told
	cut   bool          // connections break, new ones are refused
	delay time.Duration // everything arrives later
}

// link is the way from a node that connects, by its id, to the one that is connected to.
type link struct {
	from string
	to   *clustertest.Node
}

// network stands between nodes: each is reached by the others through a proxy of its own. Clients do not pass it.
type network struct {
	mu      sync.Mutex
	rules   map[link]rule
	changed chan struct{} // closed, and replaced, when rules change
	conns   map[net.Conn]link
	closed  bool
	wg      sync.WaitGroup
	proxies []*proxy
}

// proxy is the way to one node.
type proxy struct {
	net.Listener
	network *network
	node    *clustertest.Node
	id      string // of the node, once learn was called
	target  string
}

// newNetwork puts a proxy before each node, none of which may have been started. Proxy and node share a port: the one at
// 127.0.0.1, the other at 127.0.0.2.
func newNetwork(t testing.TB, nodes []*clustertest.Node) *network {
	t.Helper()
	n := &network{rules: map[link]rule{}, changed: make(chan struct{}), conns: map[net.Conn]link{}}
	for _, node := range nodes {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		address := listener.Addr().String()
		_, port, _ := net.SplitHostPort(address)
		p := &proxy{Listener: listener, network: n, node: node, target: net.JoinHostPort("127.0.0.2", port)}
		node.Args = append(node.Args, "-set", "server.bind=127.0.0.2", "-set", "server.replication_port="+port,
			"-set", "server.replication_addr="+address)
		n.proxies = append(n.proxies, p)
		n.wg.Go(p.run)
	}
	t.Cleanup(n.close)
	return n
}

// learn asks the nodes for their ids, which rules need. All must run.
func (n *network) learn(t testing.TB) {
	for _, p := range n.proxies {
		if p.id = p.node.ID(); p.id == "" {
			t.Fatalf("%s does not say its id", p.node.Name)
		}
	}
}

// close ends everything.
func (n *network) close() {
	n.mu.Lock()
	n.closed = true
	close(n.changed)
	for c := range n.conns {
		c.Close()
	}
	n.mu.Unlock()
	for _, p := range n.proxies {
		p.Close()
	}
	n.wg.Wait()
}

// set gives every link the rule that of returns.
func (n *network) set(of func(from, to *clustertest.Node) rule) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, from := range n.proxies {
		for _, to := range n.proxies {
			n.rules[link{from.id, to.node}] = of(from.node, to.node)
		}
	}
	for c, l := range n.conns {
		if n.rules[l].cut {
			c.Close()
		}
	}
	close(n.changed)
	n.changed = make(chan struct{})
}

// heal lets everything through.
func (n *network) heal() { n.everywhere(rule{}) }

// everywhere gives all links a rule.
func (n *network) everywhere(r rule) {
	n.set(func(_, _ *clustertest.Node) rule { return r })
}

// around gives the links between a node and all others, both ways, a rule.
func (n *network) around(node *clustertest.Node, r rule) {
	n.set(func(from, to *clustertest.Node) rule {
		if from == node || to == node {
			return r
		}
		return rule{}
	})
}

// oneWay gives the connections that one node makes to another a rule.
func (n *network) oneWay(one, other *clustertest.Node, r rule) {
	n.set(func(from, to *clustertest.Node) rule {
		if from == one && to == other {
			return r
		}
		return rule{}
	})
}

// pass waits as the rule of a link says, and tells whether what waits may go on.
func (n *network) pass(l link) bool {
	for {
		n.mu.Lock()
		r, changed, closed := n.rules[l], n.changed, n.closed
		n.mu.Unlock()
		switch {
		case r.cut || closed:
			return false
		case !r.hold:
			time.Sleep(r.delay)
			return true
		}
		<-changed
	}
}

func (p *proxy) run() {
	for {
		c, err := p.Accept()
		if err != nil {
			return
		}
		p.network.wg.Go(func() { p.serve(c) })
	}
}

// greetingHead is how long the part of a greeting is that says who connects, and where in it the node's id stands.
const greetingHead, idAt, idBytes = 43, 26, 16

// serve carries one connection.
func (p *proxy) serve(c net.Conn) {
	defer c.Close()
	head := make([]byte, greetingHead)
	if _, err := io.ReadFull(c, head); err != nil {
		return
	}
	n, l := p.network, link{hex.EncodeToString(head[idAt : idAt+idBytes]), p.node}
	if !n.pass(l) {
		return
	}
	target, err := net.Dial("tcp", p.target)
	if err != nil {
		return
	}
	defer target.Close()
	n.note(l, c, target)
	defer n.forget(c, target)
	if _, err := target.Write(head); err != nil {
		return
	}
	var both sync.WaitGroup
	both.Go(func() { n.pump(l, target, c) })
	both.Go(func() { n.pump(l, c, target) })
	both.Wait()
}

// pump carries one direction of a connection and closes both ends when it ends.
func (n *network) pump(l link, to, from net.Conn) {
	defer to.Close()
	defer from.Close()
	buf := make([]byte, 64<<10)
	for {
		k, err := from.Read(buf)
		if k > 0 {
			if !n.pass(l) {
				return
			}
			if _, err := to.Write(buf[:k]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (n *network) note(l link, conns ...net.Conn) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, c := range conns {
		n.conns[c] = l
		if n.rules[l].cut || n.closed {
			c.Close()
		}
	}
}

func (n *network) forget(conns ...net.Conn) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, c := range conns {
		delete(n.conns, c)
	}
}
