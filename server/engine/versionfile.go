package engine

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// ErrVersions is returned by LoadVersions for what SaveVersions did not write, or wrote at another index.
var ErrVersions = errors.New("versions are not those of this moment")

const versionsMagic = "kamaitachi versions 1\n"

// SaveVersions writes the versions of one moment, whose applied index it returns. It holds up Apply for as long as it takes
// to copy 2 MiB.
func (e *Engine) SaveVersions(w io.Writer) (applied uint64, err error) {
	out := append(make([]byte, 0, len(versionsMagic)+8*(versionSlots+2)+4), versionsMagic...)
	e.applying.Lock()
	applied = e.Applied()
	out = binary.LittleEndian.AppendUint64(out, applied)
	out = binary.LittleEndian.AppendUint64(out, e.versions.floor.Load())
	for i := range e.versions.slots {
		out = binary.LittleEndian.AppendUint64(out, e.versions.slots[i].Load())
	}
	e.applying.Unlock()
	out = binary.LittleEndian.AppendUint32(out, crc32.ChecksumIEEE(out))
	_, err = w.Write(out)
	return applied, err
}

// LoadVersions reads what SaveVersions wrote of an engine that has since applied nothing. After an error, which is
// ErrVersions or the reader's, nothing has changed. It is for an engine that nobody asks yet.
func (e *Engine) LoadVersions(r io.Reader) error {
	in := make([]byte, len(versionsMagic)+8*(versionSlots+2)+4)
	if _, err := io.ReadFull(r, in); err != nil {
		return fmt.Errorf("%w: %w", ErrVersions, err)
	}
	body, sum := in[:len(in)-4], binary.LittleEndian.Uint32(in[len(in)-4:])
	if string(body[:len(versionsMagic)]) != versionsMagic || crc32.ChecksumIEEE(body) != sum {
		return fmt.Errorf("%w: the text or the checksum is wrong", ErrVersions)
	}
	body = body[len(versionsMagic):]
	e.applying.Lock()
	defer e.applying.Unlock()
	if saved := binary.LittleEndian.Uint64(body); saved != e.Applied() {
		return fmt.Errorf("%w: they are of index %d, the store is at %d", ErrVersions, saved, e.Applied())
	}
	e.versions.floor.Store(binary.LittleEndian.Uint64(body[8:]))
	for i := range e.versions.slots {
		e.versions.slots[i].Store(binary.LittleEndian.Uint64(body[16+8*i:]))
	}
	return nil
}
