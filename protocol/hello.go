package protocol

import "math"

// Version is the version of the protocol that this package speaks.
const Version = 1

// MaxFeatures is how many features Hello and Welcome may name.
const MaxFeatures = 64

// Hello is the first request of a connection.
type Hello struct {
	MinVersion, MaxVersion uint32   // the versions that the client speaks, inclusive
	Client                 string   // name and version of the program, for logs
	ClusterID              string   // "" = any; else another cluster refuses (CodeWrongCluster)
	Token                  string   // credential; may be empty
	Features               []string // that the client would like
}

// Welcome answers Hello.
type Welcome struct {
	Version        uint32 // the greatest that both speak
	Node           string // id of the node
	ClusterID      string
	Role           string   // "master", "slave" or "gateway"
	CatalogVersion uint64   // applied index of the newest change to the catalog
	Features       []string // those of Hello that the node has
	MaxRequest     uint32   // bytes of a request's body
	MaxReply       uint32   // bytes of a reply's body
	MaxInFlight    uint32   // requests of the connection that may wait for their replies
}

// AppendTo appends the message.
func (h *Hello) AppendTo(dst []byte) []byte {
	dst, w := beginFields(dst)
	dst = appendUint(dst, uint64(h.MinVersion))
	w.wrote(dst, h.MinVersion != 0)
	dst = appendUint(dst, uint64(h.MaxVersion))
	w.wrote(dst, h.MaxVersion != 0)
	for _, text := range [...]string{h.Client, h.ClusterID, h.Token} {
		dst = appendString(dst, text)
		w.wrote(dst, text != "")
	}
	dst = appendStrings(dst, h.Features)
	w.wrote(dst, len(h.Features) > 0)
	return w.finish(dst)
}

// Decode reads the message, which borrows from payload.
func (h *Hello) Decode(payload []byte) error {
	*h = Hello{Features: h.Features[:0]}
	c := cursor{buf: payload, message: "Hello"}
	f := c.fields(6)
	if f.next(&c, "min_version") {
		h.MinVersion = c.uint32()
	}
	if f.next(&c, "max_version") {
		h.MaxVersion = c.uint32()
	}
	if f.next(&c, "client") {
		h.Client = c.str()
	}
	if f.next(&c, "cluster_id") {
		h.ClusterID = c.str()
	}
	if f.next(&c, "token") {
		h.Token = c.str()
	}
	if f.next(&c, "features") {
		h.Features = c.strings(h.Features, MaxFeatures)
	}
	return c.end()
}

// AppendTo appends the message.
func (m *Welcome) AppendTo(dst []byte) []byte {
	dst, w := beginFields(dst)
	dst = appendUint(dst, uint64(m.Version))
	w.wrote(dst, m.Version != 0)
	for _, text := range [...]string{m.Node, m.ClusterID, m.Role} {
		dst = appendString(dst, text)
		w.wrote(dst, text != "")
	}
	dst = appendUint(dst, m.CatalogVersion)
	w.wrote(dst, m.CatalogVersion != 0)
	dst = appendStrings(dst, m.Features)
	w.wrote(dst, len(m.Features) > 0)
	for _, limit := range [...]uint32{m.MaxRequest, m.MaxReply, m.MaxInFlight} {
		dst = appendUint(dst, uint64(limit))
		w.wrote(dst, limit != 0)
	}
	return w.finish(dst)
}

// Decode reads the message, which owns what it holds.
func (m *Welcome) Decode(payload []byte) error {
	*m = Welcome{Features: m.Features[:0]}
	borrowed := cursor{buf: payload, message: "Welcome"}
	c := borrowed.own()
	f := c.fields(9)
	if f.next(&c, "version") {
		m.Version = c.uint32()
	}
	if f.next(&c, "node") {
		m.Node = c.str()
	}
	if f.next(&c, "cluster_id") {
		m.ClusterID = c.str()
	}
	if f.next(&c, "role") {
		m.Role = c.str()
	}
	if f.next(&c, "catalog_version") {
		m.CatalogVersion = c.uint(math.MaxUint64)
	}
	if f.next(&c, "features") {
		m.Features = c.strings(m.Features, MaxFeatures)
	}
	if f.next(&c, "max_request") {
		m.MaxRequest = c.uint32()
	}
	if f.next(&c, "max_reply") {
		m.MaxReply = c.uint32()
	}
	if f.next(&c, "max_in_flight") {
		m.MaxInFlight = c.uint32()
	}
	return c.end()
}
