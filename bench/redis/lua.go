package redis

import (
	"crypto/sha1"
	_ "embed" // the script
	"encoding/hex"
	"slices"

	"github.com/kamaitachi/kamaitachi/bench"
	"github.com/kamaitachi/kamaitachi/protocol"
)

// rankScript is rank.lua.
//
//go:embed rank.lua
var rankScript string

// rankSHA is the name that SCRIPT LOAD gives it.
var rankSHA = func() string {
	sum := sha1.Sum([]byte(rankScript))
	return hex.EncodeToString(sum[:])
}()

// Lua ranks a list of subjects in a server-side script over hashes (Fill). The field must be among the indicators, and
// the subjects must exist: the script does not look for those that do not.
type Lua struct{ inOrder }

// AppendRequest appends an EVALSHA of a snapshot over a list.
func (d *Lua) AppendRequest(dst []byte, _ uint64, q *bench.Query) []byte {
	s := &q.Snapshot
	dst = beginCommand(dst, 3+len(s.Subjects)+4+len(s.IDs))
	dst = appendWord(appendWord(dst, "EVALSHA"), rankSHA)
	dst = appendNumber(dst, len(s.Subjects))
	for _, key := range s.Subjects {
		dst = appendWord(dst, key)
	}
	dst = appendNumber(dst, 1+slices.Index(s.IDs, s.Field))
	ascending := 0
	if s.Order == protocol.Ascending {
		ascending = 1
	}
	dst = appendNumber(appendNumber(appendNumber(dst, ascending), s.Offset), s.Limit)
	for _, id := range s.IDs {
		dst = appendWord(dst, id)
	}
	return dst
}

// Reply takes a page.
func (d *Lua) Reply(buf []byte) (int, uint64, bool, error) {
	size, failed, err := replySize(buf)
	if err != nil || size == 0 {
		return 0, 0, false, err
	}
	return size, d.id(), !failed && size > len("*0\r\n"), nil
}
