package client

import (
	"cmp"
	"slices"
	"strconv"
)

// virtualNodes is how many points each node has on the ring. With 150 the shares of few nodes differ by some per cent.
const virtualNodes = 150

// ring places subjects on nodes by consistent hashing. It is immutable and rebuilt for each list of members. Programs
// that know the same addresses agree on every placement, whatever else they know of the nodes (golden test): a
// virtual node's place is ringHash of "ADDRESS#NUMBER", a subject belongs to the first point at or behind ringHash of its key.
type ring struct {
	hashes []uint64 // of the points, ascending
	owners []uint8  // index of each point's node
	nodes  int
}

// newRing returns the ring of nodes at these addresses.
func newRing(addrs []string) ring {
	type point struct {
		hash  uint64
		owner int
	}
	points := make([]point, 0, len(addrs)*virtualNodes)
	for i, addr := range addrs {
		for v := range virtualNodes {
			points = append(points, point{ringHash(addr + "#" + strconv.Itoa(v)), i})
		}
	}
	slices.SortFunc(points, func(a, b point) int { // equal places: by address, whatever the order of the list
		return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(addrs[a.owner], addrs[b.owner]))
	})
	r := ring{nodes: len(addrs), hashes: make([]uint64, len(points)), owners: make([]uint8, len(points))}
	for i, p := range points {
		r.hashes[i], r.owners[i] = p.hash, uint8(p.owner)
	}
	return r
}

// walk is a way round a ring that meets each node once.
type walk struct {
	ring *ring
	at   int // the next point
	met  [MaxMembers / 64]uint64
	left int // nodes not met yet
}

// from begins at a subject's point.
func (r *ring) from(key string) walk {
	at, _ := slices.BinarySearch(r.hashes, ringHash(key))
	return walk{ring: r, at: at, left: r.nodes}
}

// next returns the index of the next node, or false when all were met.
func (w *walk) next() (node int, ok bool) {
	if w.left == 0 {
		return 0, false
	}
	for {
		if w.at == len(w.ring.owners) {
			w.at = 0
		}
		owner := w.ring.owners[w.at]
		w.at++
		if bit := uint64(1) << (owner % 64); w.met[owner/64]&bit == 0 {
			w.met[owner/64] |= bit
			w.left--
			return int(owner), true
		}
	}
}

// ringHash is FNV-1a of 64 bits with the finishing steps of murmur3, without which short texts that differ at their end
// lie close together.
func ringHash(text string) uint64 {
	h := uint64(0xcbf29ce484222325)
	for i := range len(text) {
		h = (h ^ uint64(text[i])) * 0x100000001b3
	}
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}
