package protocol

// Message is what a payload carries.
type Message interface {
	// AppendTo appends the message to dst. Equal messages append equal bytes.
	AppendTo(dst []byte) []byte
	// Decode replaces the message by what payload says and reuses its slices. It reads the whole payload; what is left
	// over, cut off, of the wrong kind or unknown is an *Error of CodeProtocol, a list over its limit one of
	// CodeTooLarge; the message is then in no defined state.
	//
	// A request borrows its strings from payload. A reply owns what it holds.
	Decode(payload []byte) error
}

// Empty is the payload of operations that say nothing: PING, TABLES and STATS as requests, and PING and all writes as
// replies.
type Empty struct{}

// AppendTo appends nil.
func (Empty) AppendTo(dst []byte) []byte { return appendNil(dst) }

// Decode accepts nil and the empty array.
func (Empty) Decode(payload []byte) error {
	c := cursor{buf: payload, message: "Empty"}
	c.fields(0)
	return c.end()
}

// AppendTo appends message and detail; the code is the reply header's.
func (e *Error) AppendTo(dst []byte) []byte {
	dst, w := beginFields(dst)
	dst = appendString(dst, e.Message)
	w.wrote(dst, e.Message != "")
	dst = appendString(dst, e.Detail)
	w.wrote(dst, e.Detail != "")
	return w.finish(dst)
}

// Decode reads message and detail. It sets no code: that is the reply header's.
func (e *Error) Decode(payload []byte) error {
	*e = Error{}
	borrowed := cursor{buf: payload, message: "Error"}
	c := borrowed.own()
	f := c.fields(2)
	if f.next(&c, "message") {
		e.Message = c.str()
	}
	if f.next(&c, "detail") {
		e.Detail = c.str()
	}
	return c.end()
}
