package protocol

// MaxStats is how many figures STATS may answer.
const MaxStats = 4_096

// StatList answers STATS.
type StatList []Stat

// AppendTo appends the message. Applied travels in the reply's header.
func (l *SubjectList) AppendTo(dst []byte) []byte {
	dst, w := beginFields(dst)
	dst = appendArray(dst, len(l.Subjects))
	for _, s := range l.Subjects {
		var ws fieldWriter
		dst, ws = beginFields(dst)
		dst = appendString(dst, s.Key)
		ws.wrote(dst, s.Key != "")
		dst = s.appendAttributes(dst, &ws)
		dst = ws.finish(dst)
	}
	w.wrote(dst, len(l.Subjects) > 0)
	return w.finish(dst)
}

// Decode reads the message, which owns what it holds; its subjects are new and may be kept. Applied is left 0: it is the
// reply header's.
func (l *SubjectList) Decode(payload []byte) error {
	*l = SubjectList{Subjects: l.Subjects[:0]}
	borrowed := cursor{buf: payload, message: "SubjectList"}
	c := borrowed.own()
	f := c.fields(1)
	if f.next(&c, "subjects") {
		subjects := make([]Subject, c.array(MaxLimit))
		l.Subjects = resize(l.Subjects, len(subjects))
		for i := range subjects {
			s := &subjects[i]
			l.Subjects[i] = s
			fs := c.fields(7)
			if fs.next(&c, "subjects.key") {
				s.Key = c.str()
			}
			s.decodeAttributes(&c, &fs)
		}
	}
	return c.end()
}

// AppendTo appends the message.
func (l *StatList) AppendTo(dst []byte) []byte {
	dst, w := beginFields(dst)
	dst = appendArray(dst, len(*l))
	for i := range *l {
		s := &(*l)[i]
		var ws fieldWriter
		dst, ws = beginFields(dst)
		dst = appendString(dst, s.Name)
		ws.wrote(dst, s.Name != "")
		dst = appendFloat(dst, s.Number)
		ws.wrote(dst, s.Number != 0)
		dst = appendString(dst, s.Text)
		ws.wrote(dst, s.Text != "")
		dst = ws.finish(dst)
	}
	w.wrote(dst, len(*l) > 0)
	return w.finish(dst)
}

// Decode reads the message, which owns what it holds.
func (l *StatList) Decode(payload []byte) error {
	*l = (*l)[:0]
	borrowed := cursor{buf: payload, message: "StatList"}
	c := borrowed.own()
	f := c.fields(1)
	if f.next(&c, "stats") {
		*l = resize(*l, c.array(MaxStats))
		for i := range *l {
			s := &(*l)[i]
			*s = Stat{}
			fs := c.fields(3)
			if fs.next(&c, "stats.name") {
				s.Name = c.str()
			}
			if fs.next(&c, "stats.number") {
				s.Number = c.float()
			}
			if fs.next(&c, "stats.text") {
				s.Text = c.str()
			}
		}
	}
	return c.end()
}
