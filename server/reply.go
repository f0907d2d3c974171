package server

import (
	"strings"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// maxMessage bounds the message of an error reply, in bytes: it may quote what a client sent.
const maxMessage = 1 << 10

// appendReply appends a reply frame and returns its encoded message too, which lies in dst. A frame that is larger than the
// limit is replaced by CodeTooLarge, with no message.
func (l *listener) appendReply(dst []byte, cs *counters, id, applied uint64, m protocol.Message) (out, encoded []byte) {
	start := len(dst)
	dst = protocol.BeginReply(dst, &protocol.ReplyHeader{ID: id, Applied: applied})
	head := len(dst)
	dst = m.AppendTo(dst)
	if size := len(dst) - start - protocol.FramePrefix; size > l.limits.MaxReply {
		return l.appendError(dst[:start], cs, id, protocol.Errorf(protocol.CodeTooLarge,
			"the reply would have %d bytes, the limit is %d; ask for less", size, l.limits.MaxReply)), nil
	}
	return protocol.FinishFrame(dst, start), dst[head:]
}

// appendError appends the error reply of a request, or with id 0 of the connection.
func (l *listener) appendError(dst []byte, cs *counters, id uint64, err error) []byte {
	e := errorOf(err)
	cs.fail(e.Code)
	short := protocol.Error{Message: e.Message, Detail: e.Detail}
	if len(short.Message) > maxMessage {
		short.Message = strings.ToValidUTF8(short.Message[:maxMessage], "") + "..."
	}
	start := len(dst)
	dst = protocol.BeginReply(dst, &protocol.ReplyHeader{ID: id, Code: e.Code, Applied: l.node.engine.Applied()})
	return protocol.FinishFrame(short.AppendTo(dst), start)
}
