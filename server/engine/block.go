package engine

import "encoding/binary"

// A series off the heap is a block:
//
//	created 8 | updated 8 | shape 4 | reports 4 | of each report: date 8, declare 8, meta 8, values 8 each
//
// little-endian. Shape, report types and periods in it are numbers of this process, so a block means nothing to another; its
// key begins with a random number for that reason.
const blockHeader = 24

// blockKey names a series at one version: epoch 8 | slot 4 | subject number 4 | version 8.
//
// The version is the index of the log entry that changed the series last. A block that is late is kept under the
// version that it is of, where nobody looks who sees a newer one.
type blockKey [24]byte

func (k *blockKey) set(epoch uint64, slot int, number uint32, version uint64) {
	binary.LittleEndian.PutUint64(k[:], epoch)
	binary.LittleEndian.PutUint32(k[8:], uint32(slot))
	binary.LittleEndian.PutUint32(k[12:], number)
	binary.LittleEndian.PutUint64(k[16:], version)
}

// appendBlock appends the block of s.
func appendBlock(dst []byte, s *series) []byte {
	dst = binary.LittleEndian.AppendUint64(dst, uint64(s.stamp.Create))
	dst = binary.LittleEndian.AppendUint64(dst, uint64(s.stamp.Update))
	dst = binary.LittleEndian.AppendUint32(dst, s.shape.number)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(s.count))
	for _, word := range s.words {
		dst = binary.LittleEndian.AppendUint64(dst, word)
	}
	return dst
}

// decode makes the series of a block, lent by the shelf. It returns nil for what is no block.
func (sh *shelf) decode(block []byte, all *shapes) *series {
	if len(block) < blockHeader {
		return nil
	}
	shape, count := all.at(binary.LittleEndian.Uint32(block[16:])), binary.LittleEndian.Uint32(block[20:])
	if shape == nil || count == 0 || uint64(count)*uint64(8*(headWords+shape.width())) != uint64(len(block)-blockHeader) {
		return nil
	}
	s := sh.lend(int(count), shape)
	s.stamp.Create = int64(binary.LittleEndian.Uint64(block))
	s.stamp.Update = int64(binary.LittleEndian.Uint64(block[8:]))
	rest := block[blockHeader:]
	for i := range s.words {
		s.words[i] = binary.LittleEndian.Uint64(rest[i*8:])
	}
	return s
}
