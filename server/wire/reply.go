package wire

import (
	"strings"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// maxMessage bounds the message of an error reply, in bytes: it may quote what a client sent.
const maxMessage = 1 << 10

// AppendReply appends a reply frame and returns its encoded message too, which lies in dst. A frame that is larger than the
// limit is replaced by CodeTooLarge, with no message.
func (l *Listener) AppendReply(dst []byte, cs *Counters, id, applied uint64, m protocol.Message) (out, encoded []byte) {
	start := len(dst)
	dst = protocol.BeginReply(dst, &protocol.ReplyHeader{ID: id, Applied: applied})
	head := len(dst)
	dst = m.AppendTo(dst)
	if size := len(dst) - start - protocol.FramePrefix; size > l.limits.MaxReply {
		return l.AppendError(dst[:start], cs, id, tooLarge(size, l.limits.MaxReply)), nil
	}
	return protocol.FinishFrame(dst, start), dst[head:]
}

func tooLarge(size, limit int) error {
	return protocol.Errorf(protocol.CodeTooLarge, "the reply would have %d bytes, the limit is %d; ask for less", size, limit)
}

// AppendError appends the error reply of a request, or with id 0 of the connection.
func (l *Listener) AppendError(dst []byte, cs *Counters, id uint64, err error) []byte {
	e := ErrorOf(err)
	cs.fail(e.Code)
	short := protocol.Error{Message: e.Message, Detail: e.Detail}
	if len(short.Message) > maxMessage {
		short.Message = strings.ToValidUTF8(short.Message[:maxMessage], "") + "..."
	}
	start := len(dst)
	dst = protocol.BeginReply(dst, &protocol.ReplyHeader{ID: id, Code: e.Code, Applied: l.service.Applied()})
	return protocol.FinishFrame(short.AppendTo(dst), start)
}
