package redis

import (
	"fmt"

	"github.com/kamaitachi/kamaitachi/bench"
	"github.com/kamaitachi/kamaitachi/protocol"
)

// Zset ranks a whole topic: ZREVRANGE (or ZRANGE) of a page of the field's sorted set and HMGET of each row, in one
// pipeline. A user of Redis would have to wait for the page before he could ask for its rows; here the dialect knows
// them beforehand (Orders), which saves Redis a round trip.
type Zset struct {
	inOrder
	Orders map[string][]string // by field: subjects in descending order
}

// AppendRequest appends the pipeline of a ranking of the topic.
func (d *Zset) AppendRequest(dst []byte, _ uint64, q *bench.Query) []byte {
	s := &q.Snapshot
	command := "ZREVRANGE"
	if s.Order == protocol.Ascending {
		command = "ZRANGE"
	}
	dst = appendWord(appendWord(beginCommand(dst, 4), command), zsetKey(s.Field))
	dst = appendNumber(appendNumber(dst, s.Offset), s.Offset+s.Limit-1)
	order := d.Orders[s.Field]
	for i := s.Offset; i < min(s.Offset+s.Limit, len(order)); i++ {
		key := order[i]
		if s.Order == protocol.Ascending {
			key = order[len(order)-1-i]
		}
		dst = appendWord(appendWord(beginCommand(dst, 2+len(s.IDs)), "HMGET"), key)
		for _, id := range s.IDs {
			dst = appendWord(dst, id)
		}
	}
	return dst
}

// Reply takes the page and the rows that it announces.
func (d *Zset) Reply(buf []byte) (int, uint64, bool, error) {
	page, err := next(buf)
	if err != nil || page.size == 0 {
		return 0, 0, false, err
	}
	if page.kind != '*' {
		return 0, 0, false, fmt.Errorf("%w to a page of a sorted set with %q", ErrReply, page.kind)
	}
	size, failed, err := replySize(buf)
	for row := 0; row < page.n && err == nil && size > 0; row++ {
		n, bad, fault := replySize(buf[size:])
		if failed, err = failed || bad, fault; n == 0 {
			size = 0
			break
		}
		size += n
	}
	if err != nil || size == 0 {
		return 0, 0, false, err
	}
	return size, d.id(), !failed, nil
}
