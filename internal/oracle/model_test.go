package oracle

import (
	"errors"
	"slices"
	"strconv"
	"testing"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// mustApply applies writes and fails the test if one is refused.
func mustApply(t *testing.T, m *Model, writes ...*protocol.Write) {
	t.Helper()
	if err := m.Replay(slices.Values(writes)); err != nil {
		t.Fatal(err)
	}
}

// finance is a catalog of one table.
func finance() *protocol.Write {
	return &protocol.Write{Tables: &protocol.PutTables{Tables: []protocol.Table{{
		Name: "finance", Indicators: []protocol.Indicator{{ID: "operating_income", Code: "1001"}, {ID: "net_profit"}},
	}}}}
}

// putting is a write of reports into table 1.
func putting(reports ...protocol.Report) *protocol.Write {
	return &protocol.Write{Time: 5, Put: &protocol.Put{Reports: reports}}
}

func TestARefusalTellsEverythingThatIsWrong(t *testing.T) {
	m := New()
	mustApply(t, m, finance())
	err := m.Snapshot(&protocol.Snapshot{
		View:    protocol.View{IDs: []string{"1001", "nope"}},
		Ranking: protocol.Ranking{Limit: -1},
		Topic:   "nowhere",
	}, &protocol.Result{})
	for _, want := range []error{protocol.ErrUnknownIndicator, protocol.ErrBadRequest, protocol.ErrNotFound} {
		if !errors.Is(err, want) {
			t.Errorf("%v is not among the problems of %q", want, err)
		}
	}
}

func TestARefusedWriteTakesItsIndex(t *testing.T) {
	m := New()
	mustApply(t, m, finance())
	if err := m.Apply(7, putting(protocol.Report{Subject: ""})); !errors.Is(err, protocol.ErrBadRequest) {
		t.Fatalf("a report without subject: %v", err)
	}
	if m.Applied() != 7 {
		t.Errorf("applied index %d, want 7", m.Applied())
	}
	if got := m.Catalog().Version; got != 1 {
		t.Errorf("catalog version %d, want that of the write that made it, 1", got)
	}
}

func TestTheCatalogVersionIsThatOfItsLastChange(t *testing.T) {
	m := New()
	mustApply(t, m, finance(), putting(protocol.Report{Subject: "a"}), finance())
	if got := m.Catalog().Version; got != 1 {
		t.Errorf("version %d after a write that changes nothing, want 1", got)
	}
	grow := finance()
	grow.Tables.Tables[0].Indicators = []protocol.Indicator{{ID: "assets"}}
	mustApply(t, m, grow)
	if got := m.Catalog().Version; got != 4 {
		t.Errorf("version %d after growth at 4", got)
	}
}

func TestWritesBeyondTheirLimitsAreRefused(t *testing.T) {
	m := New()
	mustApply(t, m, finance())
	reports := make([]protocol.Report, protocol.MaxWriteRows+1)
	for i := range reports {
		reports[i] = protocol.Report{Subject: "a", ReportDate: int64(i)}
	}
	if err := m.Apply(2, putting(reports...)); !errors.Is(err, protocol.ErrBadRequest) {
		t.Errorf("a put of %d reports: %v", len(reports), err)
	}
	updates := make([]protocol.SubjectUpdate, protocol.MaxWriteRows+1)
	for i := range updates {
		updates[i].Key = strconv.Itoa(i)
	}
	tooMany := &protocol.Write{Subjects: &protocol.PutSubjects{Subjects: updates}}
	if err := m.Apply(3, tooMany); !errors.Is(err, protocol.ErrBadRequest) {
		t.Errorf("an update of %d subjects: %v", len(updates), err)
	}
	topics := make([]string, protocol.MaxTopics+1)
	for i := range topics {
		topics[i] = strconv.Itoa(i)
	}
	one := protocol.SubjectUpdate{Subject: protocol.Subject{Key: "a", Topics: topics}, Set: protocol.FieldTopics}
	crowded := &protocol.Write{Subjects: &protocol.PutSubjects{Subjects: []protocol.SubjectUpdate{one}}}
	if err := m.Apply(4, crowded); !errors.Is(err, protocol.ErrBadRequest) {
		t.Errorf("a subject of %d topics: %v", len(topics), err)
	}
	var l protocol.SubjectList
	if err := m.Subjects(&protocol.ListSubjects{}, &l); err != nil || len(l.Subjects) > 0 {
		t.Errorf("after refused writes there are %d subjects, error %v", len(l.Subjects), err)
	}
}

func TestAWriteWithoutContentIsRefused(t *testing.T) {
	if err := New().Apply(1, &protocol.Write{}); !errors.Is(err, protocol.ErrBadRequest) {
		t.Errorf("got %v", err)
	}
}
