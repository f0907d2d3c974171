//go:build !race

package protocol

import "testing"

// The race detector allocates by itself, so these do not hold under it.

func checkAllocs(t *testing.T, most float64, what string, f func()) {
	t.Helper()
	if got := testing.AllocsPerRun(200, f); got > most {
		t.Errorf("%s: %v allocations, at most %v", what, got, most)
	}
}

func TestDecodingARequestIntoAUsedOneAllocatesNothing(t *testing.T) {
	header := RequestHeader{ID: 1 << 31, Op: OpSnapshot, Flags: FlagAtLeast, MinIndex: 9}
	frame := FinishFrame(scenarioSnapshot().AppendTo(BeginRequest(nil, &header)), 0)
	q := &Snapshot{}
	checkAllocs(t, 0, "a Snapshot of 50 subjects", func() {
		_, payload, err := DecodeRequest(frame[FramePrefix:])
		if err != nil {
			t.Fatal(err)
		}
		if err := q.Decode(payload); err != nil {
			t.Fatal(err)
		}
	})
	for _, s := range requestSamples() {
		m, payload := s.empty(), s.payload()
		checkAllocs(t, 0, s.name, func() {
			if err := m.Decode(payload); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestAppendingAllocatesNothingWhenThereIsRoom(t *testing.T) {
	all := samples()
	all = append(all, sample{name: "a Result of 20 rows of 4 columns", isReply: true, message: scenarioResult(20, 4)},
		sample{name: "a series of 24 rows of 4 columns", isReply: true, message: scenarioSeries()})
	for _, s := range all {
		dst := s.message.AppendTo(nil)
		checkAllocs(t, 0, s.name, func() { dst = s.message.AppendTo(dst[:0]) })
	}
}

func TestDecodingAResultIntoAUsedOneAllocatesTextsAndSubjects(t *testing.T) {
	for _, r := range []*Result{scenarioResult(20, 4), scenarioSeries(), scenarioResult(10_000, 2)} {
		got, payload := &Result{}, r.AppendTo(nil)
		checkAllocs(t, 2, "a Result", func() {
			if err := got.Decode(payload); err != nil {
				t.Fatal(err)
			}
		})
	}
}
