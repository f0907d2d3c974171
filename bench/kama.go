package bench

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// kamaDialect speaks the native protocol.
type kamaDialect struct {
	replies int
	result  protocol.Result
}

// idWidth is how many bytes a request id takes in an encoded request: ids are kept in the range of msgpack's uint32,
// so that setID overwrites them in place.
const (
	firstID  = 1 << 31
	idMarker = 0xce // msgpack uint32
	idOffset = protocol.FramePrefix + 1
)

// deepCheck is how often a reply is decoded wholly; the others are checked by header and size.
const deepCheck = 64

func (d *kamaDialect) Greet(c net.Conn) error {
	hello := protocol.Hello{MinVersion: protocol.Version, MaxVersion: protocol.Version, Client: "kamaitachi-bench"}
	frame := protocol.BeginRequest(nil, &protocol.RequestHeader{ID: 1, Op: protocol.OpHello})
	_, err := exchange(c, protocol.FinishFrame(hello.AppendTo(frame), 0))
	return err
}

// exchange sends a request, waits for its reply and returns the payload of that.
func exchange(c net.Conn, frame []byte) ([]byte, error) {
	if _, err := c.Write(frame); err != nil {
		return nil, err
	}
	var prefix [protocol.FramePrefix]byte
	if _, err := io.ReadFull(c, prefix[:]); err != nil {
		return nil, err
	}
	size, err := protocol.FrameSize(prefix[:], protocol.DefaultMaxReply)
	if err != nil {
		return nil, err
	}
	body := make([]byte, size)
	if _, err := io.ReadFull(c, body); err != nil {
		return nil, err
	}
	h, payload, err := protocol.DecodeReply(body)
	if err != nil {
		return nil, err
	}
	return payload, replyError(h, payload)
}

// replyError returns the error that a reply carries, or nil.
func replyError(h protocol.ReplyHeader, payload []byte) error {
	if h.Code == protocol.CodeOK {
		return nil
	}
	e := &protocol.Error{Code: h.Code}
	if err := e.Decode(payload); err != nil {
		return fmt.Errorf("error reply %s: %w", h.Code, err)
	}
	e.Code = h.Code
	return e
}

func (d *kamaDialect) AppendRequest(dst []byte, id uint64, q *Query) []byte {
	start := len(dst)
	dst = protocol.BeginRequest(dst, &protocol.RequestHeader{ID: firstID + id, Op: q.Op})
	return protocol.FinishFrame(q.message().AppendTo(dst), start)
}

func (d *kamaDialect) SetID(request []byte, id uint64) {
	if request[idOffset] != idMarker {
		panic("bench: a request id is not where the protocol puts it")
	}
	binary.BigEndian.PutUint32(request[idOffset+1:], uint32(firstID+id))
}

func (d *kamaDialect) Reply(buf []byte) (int, uint64, bool, error) {
	if len(buf) < protocol.FramePrefix {
		return 0, 0, false, nil
	}
	size, err := protocol.FrameSize(buf, protocol.DefaultMaxReply)
	if err != nil {
		return 0, 0, false, err
	}
	size += protocol.FramePrefix
	if len(buf) < size {
		return 0, 0, false, nil
	}
	h, payload, err := protocol.DecodeReply(buf[protocol.FramePrefix:size])
	if err != nil {
		return 0, 0, false, err
	}
	ok := h.Code == protocol.CodeOK
	if d.replies++; ok && d.replies%deepCheck == 1 {
		if err := d.result.Decode(payload); err != nil {
			return 0, 0, false, err
		}
		ok = d.result.Rows() > 0
	}
	return size, h.ID - firstID, ok && len(payload) > minPayload, nil
}

// minPayload is more than an answer without a row takes and less than one with a row does.
const minPayload = 16
