// Package devetcd runs an etcd inside this process: one member for `kamaitachi etcd` and for tests, or several that are
// compared with in a benchmark. It is for development, demonstrations and measuring. A cluster that matters uses an etcd
// of its own, on machines of its own.
//
// It is the only room that links etcd's server, and only cmd/kamaitachi links it: nodes and gateways talk to an etcd as
// clients.
//
// What embed leaves at a default that hurts is set here: history is compacted (else the store fills its 2 GiB and turns
// read-only), a directory that another process uses is refused (embed would wait for it for ever), and readiness is
// waited for with a bound.
package devetcd
