// Package registry is where the nodes of a cluster find each other: records in etcd, one a node, each under a lease.
//
//	<prefix>/<cluster>/nodes/<id>   Record as JSON, under the lease of that node
//	<prefix>/<cluster>/founding     Founding as JSON, written once: which cluster goes by this name
//
// Nothing here is needed to answer a read or to accept a write. Etcd tells who is there to be asked; who leads and what was
// written is settled among the nodes themselves. So whoever uses this room starts without etcd and goes on without it:
// Open and Register do not wait for it, a watcher keeps the list that it delivered last, and both come back by themselves.
//
// A name is not a cluster: the founding record says which cluster id goes by the name, and etcd's transaction lets only one
// node write it. That is what keeps two nodes that are started as the first of a new cluster from forming two.
package registry
