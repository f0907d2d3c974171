package httpcompat

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/kamaitachi/kamaitachi/internal/oracle"
	"github.com/kamaitachi/kamaitachi/protocol"
)

// modelBackend answers from the naive model, and from what a test sets.
type modelBackend struct {
	mu       sync.Mutex
	model    *oracle.Model
	err      error // of every call, when set
	panics   bool  // in every query
	entered  chan struct{}
	leave    chan struct{} // when set, queries tell entered and wait for it
	health   Health
	checks   []Check
	stats    Stats
	breakers []Breaker
	resets   int
	now      int64 // of writes
}

var _ Backend = (*modelBackend)(nil)

// null is what afterTheRequest reads, for the whole run.
var null, errNull = syscall.Open(os.DevNull, syscall.O_RDONLY, 0)

// afterTheRequest lets the race detector know that a test has sent its request before it is answered. It sees that by the
// reads and writes of package syscall, and event loops read through others.
func afterTheRequest() {
	var b [1]byte
	if _, err := syscall.Read(null, b[:]); err != nil {
		panic(errors.Join(err, errNull))
	}
}

func newModelBackend() *modelBackend { return &modelBackend{model: oracle.New(), now: 1_700_000_000} }

// do calls f under the lock unless the test wants an error.
func (b *modelBackend) do(ctx context.Context, f func(*oracle.Model) error) error {
	afterTheRequest()
	if b.panics {
		panic("the backend fell over")
	}
	if b.leave != nil {
		b.entered <- struct{}{}
		select {
		case <-b.leave:
		case <-ctx.Done():
			return protocol.Errorf(protocol.CodeDeadline, "gave up waiting: %v", context.Cause(ctx))
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil {
		return b.err
	}
	return f(b.model)
}

func (b *modelBackend) apply(ctx context.Context, w *protocol.Write) (index uint64, err error) {
	afterTheRequest()
	w.Time = b.now
	err = b.do(ctx, func(m *oracle.Model) error {
		index = m.Applied() + 1
		return m.Apply(index, w)
	})
	return index, err
}

func (b *modelBackend) Snapshot(ctx context.Context, q *protocol.Snapshot, r *protocol.Result) error {
	return b.do(ctx, func(m *oracle.Model) error { return m.Snapshot(q, r) })
}

func (b *modelBackend) Period(ctx context.Context, q *protocol.Period, r *protocol.Result) error {
	return b.do(ctx, func(m *oracle.Model) error { return m.Period(q, r) })
}

func (b *modelBackend) Recent(ctx context.Context, q *protocol.Recent, r *protocol.Result) error {
	return b.do(ctx, func(m *oracle.Model) error { return m.Recent(q, r) })
}

func (b *modelBackend) SelectSnapshot(ctx context.Context, q *protocol.SelectSnapshot, r *protocol.Result) error {
	return b.do(ctx, func(m *oracle.Model) error { return m.SelectSnapshot(q, r) })
}

func (b *modelBackend) SelectPeriod(ctx context.Context, q *protocol.SelectPeriod, r *protocol.Result) error {
	return b.do(ctx, func(m *oracle.Model) error { return m.SelectPeriod(q, r) })
}

func (b *modelBackend) Get(ctx context.Context, q *protocol.Get, r *protocol.Result) error {
	return b.do(ctx, func(m *oracle.Model) error { return m.Get(q, r) })
}

func (b *modelBackend) Search(ctx context.Context, q *protocol.Search, r *protocol.Result) error {
	return b.do(ctx, func(m *oracle.Model) error { return m.Search(q, r) })
}

func (b *modelBackend) Subjects(ctx context.Context, q *protocol.ListSubjects, l *protocol.SubjectList) error {
	return b.do(ctx, func(m *oracle.Model) error { return m.Subjects(q, l) })
}

func (b *modelBackend) Catalog(ctx context.Context, c *protocol.Catalog) error {
	return b.do(ctx, func(m *oracle.Model) error {
		*c = *m.Catalog()
		return nil
	})
}

func (b *modelBackend) Put(ctx context.Context, w *protocol.Put) (uint64, error) {
	return b.apply(ctx, &protocol.Write{Put: w})
}

func (b *modelBackend) Delete(ctx context.Context, w *protocol.Delete) (uint64, error) {
	return b.apply(ctx, &protocol.Write{Delete: w})
}

func (b *modelBackend) PutSubjects(ctx context.Context, w *protocol.PutSubjects) (uint64, error) {
	return b.apply(ctx, &protocol.Write{Subjects: w})
}

func (b *modelBackend) Health() Health {
	afterTheRequest()
	return b.health
}

func (b *modelBackend) Ready(context.Context) []Check {
	afterTheRequest()
	return b.checks
}

func (b *modelBackend) Breakers() []Breaker {
	afterTheRequest()
	return b.breakers
}

func (b *modelBackend) Stats(ctx context.Context) (s Stats, err error) {
	err = b.do(ctx, func(*oracle.Model) error {
		s = b.stats
		return nil
	})
	return s, err
}

func (b *modelBackend) ResetCache(ctx context.Context) error {
	return b.do(ctx, func(*oracle.Model) error {
		b.resets++
		return nil
	})
}

// day returns the 00:00:00Z of a day.
func day(text string) int64 {
	seconds, err := protocol.ParseDay(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return seconds
}

// load fills the model with a little market.
func (b *modelBackend) load(tb testing.TB) *modelBackend {
	tb.Helper()
	finance := protocol.Table{Number: 1, Name: "finance", Indicators: []protocol.Indicator{
		{ID: "operating_income", Code: "1001", Title: "Operating income", Unit: "CNY"},
		{ID: "parent_holder_net_profit", Code: "1002", Title: "净利润", Unit: "CNY"},
		{ID: "eps", Unit: "CNY/share"},
	}}
	macro := protocol.Table{Number: 2, Name: "macro", DefaultReportType: "annual",
		Indicators: []protocol.Indicator{{ID: "gdp", Code: "1"}}}
	report := func(subject, date string, values ...float64) protocol.Report {
		return protocol.Report{Subject: subject, ReportDate: day(date), Period: "596001", Year: 2023, Values: values}
	}
	restated := report("33:00000009", "2023-12-31", 349083652.53078425, 72957910.88456361, 1e-7)
	restated.DeclareDate = protocol.At(day("2024-03-28"))
	missing := protocol.Missing
	subject := func(key, name string, topics []string, tags ...protocol.Tag) protocol.SubjectUpdate {
		s := protocol.NewSubject(key)
		s.Name, s.ListingDate, s.Topics, s.Tags = name, "2009-10-30", topics, tags
		return protocol.SubjectUpdate{Subject: s, Set: protocol.AllSubjectFields}
	}
	pool := []string{"stock_a_listing_pool"}
	for _, w := range []*protocol.Write{
		{Tables: &protocol.PutTables{Tables: []protocol.Table{finance, macro}}},
		{Subjects: &protocol.PutSubjects{Subjects: []protocol.SubjectUpdate{
			subject("33:00000009", `Ninth "Co"`, pool, protocol.Tag{Kind: "concept", Text: "internet finance"}),
			subject("33:00000010", "平安 <Bank>", pool, protocol.Tag{Kind: "concept", Text: "internet"},
				protocol.Tag{Kind: "industry", Text: "banking"}),
			subject("us:GOOG/GOOGL", "Alphabet", nil),
		}}},
		{Put: &protocol.Put{Reports: []protocol.Report{
			report("33:00000009", "2023-12-31", 350000000, 72957910, 0.5), restated,
			report("33:00000009", "2023-09-30", 250000000, 1e21),
			report("33:00000010", "2023-12-31", 52859042145.16366, 14479876879.778301, -3),
			report("us:GOOG/GOOGL", "2023-12-31", missing, 5),
		}}},
	} {
		if _, err := b.apply(context.Background(), w); err != nil {
			tb.Fatalf("load: %v", err)
		}
	}
	return b
}

// quiet options log nothing and limit no rate.
func quiet() Options {
	return Options{Logger: slog.New(slog.DiscardHandler), Rates: Rates{Default: Rate{PerSecond: NoLimit}}}
}

// start serves a backend on a free port until the test ends, and returns the server and its base URL.
func start(tb testing.TB, b Backend, o Options) (*Server, string) {
	tb.Helper()
	s, err := Listen("127.0.0.1:0", b, o)
	if err != nil {
		tb.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve() }()
	tb.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := s.Shutdown(ctx); err != nil {
			tb.Errorf("shutdown: %v", err)
		}
		if err := <-served; err != nil {
			tb.Errorf("serve: %v", err)
		}
	})
	return s, "http://" + s.Addr().String()
}

// reply is what a client got.
type reply struct {
	status int
	header http.Header
	body   string
}

// send sends one request.
func send(tb testing.TB, method, url, body string) reply {
	tb.Helper()
	r, err := exchangeHTTP(method, url, body)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func exchangeHTTP(method, url, body string) (reply, error) {
	request, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		return reply{}, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return reply{}, err
	}
	text, err := io.ReadAll(response.Body)
	return reply{response.StatusCode, response.Header, string(text)}, errors.Join(err, response.Body.Close())
}
