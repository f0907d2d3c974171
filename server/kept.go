package server

import (
	"github.com/kamaitachi/kamaitachi/protocol"
	"github.com/kamaitachi/kamaitachi/server/cache"
	"github.com/kamaitachi/kamaitachi/server/engine"
)

// replies are the replies that a node keeps.
type replies = cache.Replies[engine.Dependency]

// keeping is working memory of looking for a reply and keeping it.
type keeping struct {
	query cache.Query[engine.Dependency]
	on    []engine.Dependency
}

// keep keeps a reply to a request, which was computed at the applied index from a topic or else from some subjects.
func (k *keeping) keep(n *Node, t cache.Transport, op byte, request []byte, applied uint64, topic string, subjects []string,
	reply []byte) {
	if topic == "" && len(subjects) == 0 {
		return // of everything: any write would change it
	}
	k.on = n.engine.AppendDependencies(k.on[:0], topic, subjects)
	n.replies.Put(&k.query, t, op, request, applied, k.on, reply)
}

// Kept is the way of another front to the replies that the node keeps. It serves one request at a time.
type Kept struct {
	n *Node
	k keeping
}

// NewKept returns nil if the node keeps no replies.
func (n *Node) NewKept() *Kept {
	if n.replies == nil {
		return nil
	}
	return &Kept{n: n}
}

// Find returns the kept answer to a query and the applied index that it shows, if there is one that still holds; it is
// valid until k is used again. kind tells apart what may be asked with the same bytes.
func (k *Kept) Find(kind byte, request []byte) (answer []byte, applied uint64, ok bool) {
	if k.n.closed.Load() || k.n.unready.Load() {
		return nil, 0, false
	}
	if answer, applied, ok = k.n.replies.Find(&k.k.query, cache.JSON, kind, request); ok {
		k.n.hits.direct.Add(1)
	}
	return answer, applied, ok
}

// Wanted tells whether the answer to what Find has not found is worth a Keep.
func (k *Kept) Wanted() bool { return k.k.query.Keep }

// Keep keeps the answer to a query over a topic or else over some subjects.
func (k *Kept) Keep(kind byte, request []byte, applied uint64, topic string, subjects []string, answer []byte) {
	k.k.keep(k.n, cache.JSON, kind, request, applied, topic, subjects, answer)
	k.k.query.Trim()
}

// kept appends the reply to a request, if one is kept that still holds.
func (sc *scratch) kept(n *Node, out []byte, h *protocol.RequestHeader, payload []byte) (_ []byte, ok bool) {
	reply, applied, ok := n.replies.Find(&sc.keeping.query, cache.Native, byte(h.Op), payload)
	if !ok {
		return out, false
	}
	start := len(out)
	out = protocol.BeginReply(out, &protocol.ReplyHeader{ID: h.ID, Applied: applied})
	return protocol.FinishFrame(append(out, reply...), start), true
}

// What each query depends on, for its handler.

func (sc *scratch) ofSnapshot() (topic string, subjects []string) {
	return sc.snapshot.Topic, sc.snapshot.Subjects
}

func (sc *scratch) ofPeriod() (topic string, subjects []string) { return "", sc.period.Subjects }

func (sc *scratch) ofRecent() (topic string, subjects []string) { return "", sc.recent.Subjects }

func (sc *scratch) ofSelectSnapshot() (topic string, subjects []string) {
	return sc.selectSnapshot.Selection.Topic, nil
}

func (sc *scratch) ofSelectPeriod() (topic string, subjects []string) {
	return sc.selectPeriod.Selection.Topic, nil
}

func (sc *scratch) ofGet() (topic string, subjects []string) {
	sc.one[0] = sc.get.Subject
	return "", sc.one[:]
}

func (sc *scratch) ofSearch() (topic string, subjects []string) { return "", sc.search.Subjects }
