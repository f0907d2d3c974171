package protocol

import (
	"bytes"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// storable generates values that may be stored.
func storable() *rapid.Generator[float64] {
	return rapid.Custom(func(t *rapid.T) float64 {
		if rapid.IntRange(0, 4).Draw(t, "missing") == 0 {
			return Missing
		}
		return rapid.Float64().Filter(Storable).Draw(t, "value")
	})
}

// results generates results as the engine gives them.
func results() *rapid.Generator[*Result] {
	return rapid.Custom(func(t *rapid.T) *Result {
		r := &Result{With: With(rapid.SampledFrom([]With{0, 1, 2, 3, WithIDs, WithIDs | WithReports}).Draw(t, "with"))}
		columns := rapid.IntRange(0, 5).Draw(t, "columns")
		shared := rapid.Bool().Draw(t, "one subject per group")
		groups := rapid.SliceOfN(rapid.IntRange(1, 6), 0, 8).Draw(t, "rows of each group")
		texts := rapid.SampledFrom([]string{"", "0408", "596001", "a longer text than fits the short form of a string"})
		for _, rows := range groups {
			s := drawSubject(t, r.With)
			for range rows {
				if !shared {
					s = drawSubject(t, r.With)
				}
				r.Subjects = append(r.Subjects, s)
			}
			r.Groups = append(r.Groups, int32(len(r.Subjects)))
		}
		r.Values = rapid.SliceOfN(storable(), columns*r.Rows(), columns*r.Rows()).Draw(t, "values")
		if r.With&WithReports != 0 {
			for range r.Rows() {
				r.Heads = append(r.Heads, Head{ReportDate: rapid.Int64().Draw(t, "date"), Type: texts.Draw(t, "type"),
					Period: texts.Draw(t, "period"), Year: rapid.Int32().Draw(t, "year"), DeclareDate: drawInstant(t)})
			}
		}
		drawKind(t, r, columns)
		return r
	})
}

// drawKind makes the result that of a ranking, of series, or of rows.
func drawKind(t *rapid.T, r *Result, columns int) {
	switch rapid.SampledFrom([]string{"ranking", "series", "rows"}).Draw(t, "kind") {
	case "ranking":
		r.Groups = nil
	case "rows":
		for range r.Groups {
			r.Stamps = append(r.Stamps, Stamp{Create: rapid.Int64().Draw(t, "create"), Update: rapid.Int64().Draw(t, "update")})
		}
		r.Total = rapid.Int().Draw(t, "total")
		if r.With&WithIDs != 0 {
			r.IDs = rapid.SliceOfN(rapid.String(), columns, columns).Draw(t, "ids")
		}
	}
}

func drawSubject(t *rapid.T, with With) *Subject {
	text := rapid.SampledFrom([]string{"", "213001", "stock", "2010-01-08"})
	s := &Subject{Key: rapid.StringN(0, 20, 40).Draw(t, "key")}
	if with&WithSubjects != 0 {
		s.Name, s.Status = rapid.String().Draw(t, "name"), text.Draw(t, "status")
		s.ListingDate, s.Category = text.Draw(t, "listing date"), text.Draw(t, "category")
	}
	return s
}

func drawInstant(t *rapid.T) Instant {
	if rapid.Bool().Draw(t, "given") {
		return At(rapid.Int64().Draw(t, "seconds"))
	}
	return Instant{}
}

func TestAnyResultDecodesToWhatWasAppended(t *testing.T) {
	got := &Result{} // reused: nothing of the one before may shine through
	rapid.Check(t, func(t *rapid.T) {
		want := results().Draw(t, "result")
		payload := want.AppendTo(nil)
		if err := got.Decode(payload); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, equal); diff != "" {
			t.Fatal(diff)
		}
		if again := got.AppendTo(nil); !bytes.Equal(payload, again) {
			t.Fatalf("appended %x, decoded and appended %x", payload, again)
		}
	})
}

// checkAny holds a message type against random contents, whole and reused.
func checkAny[T any, P interface {
	*T
	Message
}](t *testing.T, opts ...cmp.Option) {
	t.Helper()
	opts = append(opts, equal)
	got := P(new(T))
	gen := rapid.Make[T]()
	rapid.Check(t, func(t *rapid.T) {
		want := gen.Draw(t, "message")
		payload := P(&want).AppendTo(nil)
		if err := got.Decode(payload); err != nil {
			t.Fatal(err)
		}
		canonical(P(&want))
		if diff := cmp.Diff(P(&want), got, opts...); diff != "" {
			t.Fatal(diff)
		}
		if again := got.AppendTo(nil); !bytes.Equal(payload, again) {
			t.Fatalf("appended %x, decoded and appended %x", payload, again)
		}
	})
}

// canonical takes away what does not travel: the seconds of instants that are not given, and what the header carries.
func canonical(m Message) {
	instant := func(i *Instant) {
		if !i.Given {
			i.Seconds = 0
		}
	}
	span := func(r *Range) { instant(&r.From); instant(&r.To) }
	switch m := m.(type) {
	case *Snapshot:
		instant(&m.KnownAt)
		instant(&m.Timestamp)
		span(&m.Range)
	case *Period:
		instant(&m.KnownAt)
		span(&m.Range)
	case *Recent:
		instant(&m.KnownAt)
	case *SelectSnapshot:
		instant(&m.KnownAt)
		instant(&m.Timestamp)
		span(&m.Range)
	case *SelectPeriod:
		instant(&m.KnownAt)
		span(&m.Range)
	case *Search:
		span(&m.Range)
	case *Execute:
		instant(&m.Timestamp)
		forget(&m.Offset)
		forget(&m.Limit)
		forget(&m.Order)
		forget(&m.Field)
	case *Put:
		for i := range m.Reports {
			instant(&m.Reports[i].DeclareDate)
		}
	case *Error:
		m.Code = CodeOK
	}
}

// forget takes away a value that is not given.
func forget[T any](o *Optional[T]) {
	if !o.Given {
		*o = Optional[T]{}
	}
}

func TestAnyQueryDecodesToWhatWasAppended(t *testing.T) {
	t.Run("Snapshot", func(t *testing.T) { checkAny[Snapshot](t) })
	t.Run("Period", func(t *testing.T) { checkAny[Period](t) })
	t.Run("Recent", func(t *testing.T) { checkAny[Recent](t) })
	t.Run("SelectSnapshot", func(t *testing.T) { checkAny[SelectSnapshot](t) })
	t.Run("SelectPeriod", func(t *testing.T) { checkAny[SelectPeriod](t) })
	t.Run("Get", func(t *testing.T) { checkAny[Get](t) })
	t.Run("Search", func(t *testing.T) { checkAny[Search](t) })
	t.Run("ListSubjects", func(t *testing.T) { checkAny[ListSubjects](t) })
}

func TestAnyWriteDecodesToWhatWasAppended(t *testing.T) {
	t.Run("Put", func(t *testing.T) { checkAny[Put](t) })
	t.Run("Delete", func(t *testing.T) { checkAny[Delete](t) })
	t.Run("PutSubjects", func(t *testing.T) { checkAny[PutSubjects](t) })
	t.Run("PutTables", func(t *testing.T) { checkAny[PutTables](t) })
}

func TestAnyOtherMessageDecodesToWhatWasAppended(t *testing.T) {
	t.Run("Prepare", func(t *testing.T) { checkAny[Prepare](t) })
	t.Run("Handle", func(t *testing.T) { checkAny[Handle](t) })
	t.Run("Execute", func(t *testing.T) { checkAny[Execute](t) })
	t.Run("ClusterStatus", func(t *testing.T) { checkAny[ClusterStatus](t) })
	t.Run("RemoveMember", func(t *testing.T) { checkAny[RemoveMember](t) })
	t.Run("Hello", func(t *testing.T) { checkAny[Hello](t) })
	t.Run("Welcome", func(t *testing.T) { checkAny[Welcome](t) })
	t.Run("Error", func(t *testing.T) { checkAny[Error](t) })
}

func TestValuesOfAPutKeepTheirBits(t *testing.T) {
	nan := math.Float64frombits(math.Float64bits(math.NaN()) + 5)
	want := []float64{0, math.Copysign(0, -1), math.Inf(1), math.Inf(-1), nan, Missing, math.SmallestNonzeroFloat64, math.MaxFloat64}
	p := &Put{}
	if err := p.Decode((&Put{Reports: []Report{{Values: want}}}).AppendTo(nil)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, p.Reports[0].Values, cmp.Comparer(sameBits)); diff != "" {
		t.Error(diff)
	}
}

// A Put is decoded into one that was used, whose reports keep room of different sizes.
func TestReportsOfAReusedPutDoNotShareTheirValues(t *testing.T) {
	p := &Put{}
	for _, widths := range [][]int{{3, 1}, {1, 4, 2}, {5000, 1, 3}, {2, 2, 2, 2}} {
		q := &Put{}
		for i, n := range widths {
			r := Report{Subject: "s"}
			for j := range n {
				r.Values = append(r.Values, float64(100*i+j))
			}
			q.Reports = append(q.Reports, r)
		}
		tooWide := widths[0] > MaxIndicators
		if err := p.Decode(q.AppendTo(nil)); (err != nil) != tooWide {
			t.Fatalf("widths %v: %v", widths, err)
		}
		if diff := cmp.Diff(q, p, equal); !tooWide && diff != "" {
			t.Errorf("widths %v:\n%s", widths, diff)
		}
	}
}
