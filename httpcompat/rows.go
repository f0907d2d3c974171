package httpcompat

import (
	"net/url"
	"strings"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// cutTag returns the kind of a query's parameter tag.KIND.
func cutTag(name string) (kind string, ok bool) { return strings.CutPrefix(name, "tag.") }

// subjectKey returns the subject that the path names.
func (x *exchange) subjectKey() (string, error) {
	key, err := url.PathUnescape(string(x.parameter))
	if err != nil {
		return "", protocol.Errorf(protocol.CodeBadRequest, "subject %.80q in the path: %v", x.parameter, err)
	}
	return key, nil
}

// queryTable returns the table that the query names; "" = table 1.
func (x *exchange) queryTable(parameter string) string {
	return string(x.http.QueryArgs().Peek(parameter))
}

// done appends the answer of a write that is durable.
func (x *exchange) done(applied uint64, err error) error {
	if err != nil {
		return err
	}
	x.showApplied(applied)
	x.out = appendBool(x.out, true)
	return nil
}

// saveRows is POST /data/v1/save.
func (x *exchange) saveRows() error {
	x.reader.reset(x.http.PostBody())
	if err := x.write.read(&x.reader); err != nil {
		return err
	}
	ctx, cancel := x.updating()
	defer cancel()
	return x.done(x.h.backend.Put(ctx, x.write.put(x.queryTable("id"))))
}

func (x *exchange) delete() error {
	key, err := x.subjectKey()
	if err != nil {
		return err
	}
	ctx, cancel := x.updating()
	defer cancel()
	w := &protocol.Delete{Table: x.queryTable("tableId"), Subjects: []string{key}}
	return x.done(x.h.backend.Delete(ctx, w))
}

func (x *exchange) get() error {
	key, err := x.subjectKey()
	if err != nil {
		return err
	}
	ctx, cancel := x.querying()
	defer cancel()
	q := &protocol.Get{Table: x.queryTable("tableId"), Subject: key}
	if err := x.h.backend.Get(ctx, q, &x.result); err != nil {
		return err
	}
	x.showApplied(x.result.Applied)
	x.out = appendRow(x.out, &x.result, 0)
	return nil
}

func (x *exchange) putSubjects() error {
	x.reader.reset(x.http.PostBody())
	updates, err := readUpdates(&x.reader)
	if err != nil {
		return err
	}
	ctx, cancel := x.updating()
	defer cancel()
	applied, err := x.h.backend.PutSubjects(ctx, &protocol.PutSubjects{Subjects: updates})
	if err != nil {
		return err
	}
	x.showApplied(applied)
	x.out = appendInteger(x.out, `{"count":`, int64(len(updates)))
	x.out = append(x.out, '}')
	return nil
}
