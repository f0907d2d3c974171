package store

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
)

// rowHash is SHA-256 over rows in key order, each as length and bytes of key and value.
type rowHash struct {
	sum hash.Hash
	buf []byte
}

func newRowHash() *rowHash { return &rowHash{sum: sha256.New()} }

func (h *rowHash) add(key, value []byte) {
	h.buf = binary.AppendUvarint(h.buf[:0], uint64(len(key)))
	h.buf = append(h.buf, key...)
	h.buf = binary.AppendUvarint(h.buf, uint64(len(value)))
	h.buf = append(h.buf, value...)
	h.sum.Write(h.buf)
}

func (h *rowHash) String() string { return hex.EncodeToString(h.sum.Sum(nil)) }

// RowHash returns a SHA-256 over all rows of all tables, as 64 hexadecimal digits. Stores with equal rows have equal
// hashes, whatever the history of their files; subjects, the catalog and stamps are not part of it. It reads everything,
// as of the moment it began.
func (s *Store) RowHash() (string, error) {
	h := newRowHash()
	err := s.each([]byte{prefixRow}, []byte{prefixRow + 1}, func(key, value []byte) error {
		h.add(key, value)
		return nil
	})
	if err != nil {
		return "", err
	}
	return h.String(), nil
}
