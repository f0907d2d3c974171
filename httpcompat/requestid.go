package httpcompat

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"sync/atomic"
)

// maxRequestID is the longest id that is taken over from a client, in bytes.
const maxRequestID = 128

// requestIDs makes ids that are not given twice: random bytes of this process and a number.
type requestIDs struct {
	process string
	last    *atomic.Uint64
}

func newRequestIDs() requestIDs {
	var random [8]byte
	rand.Read(random[:]) // never fails
	ids := requestIDs{process: hex.EncodeToString(random[:4]) + "-", last: new(atomic.Uint64)}
	ids.last.Store(uint64(binary.LittleEndian.Uint32(random[4:])))
	return ids
}

// append appends the client's id, if it is printable ASCII of a decent length, or a new one.
func (ids *requestIDs) append(dst, client []byte) []byte {
	if fitsRequestID(client) {
		return append(dst, client...)
	}
	dst = append(dst, ids.process...)
	return strconv.AppendUint(dst, ids.last.Add(1), 16)
}

func fitsRequestID(id []byte) bool {
	for _, c := range id {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return len(id) > 0 && len(id) <= maxRequestID
}
