package engine

import "sort"

// members is a set of subject numbers in the order of their keys (bytes). It is immutable.
type members []uint32

// with returns m with the numbers of add, which are not in m, merged in: one binary search and one block copy each,
// so that the arrival of a few subjects in a large topic costs a copy and not a comparison per member.
func (m members) with(add []uint32, key func(uint32) string) members {
	sort.Slice(add, func(i, j int) bool { return key(add[i]) < key(add[j]) })
	out := make(members, 0, len(m)+len(add))
	from := 0
	for _, n := range add {
		k := key(n)
		to := from + sort.Search(len(m)-from, func(i int) bool { return key(m[from+i]) > k })
		out = append(append(out, m[from:to]...), n)
		from = to
	}
	return append(out, m[from:]...)
}

// without returns m less the numbers of drop.
func (m members) without(drop []uint32) members {
	gone := make(map[uint32]bool, len(drop))
	for _, n := range drop {
		gone[n] = true
	}
	out := make(members, 0, len(m))
	for _, n := range m {
		if !gone[n] {
			out = append(out, n)
		}
	}
	return out
}
