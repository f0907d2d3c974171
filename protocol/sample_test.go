package protocol

import (
	"fmt"
	"math"
)

// sample is a message of each kind as tests, golden frames and fuzz seeds use it.
type sample struct {
	name    string
	op      Op // of the request, or of the request that the reply answers
	reply   Code
	isReply bool
	message Message
	empty   func() Message // a new one to decode into
}

func (s *sample) frame() []byte {
	if s.isReply {
		dst := BeginReply(nil, &ReplyHeader{ID: 7, Code: s.reply, Applied: 1000})
		return FinishFrame(s.message.AppendTo(dst), 0)
	}
	dst := BeginRequest(nil, &RequestHeader{ID: 7, Op: s.op, Deadline: 250})
	return FinishFrame(s.message.AppendTo(dst), 0)
}

func (s *sample) payload() []byte { return s.message.AppendTo(nil) }

// want is what decoding should give.
func (s *sample) want() Message {
	if m, ok := s.message.(Empty); ok {
		return &m
	}
	return s.message
}

func fresh[T any, P interface {
	*T
	Message
}]() Message {
	return P(new(T))
}

var sampleView = View{Table: "finance", IDs: []string{"operating_income", "1002"}, ReportTypes: []string{"0408"},
	KnownAt: At(1664496000), With: WithSubjects | WithReports}

var sampleRanking = Ranking{Field: "operating_income", Order: Ascending, Offset: 20, Limit: 10}

var sampleSelection = Selection{Kind: "concept", Topic: "stock_a_listing_pool", Subject: "33:00000001", Keyword: "internet"}

var sampleRange = Range{From: At(1577836800), To: At(1703980800)}

// samples has every message of SPEC.md.
func samples() []sample {
	return append(requestSamples(), replySamples()...)
}

func requestSamples() []sample {
	return []sample{
		{name: "hello", op: OpHello, empty: fresh[Hello], message: &Hello{MinVersion: 1, MaxVersion: 1, Client: "kamaitachi-go/1",
			ClusterID: "00112233445566778899aabbccddeeff", Token: "secret", Features: []string{"prepare"}}},
		{name: "ping", op: OpPing, empty: fresh[Empty], message: Empty{}},
		{name: "snapshot", op: OpSnapshot, empty: fresh[Snapshot], message: &Snapshot{View: sampleView, Ranking: sampleRanking,
			Subjects: []string{"33:00000001", "33:00000002"}, Timestamp: At(1703980800), Range: sampleRange}},
		{name: "snapshot_topic", op: OpSnapshot, empty: fresh[Snapshot], message: &Snapshot{View: View{IDs: []string{"1001"}},
			Topic: "stock_a_listing_pool"}},
		{name: "period", op: OpPeriod, empty: fresh[Period], message: &Period{View: sampleView,
			Subjects: []string{"33:00000001", "33:00000002"}, Range: sampleRange}},
		{name: "recent", op: OpRecent, empty: fresh[Recent], message: &Recent{View: sampleView,
			Subjects: []string{"33:00000001"}, Periods: []int64{1703980800, -1}, Limit: 8}},
		{name: "select_snapshot", op: OpSelectSnapshot, empty: fresh[SelectSnapshot], message: &SelectSnapshot{
			Selection: sampleSelection, View: sampleView, Ranking: sampleRanking, Timestamp: At(1703980800), Range: sampleRange}},
		{name: "select_period", op: OpSelectPeriod, empty: fresh[SelectPeriod], message: &SelectPeriod{
			Selection: sampleSelection, View: sampleView, Ranking: sampleRanking, Range: sampleRange}},
		{name: "get", op: OpGet, empty: fresh[Get], message: &Get{Table: "1", Subject: "33:00000001"}},
		{name: "search", op: OpSearch, empty: fresh[Search], message: &Search{Table: "finance",
			Subjects: []string{"33:00000001"}, Range: sampleRange, Offset: 1, Limit: 100}},
		{name: "subjects", op: OpSubjects, empty: fresh[ListSubjects], message: &ListSubjects{Topic: "stock_a_listing_pool",
			Tags: []Tag{{"concept", "internet finance"}, {Kind: "region"}}, After: "33:00000001", Limit: 2}},
		{name: "tables", op: OpTables, empty: fresh[Empty], message: Empty{}},
		{name: "stats", op: OpStats, empty: fresh[Empty], message: Empty{}},
		{name: "reset_counters", op: OpResetCounters, empty: fresh[Empty], message: Empty{}},
		{name: "prepare", op: OpPrepare, empty: fresh[Prepare], message: &Prepare{Op: OpSnapshot, Query: (&Snapshot{
			View: View{IDs: []string{"1001"}}, Subjects: []string{"33:00000001", "33:00000002"}}).AppendTo(nil)}},
		{name: "execute", op: OpExecute, empty: fresh[Execute], message: &Execute{Handle: 3735928560}},
		{name: "execute_changed", op: OpExecute, empty: fresh[Execute], message: &Execute{Handle: 3735928560, Change: Change{
			Offset: Some(0), Limit: Some(20), Timestamp: At(1703980800), Order: Some(Ascending), Field: Some("1002")}}},
		{name: "execute_field", op: OpExecute, empty: fresh[Execute], message: &Execute{Handle: 3735928560, Change: Change{
			Field: Some("")}}},
		{name: "forget", op: OpForget, empty: fresh[Handle], message: &Handle{Number: 3735928560}},
		{name: "put", op: OpPut, empty: fresh[Put], message: &Put{Table: "finance", IDs: []string{"1001", "net_profit"},
			Reports: []Report{
				{Subject: "33:00000001", ReportDate: 1703980800, Type: "0408", DeclareDate: At(1711843200), Period: "596001",
					Year: 2023, Values: []float64{1234567.5, Missing}},
				{Subject: "33:00000002", ReportDate: -86400, Values: []float64{-0.25}},
			}}},
		{name: "put_repeatable", op: OpPut, empty: fresh[Put], message: &Put{Table: "finance", Origin: sampleOrigin(3),
			Reports: []Report{{Subject: "33:00000001", ReportDate: 1703980800, Values: []float64{1}}}}},
		{name: "delete", op: OpDelete, empty: fresh[Delete], message: &Delete{Table: "1", Subjects: []string{"33:00000001"}}},
		{name: "delete_repeatable", op: OpDelete, empty: fresh[Delete], message: &Delete{Origin: sampleOrigin(4)}},
		{name: "put_subjects", op: OpPutSubjects, empty: fresh[PutSubjects], message: &PutSubjects{Subjects: []SubjectUpdate{
			{Subject: *sampleSubject(1), Set: AllSubjectFields},
			{Subject: Subject{Key: "33:00000002", Tags: []Tag{{Kind: "concept"}}}, Set: FieldTags},
		}}},
		{name: "put_subjects_repeatable", op: OpPutSubjects, empty: fresh[PutSubjects], message: &PutSubjects{
			Subjects: []SubjectUpdate{{Subject: Subject{Key: "33:00000002"}}}, Origin: sampleOrigin(5)}},
		{name: "put_tables", op: OpPutTables, empty: fresh[PutTables], message: &PutTables{Tables: []Table{*sampleTable()}}},
		{name: "put_tables_repeatable", op: OpPutTables, empty: fresh[PutTables], message: &PutTables{
			Tables: []Table{{Name: "finance"}}, Origin: sampleOrigin(6)}},
		{name: "cluster", op: OpCluster, empty: fresh[Empty], message: Empty{}},
		{name: "remove_member", op: OpRemoveMember, empty: fresh[RemoveMember],
			message: &RemoveMember{Node: "0123456789abcdef0123456789abcdef"}},
	}
}

func replySamples() []sample {
	return []sample{
		{name: "hello_reply", op: OpHello, isReply: true, empty: fresh[Welcome], message: &Welcome{Version: 1,
			Node: "0123456789abcdef0123456789abcdef", ClusterID: "00112233445566778899aabbccddeeff", Role: "master",
			CatalogVersion: 12, MaxRequest: DefaultMaxRequest, MaxReply: DefaultMaxReply, MaxInFlight: 1024}},
		{name: "ping_reply", op: OpPing, isReply: true, empty: fresh[Empty], message: Empty{}},
		{name: "snapshot_reply", op: OpSnapshot, isReply: true, empty: fresh[Result], message: sampleSnapshotResult()},
		{name: "snapshot_attributes_reply", op: OpSnapshot, isReply: true, empty: fresh[Result],
			message: sampleAttributesResult()},
		{name: "period_reply", op: OpPeriod, isReply: true, empty: fresh[Result], message: samplePeriodResult()},
		{name: "select_period_reply", op: OpSelectPeriod, isReply: true, empty: fresh[Result], message: sampleDaysResult()},
		{name: "search_reply", op: OpSearch, isReply: true, empty: fresh[Result], message: sampleSearchResult()},
		{name: "prepare_reply", op: OpPrepare, isReply: true, empty: fresh[Handle], message: &Handle{Number: 3735928560}},
		{name: "subjects_reply", op: OpSubjects, isReply: true, empty: fresh[SubjectList], message: &SubjectList{
			Subjects: []*Subject{sampleSubject(1), {Key: "33:00000002"}}}},
		{name: "tables_reply", op: OpTables, isReply: true, empty: fresh[Catalog], message: &Catalog{Version: 12,
			Tables: []*Table{sampleTable()}}},
		{name: "stats_reply", op: OpStats, isReply: true, empty: fresh[StatList], message: &StatList{
			{Name: "subjects", Number: 5000}, {Name: "version", Text: "1.0.0"}}},
		{name: "cluster_reply", op: OpCluster, isReply: true, empty: fresh[ClusterStatus], message: &ClusterStatus{
			ClusterID: "00112233445566778899aabbccddeeff", Node: "0123456789abcdef0123456789abcdef", Role: "master", Ready: true,
			Formed: true, Term: 3, Committed: 1000, Master: "0123456789abcdef0123456789abcdef", Nodes: []ClusterNode{
				{Node: "0123456789abcdef0123456789abcdef", Native: "127.0.0.1:7080", Replication: "127.0.0.1:6080", Voter: true,
					Heard: true, Applied: 1000},
				{Node: "fedcba9876543210fedcba9876543210", Replication: "127.0.0.1:6081", Learner: true, Heard: true,
					Applied: 990, Lag: 10, Silence: 250}}}},
		{name: "error_reply", op: OpPut, reply: CodeNotMaster, isReply: true, empty: fresh[Error], message: &Error{
			Message: "this node does not order writes; send them to 127.0.0.1:7000", Detail: "127.0.0.1:7000"}},
	}
}

func sampleOrigin(sequence uint64) Origin {
	return Origin{Client: ClientID{0: 0xc0, 15: 0x01}, Sequence: sequence}
}

func sampleSubject(i int) *Subject {
	return &Subject{Key: fmt.Sprintf("33:%08d", i), Name: fmt.Sprintf("Subject %d", i), Status: DefaultStatus,
		ListingDate: "2010-01-08", Category: DefaultCategory, Topics: []string{"stock_a_listing_pool"},
		Tags: []Tag{{"concept", "internet finance"}}}
}

func sampleTable() *Table {
	return &Table{Number: 1, Name: "finance", DefaultReportType: DefaultReportType, Indicators: []Indicator{
		{ID: "operating_income", Code: "1001", Title: "Operating income", Unit: "CNY"}, {ID: "net_profit"}}}
}

func sampleHead(i int) Head {
	return Head{ReportDate: 1703980800 - int64(i)*7862400, DeclareDate: At(1711843200), Type: "0408",
		Period: fmt.Sprintf("59600%d", i%4+1), Year: 2023}
}

func sampleSnapshotResult() *Result {
	return &Result{Subjects: []*Subject{{Key: "33:00000002"}, {Key: "33:00000001"}},
		Values: []float64{2.5, 1.5, -1, Missing}}
}

func sampleAttributesResult() *Result {
	r := &Result{With: WithSubjects | WithReports, Values: []float64{1, 2, math.Copysign(0, -1)}}
	for i := range 3 {
		s := sampleSubject(i)
		s.Topics, s.Tags = nil, nil
		r.Subjects, r.Heads = append(r.Subjects, s), append(r.Heads, sampleHead(i))
	}
	r.Heads[2].DeclareDate = Instant{}
	return r
}

func samplePeriodResult() *Result {
	one, two := &Subject{Key: "33:00000001"}, &Subject{Key: "33:00000002"}
	return &Result{With: WithReports, Subjects: []*Subject{one, one, two}, Groups: []int32{2, 3},
		Heads: []Head{sampleHead(0), sampleHead(1), sampleHead(0)}, Values: []float64{1, 2, 3, Missing, 5, 6}}
}

func sampleDaysResult() *Result {
	r := samplePeriodResult()
	r.Subjects[1] = r.Subjects[2]
	return r
}

func sampleSearchResult() *Result {
	r := samplePeriodResult()
	r.With |= WithIDs
	r.IDs = []string{"operating_income", "net_profit"}
	r.Stamps = []Stamp{{Create: 1700000000, Update: 1700000001}, {Create: 1700000002, Update: 1700000002}}
	r.Total = 12
	return r
}
