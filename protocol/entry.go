package protocol

// MaxEntryWrites bounds the writes of one log entry.
const MaxEntryWrites = 65_536

// Entry is one entry of the log: writes that become durable and visible together. It is what nodes of a cluster store and
// send each other; clients never see one.
type Entry struct {
	// Index is the place in the log. It does not travel in the message: the log says it.
	Index uint64
	// Time is the UTC second at which the master stamped the entry; every write of it has it.
	Time   int64
	Writes []*Write
}

// AppendTo appends the message: the time, and a list in which the operation of each write stands before its message. Every
// write must write something.
func (e *Entry) AppendTo(dst []byte) []byte {
	dst, w := beginFields(dst)
	dst = appendInt(dst, e.Time)
	w.wrote(dst, e.Time != 0)
	dst = appendArray(dst, 2*len(e.Writes))
	for _, write := range e.Writes {
		op, m := write.message()
		dst = m.AppendTo(appendUint(dst, uint64(op)))
	}
	w.wrote(dst, len(e.Writes) > 0)
	return w.finish(dst)
}

// Decode reads the message, whose strings borrow from payload, and keeps Index. Nothing of what e held is used again.
func (e *Entry) Decode(payload []byte) error {
	*e = Entry{Index: e.Index}
	c := cursor{buf: payload, message: "Entry"}
	f := c.fields(2)
	if f.next(&c, "time") {
		e.Time = c.int64()
	}
	if f.next(&c, "writes") {
		n := c.array(2 * MaxEntryWrites)
		if n%2 != 0 {
			c.fail(CodeProtocol, "an operation without its message")
			n = 0
		}
		if n > 0 {
			e.Writes = make([]*Write, n/2)
		}
		for i := range e.Writes {
			e.Writes[i] = &Write{Time: e.Time}
			e.Writes[i].decode(&c)
		}
	}
	return c.end()
}

// message returns the operation of the write and what it carries; nil where it writes nothing.
func (w *Write) message() (Op, Message) {
	switch {
	case w.Put != nil:
		return OpPut, w.Put
	case w.Delete != nil:
		return OpDelete, w.Delete
	case w.Subjects != nil:
		return OpPutSubjects, w.Subjects
	case w.Tables != nil:
		return OpPutTables, w.Tables
	}
	return 0, nil
}

// decode reads an operation and its message.
func (w *Write) decode(c *cursor) {
	c.field = "writes.operation"
	switch op := Op(c.uint(uint64(MaxOp))); {
	case c.err != nil:
	case op == OpPut:
		w.Put = new(Put)
		w.Put.decode(c)
	case op == OpDelete:
		w.Delete = new(Delete)
		w.Delete.decode(c)
	case op == OpPutSubjects:
		w.Subjects = new(PutSubjects)
		w.Subjects.decode(c)
	case op == OpPutTables:
		w.Tables = new(PutTables)
		w.Tables.decode(c)
	default:
		c.fail(CodeProtocol, "%s is no write", op)
	}
}
