package registry

import (
	"context"
	"encoding/json"
	"fmt"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// Founding says which cluster goes by a name. It is written once and outlives every node.
type Founding struct {
	ClusterID string `json:"cluster_id"`
	Node      string `json:"node"` // the id of the node that wrote it
}

// Claim says that cluster clusterID goes by the name, in the name of node, unless another does already; it returns which
// one does, and whether that was written by this node, now or before. Asking again with the same ids is harmless, so an
// error leaves nothing open: ask again.
//
// A node without state that is to found a cluster may form it only if the founding is its own, and then under the cluster
// id that it returns. A node with state may claim too: that writes the founding anew in an etcd that has lost it.
func (r *Registry) Claim(ctx context.Context, clusterID, node string) (founding Founding, own bool, err error) {
	if !isPart(clusterID) || !isPart(node) {
		return Founding{}, false, fmt.Errorf("registry: %w: claim of cluster %.80q by node %.80q", ErrRecord, clusterID, node)
	}
	claim := Founding{ClusterID: clusterID, Node: node}
	text, err := json.Marshal(claim)
	if err != nil {
		return Founding{}, false, fmt.Errorf("registry: %w: %w", ErrRecord, err)
	}
	ctx, cancel := r.bound(ctx)
	defer cancel()
	key := r.o.foundingKey()
	reply, err := r.client.Txn(ctx).
		If(clientv3.Compare(clientv3.CreateRevision(key), "=", 0)).
		Then(clientv3.OpPut(key, string(text))).
		Else(clientv3.OpGet(key)).
		Commit()
	if err != nil {
		return Founding{}, false, r.unavailable("claim "+r.o.base(), err)
	}
	if reply.Succeeded {
		return claim, true, nil
	}
	kvs := reply.Responses[0].GetResponseRange().Kvs
	founding, err = decodeFounding(key, kvs[0].Value) // it is there: the comparison found it in this transaction
	return founding, err == nil && founding.Node == node, err
}

// Founded returns which cluster goes by the name. The error wraps ErrNotFounded as long as none does.
func (r *Registry) Founded(ctx context.Context) (Founding, error) {
	ctx, cancel := r.bound(ctx)
	defer cancel()
	key := r.o.foundingKey()
	reply, err := r.client.Get(ctx, key)
	if err != nil {
		return Founding{}, r.unavailable("ask for "+key, err)
	}
	if len(reply.Kvs) == 0 {
		return Founding{}, fmt.Errorf("registry: %w: there is no %s", ErrNotFounded, key)
	}
	return decodeFounding(key, reply.Kvs[0].Value)
}

func decodeFounding(key string, text []byte) (Founding, error) {
	var f Founding
	if len(text) > MaxRecord {
		return Founding{}, fmt.Errorf("registry: %s: %w: %d bytes, at most %d", key, ErrRecord, len(text), MaxRecord)
	}
	if err := json.Unmarshal(text, &f); err != nil {
		return Founding{}, fmt.Errorf("registry: %s: %w: %w", key, ErrRecord, err)
	}
	if !isPart(f.ClusterID) || !isPart(f.Node) {
		return Founding{}, fmt.Errorf("registry: %s: %w: cluster %.80q, node %.80q", key, ErrRecord, f.ClusterID, f.Node)
	}
	return f, nil
}

// FoundingKey is the key in etcd of the founding, for messages: a cluster of which nothing is left is given up by deleting it.
func (r *Registry) FoundingKey() string { return r.o.foundingKey() }
