package protocol

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// queries has a query of each kind, of all that can be prepared and of some that cannot.
func queries() map[Op]Message {
	out := map[Op]Message{}
	for _, s := range requestSamples() {
		out[s.op] = s.message
	}
	return out
}

func TestRankingsSeriesAndSelectionsCanBePreparedAndNothingElse(t *testing.T) {
	can := map[Op]bool{OpSnapshot: true, OpPeriod: true, OpRecent: true, OpSelectSnapshot: true, OpSelectPeriod: true}
	for op, q := range queries() {
		p := Prepare{Op: op, Query: q.AppendTo(nil)}
		got, err := p.Open()
		if !can[op] {
			if !errors.Is(err, ErrBadRequest) {
				t.Errorf("%s opens with %v, want a bad request", op, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", op, err)
			continue
		}
		if diff := cmp.Diff(q, got, equal); diff != "" {
			t.Errorf("%s opened differs:\n%s", op, diff)
		}
		if back, ok := QueryOp(got); back != op || !ok {
			t.Errorf("the operation of a %s is %s, %t", op, back, ok)
		}
	}
	if _, ok := QueryOp(&Get{}); ok {
		t.Error("GET counts as a query that can be prepared")
	}
}

func TestAnOpenedQueryBorrowsFromNobody(t *testing.T) {
	q := queries()[OpSnapshot]
	p := Prepare{Op: OpSnapshot, Query: q.AppendTo(nil)}
	got, err := p.Open()
	if err != nil {
		t.Fatal(err)
	}
	copy(p.Query, bytes.Repeat([]byte{'X'}, len(p.Query)))
	if diff := cmp.Diff(q, got, equal); diff != "" {
		t.Errorf("the query changed with the frame that it came in:\n%s", diff)
	}
}

func TestAPreparedQueryThatBreaksTheProtocolIsRefused(t *testing.T) {
	whole := queries()[OpRecent].AppendTo(nil)
	for _, bad := range [][]byte{{0x80}, whole[:len(whole)-1], append(whole, markNil)} {
		p := Prepare{Op: OpRecent, Query: bad}
		if _, err := p.Open(); !errors.Is(err, ErrProtocol) {
			t.Errorf("%x opens with %v, want a protocol error", bad, err)
		}
	}
	empty := Prepare{Op: OpRecent}
	if q, err := empty.Open(); err != nil || cmp.Diff(&Recent{}, q, equal) != "" {
		t.Errorf("no query opens as %+v, %v; want all defaults", q, err)
	}
}

func TestAChangeReplacesWhatItGivesAndNothingElse(t *testing.T) {
	base := Ranking{Field: "assets", Order: Ascending, Offset: 5, Limit: 7}
	for _, c := range []struct {
		change Change
		want   Ranking
	}{
		{Change{}, base},
		{Change{Offset: Some(0)}, Ranking{Field: "assets", Order: Ascending, Offset: 0, Limit: 7}},
		{Change{Limit: Some(0), Order: Some(Descending)}, Ranking{Field: "assets", Offset: 5}},
		{Change{Field: Some("")}, Ranking{Order: Ascending, Offset: 5, Limit: 7}},
	} {
		if got := c.change.Ranking(base); got != c.want {
			t.Errorf("%+v makes %+v, want %+v", c.change, got, c.want)
		}
	}
	at := Change{Timestamp: At(0)}
	if got := at.When(At(9)); got != At(0) {
		t.Errorf("the timestamp is %v, want the change's", got)
	}
	if got := (&Change{}).When(At(9)); got != At(9) {
		t.Errorf("the timestamp is %v, want the prepared one", got)
	}
}

func TestAChangeOfWhatAQueryDoesNotHaveIsABadRequest(t *testing.T) {
	changes := map[string]Change{
		"offset": {Offset: Some(1)}, "limit": {Limit: Some(1)}, "timestamp": {Timestamp: At(1)},
		"order": {Order: Some(Ascending)}, "field": {Field: Some("x")},
	}
	ranked := map[string]bool{"offset": true, "limit": true, "timestamp": true, "order": true, "field": true}
	for op, has := range map[Op]map[string]bool{
		OpSnapshot: ranked, OpSelectSnapshot: ranked,
		OpSelectPeriod: {"offset": true, "limit": true, "order": true, "field": true},
		OpRecent:       {"limit": true}, OpPeriod: {},
	} {
		for name, c := range changes {
			err := c.Fits(op)
			if has[name] != (err == nil) || err != nil && !errors.Is(err, ErrBadRequest) {
				t.Errorf("%s of a prepared %s: %v", name, op, err)
			}
		}
		if err := (&Change{}).Fits(op); err != nil {
			t.Errorf("no change of a prepared %s: %v", op, err)
		}
	}
}
