package store

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
)

// Manifests and logs are made of records, records of chunks, and chunks lie in blocks of 32 KiB that none crosses
// (github.com/cockroachdb/pebble/v2/record). A chunk is
//
//	kind 1 to 4, manifests:   checksum 4 | length 2 | kind 1 | payload
//	kind 5 to 8:              checksum 4 | length 2 | kind 1 | log number 4 | payload
//	kind 9 to 12, logs:       checksum 4 | length 2 | kind 1 | log number 4 | synced 8 | payload
//
// little-endian, where the four kinds of each form are a full record and the first, a middle and the last chunk of one,
// and synced promises that the file was on disk up to that byte when the chunk was written.
const (
	chunkBlock   = 32 << 10
	shortHeader  = 7
	numberHeader = 11
	syncHeader   = 19
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// chunk is what the header says.
type chunk struct {
	size   int // with the header, in bytes
	kind   byte
	number uint32 // of the log; 0 in a manifest
	synced uint64 // 0 in a manifest
}

func (c chunk) ends() bool   { return c.kind%4 == 1 || c.kind%4 == 0 } // its record ends with it
func (c chunk) begins() bool { return c.kind%4 == 1 || c.kind%4 == 2 } // its record begins with it

// parseChunk reads the chunk at the beginning of b, the rest of a block, if fits agrees to its header and it is whole.
func parseChunk(b []byte, fits func(chunk) bool) (c chunk, ok bool) {
	if len(b) < shortHeader {
		return c, false
	}
	c.kind = b[6]
	header := shortHeader
	switch {
	case c.kind == 0 || c.kind > 12:
		return c, false
	case c.kind > 8:
		header = syncHeader
	case c.kind > 4:
		header = numberHeader
	}
	if c.size = header + int(binary.LittleEndian.Uint16(b[4:])); c.size > len(b) {
		return c, false
	}
	if header > shortHeader {
		c.number = binary.LittleEndian.Uint32(b[7:])
	}
	if header == syncHeader {
		c.synced = binary.LittleEndian.Uint64(b[11:])
	}
	if !fits(c) {
		return c, false
	}
	sum := crc32.Checksum(b[6:c.size], castagnoli)
	return c, (sum>>15|sum<<17)+0xa282ead8 == binary.LittleEndian.Uint32(b)
}

// chunkScan is what a walk over all chunks of a file has found.
type chunkScan struct {
	whole       int64  // where the last whole record before bad ends
	bad         int64  // the first place that is not right, or -1
	laterRecord bool   // a record begins after bad
	laterSynced uint64 // greatest promise of a chunk after bad
}

// scanChunks walks a file, beyond what is not right, where it looks for the next chunk byte by byte. Chunks that do not
// fit are not right.
func scanChunks(r io.Reader, fits func(chunk) bool) (chunkScan, error) {
	scan := chunkScan{bad: -1}
	block := make([]byte, chunkBlock)
	for at := int64(0); ; at += chunkBlock {
		n, err := io.ReadFull(r, block)
		if err == io.EOF {
			return scan, nil
		}
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			return scan, err
		}
		scan.block(block[:n], at, fits)
		if n < chunkBlock {
			return scan, nil
		}
	}
}

// block walks the block that begins at byte at of the file.
func (s *chunkScan) block(b []byte, at int64, fits func(chunk) bool) {
	for pos := 0; pos < len(b); {
		if len(b) == chunkBlock && len(b)-pos < syncHeader && allZero(b[pos:]) {
			return // padding: no header has room
		}
		c, ok := parseChunk(b[pos:], fits)
		if !ok {
			if s.bad < 0 {
				s.bad = at + int64(pos)
			}
			pos++
			continue
		}
		pos += c.size
		switch {
		case s.bad >= 0:
			s.laterRecord = s.laterRecord || c.begins()
			s.laterSynced = max(s.laterSynced, c.synced)
		case c.ends():
			s.whole = at + int64(pos)
		}
	}
}

func allZero(b []byte) bool {
	for _, x := range b {
		if x != 0 {
			return false
		}
	}
	return true
}
