package protocol

import (
	"bytes"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEveryMessageThatIsCutOffIsAProtocolError(t *testing.T) {
	for _, s := range samples() {
		m := s.empty()
		payload := s.payload()
		for n := range len(payload) {
			checkError(t, m.Decode(payload[:n:n]), CodeProtocol)
		}
	}
}

func TestEveryMessageWithBytesLeftOverIsAProtocolError(t *testing.T) {
	for _, s := range samples() {
		checkError(t, s.empty().Decode(append(s.payload(), markNil)), CodeProtocol, "1 bytes are left over")
	}
}

func TestEveryMessageOfAWrongKindIsAProtocolError(t *testing.T) {
	for _, s := range samples() {
		for _, payload := range [][]byte{{0x80}, {7}, {0xa0}, {0xc3}, {0xd4, 0, 0}} {
			checkError(t, s.empty().Decode(payload), CodeProtocol, "where an array should be")
		}
	}
}

func TestNilAndTheEmptyArrayAreTheDefaultOfEveryMessage(t *testing.T) {
	for _, s := range samples() {
		for _, payload := range [][]byte{{markNil}, {markFixArray}} {
			got := s.empty()
			if err := got.Decode(s.payload()); err != nil { // what is reused must not shine through
				t.Fatal(err)
			}
			if err := got.Decode(payload); err != nil {
				t.Fatalf("%s: %v", s.name, err)
			}
			if diff := cmp.Diff(s.empty(), got, equal); diff != "" {
				t.Errorf("%s from %x (-default +decoded):\n%s", s.name, payload, diff)
			}
		}
	}
}

func TestDefaultsAtTheEndAreLeftOut(t *testing.T) {
	for _, s := range samples() {
		payload := s.empty().AppendTo(nil)
		if len(payload) > 4 || slices.ContainsFunc(payload, func(b byte) bool { return b != markFixArray && b != markNil && b > 0x93 }) {
			t.Errorf("%s: its default is appended as %x", s.name, payload)
		}
	}
}

// fieldsOf counts the rows of the table that follows the name of a message in SPEC.md.
func fieldsOf(t *testing.T, text, name string) int {
	t.Helper()
	_, rest, found := strings.Cut(text, "\n`"+name+"`")
	if name == "Error" {
		_, rest, found = strings.Cut(text, "carries an `Error`:")
	}
	if name == "Result" {
		_, rest, found = strings.Cut(text, "### 4.4 Result")
	}
	if !found {
		t.Fatalf("%s does not describe %s", specFile, name)
	}
	n := 0
	for {
		_, after, more := strings.Cut(rest, "\n| "+strconv.Itoa(n)+" | ")
		if !more || n > 0 && strings.Contains(rest[:len(rest)-len(after)], "\n\n") {
			return n
		}
		n, rest = n+1, after
	}
}

// Every field of a message may be nil, there are as many as SPEC.md lists, and one more is refused.
func TestMessagesHaveTheFieldsOfTheSpecification(t *testing.T) {
	text, _ := readSpec(t)
	for name, empty := range map[string]func() Message{
		"Hello": fresh[Hello], "Welcome": fresh[Welcome], "Error": fresh[Error], "Snapshot": fresh[Snapshot],
		"Period": fresh[Period], "Recent": fresh[Recent], "SelectSnapshot": fresh[SelectSnapshot],
		"SelectPeriod": fresh[SelectPeriod], "Get": fresh[Get], "Search": fresh[Search], "ListSubjects": fresh[ListSubjects],
		"Prepare": fresh[Prepare], "Handle": fresh[Handle], "Execute": fresh[Execute],
		"Put": fresh[Put], "Delete": fresh[Delete], "PutSubjects": fresh[PutSubjects], "PutTables": fresh[PutTables],
		"Result": fresh[Result], "SubjectList": fresh[SubjectList], "Catalog": fresh[Catalog], "StatList": fresh[StatList],
		"ClusterStatus": fresh[ClusterStatus], "RemoveMember": fresh[RemoveMember],
	} {
		n := fieldsOf(t, text, name)
		nils := func(n int) []byte { return append([]byte{markFixArray | byte(n)}, bytes.Repeat([]byte{markNil}, n)...) }
		m := empty()
		if err := m.Decode(nils(n)); err != nil {
			t.Errorf("%s of %d fields: %v", name, n, err)
		}
		if diff := cmp.Diff(empty(), m, equal); diff != "" {
			t.Errorf("%s of nils (-default +decoded):\n%s", name, diff)
		}
		checkError(t, m.Decode(nils(n+1)), CodeProtocol, name, strconv.Itoa(n+1)+" fields, this version knows "+strconv.Itoa(n))
	}
}

func TestErrorsNameTheMessageAndTheField(t *testing.T) {
	for _, c := range []struct {
		message Message
		payload []byte
		want    string
	}{
		{&Snapshot{}, []byte{0x92, markNil, 0x94, 0xa0, 0, 0, 0xa1, 'x'}, "Snapshot.limit: a string where an integer should be"},
		{&Snapshot{}, []byte{0x91, 0x92, 0xa0, 0x91, 7}, "Snapshot.ids: an integer where a string should be"},
		{&Snapshot{}, []byte{0x92, markNil, 0x92, 0xa0, markUint8, 200}, "Snapshot.order: an integer outside -128 to 127"},
		{&Recent{}, []byte{0x93, markNil, markNil, 0x91, 0xa0}, "Recent.periods: a string where an integer should be"},
		{&Put{}, []byte{0x93, markNil, markNil, 0x91, 0x97, 0xa0, 0, 0xa0, markNil, 0xa0, 0, 0x91, 0xa0},
			"Put.reports.values: a string where an integer should be"},
		{&PutTables{}, []byte{0x91, 0x91, 0x94, 0, 0xa0, 0xa0, 0x91, 0x91, 7}, "PutTables.indicators.id: an integer where a string should be"},
	} {
		err := c.message.Decode(c.payload)
		checkError(t, err, CodeProtocol)
		if err.Error() != c.want {
			t.Errorf("%q, want %q", err, c.want)
		}
	}
}

func TestWhatIsWrongInMeaningIsDecodedAsItStands(t *testing.T) {
	q := &Snapshot{Ranking: Ranking{Order: -7, Offset: -1, Limit: 1 << 40}, Timestamp: At(MaxTime + 1),
		Subjects: []string{"", "a,b", "\xff"}, Topic: "both", View: View{With: 0xff}}
	got := &Snapshot{}
	if err := got.Decode(q.AppendTo(nil)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(q, got, equal); diff != "" {
		t.Error(diff)
	}
}

// listOf appends the header of an array of n elements, and present of them.
func listOf(n, present int, element byte) []byte {
	return append(appendArray(nil, n), bytes.Repeat([]byte{element}, present)...)
}

func TestListsOverTheirLimitAreTooLarge(t *testing.T) {
	for _, c := range []struct {
		message Message
		before  []byte // up to the list
		limit   int
		field   string
	}{
		{&Snapshot{}, []byte{0x93, markNil, markNil}, maxList, "Snapshot.subjects"},
		{&Recent{}, []byte{0x93, markNil, markNil}, maxList, "Recent.periods"},
		{&Hello{}, []byte{0x96, 1, 1, 0xa0, 0xa0, 0xa0}, MaxFeatures, "Hello.features"},
		{&Put{}, []byte{0x92, 0xa0}, MaxIndicators, "Put.ids"},
		{&Put{}, []byte{0x93, 0xa0, markNil}, MaxWriteRows, "Put.reports"},
		{&Put{}, []byte{0x93, 0xa0, markNil, 0x91, 0x97, 0xa0, 0, 0xa0, markNil, 0xa0, 0}, MaxIndicators, "Put.reports.values"},
		{&Delete{}, []byte{0x92, 0xa0}, MaxWriteRows, "Delete.subjects"},
		{&PutSubjects{}, []byte{0x91}, MaxWriteRows, "PutSubjects.subjects"},
		{&PutSubjects{}, []byte{0x91, 0x91, 0x97, 0xa0, 0, 0xa0, 0xa0, 0xa0, 0xa0}, MaxTopics, "PutSubjects.topics"},
		{&PutSubjects{}, []byte{0x91, 0x91, 0x98, 0xa0, 0, 0xa0, 0xa0, 0xa0, 0xa0, markNil}, MaxTags, "PutSubjects.tags"},
		{&ListSubjects{}, []byte{0x92, 0xa0}, MaxTags, "ListSubjects.tags"},
		{&PutTables{}, []byte{0x91}, MaxTables, "PutTables.tables"},
		{&PutTables{}, []byte{0x91, 0x91, 0x94, 0, 0xa0, 0xa0}, MaxIndicators, "PutTables.tables.indicators"},
		{&SubjectList{}, []byte{0x91}, MaxLimit, "SubjectList.subjects"},
		{&StatList{}, []byte{0x91}, MaxStats, "StatList.stats"},
	} {
		payload := append(slices.Clip(c.before), listOf(c.limit+1, c.limit+1, markNil)...)
		checkError(t, c.message.Decode(payload), CodeTooLarge, c.field+": ", strconv.Itoa(c.limit))
	}
}

// allocated returns how many bytes f allocates, exactly: reading MemStats flushes what threads have counted by themselves.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// A few bytes that announce much must not make room for it.
func TestAnnouncedLengthsAreNotAllocated(t *testing.T) {
	const most = 1 << 14
	huge := []byte{markArray32, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0}
	for _, s := range samples() {
		for at := range s.payload() {
			for _, lie := range [][]byte{huge, {markBin32, 0xff, 0xff, 0xff, 0xff}, {markStr32, 0x7f, 0xff, 0xff, 0xff}, {markArray16, 0xff, 0xff}} {
				payload := append(s.payload()[:at:at], lie...)
				m := s.empty()
				if got := allocated(func() { _ = m.Decode(payload) }); got > most {
					t.Fatalf("%s: %d bytes of a payload of %d, with %x at %d", s.name, got, len(payload), lie, at)
				}
			}
		}
	}
}

func TestADecodedReplyOutlivesItsFrame(t *testing.T) {
	for _, s := range replySamples() {
		payload := s.payload()
		got := s.empty()
		if err := got.Decode(payload); err != nil {
			t.Fatal(err)
		}
		for i := range payload {
			payload[i] = 'X'
		}
		if diff := cmp.Diff(s.want(), got, equal); diff != "" {
			t.Errorf("%s borrows (-sample +decoded):\n%s", s.name, diff)
		}
	}
}

func TestTextsOfADecodedReplyMayBeKeptWhenItIsReused(t *testing.T) {
	r := &Result{}
	if err := r.Decode(sampleAttributesResult().AppendTo(nil)); err != nil {
		t.Fatal(err)
	}
	subject := r.Subjects[1]
	if err := r.Decode(samplePeriodResult().AppendTo(nil)); err != nil {
		t.Fatal(err)
	}
	want := sampleSubject(1)
	want.Topics, want.Tags = nil, nil
	if diff := cmp.Diff(want, subject, equal); diff != "" {
		t.Errorf("a kept subject changed (-want +got):\n%s", diff)
	}
}
