package protocol

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// sampleWrites has a write of each kind, as a log entry holds them.
func sampleWrites() []*Write {
	var writes []*Write
	for _, s := range requestSamples() {
		w := &Write{Time: 1703980800}
		switch m := s.message.(type) {
		case *Put:
			w.Put = m
		case *Delete:
			w.Delete = m
		case *PutSubjects:
			w.Subjects = m
		case *PutTables:
			w.Tables = m
		default:
			continue
		}
		writes = append(writes, w)
	}
	return writes
}

func TestAnyEntryDecodesToWhatWasAppended(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := &Entry{Time: rapid.Int64().Draw(t, "time")}
		for range rapid.IntRange(0, 5).Draw(t, "writes") {
			w := rapid.SampledFrom(sampleWrites()).Draw(t, "write")
			w.Time = want.Time
			want.Writes = append(want.Writes, w)
		}
		payload := want.AppendTo(nil)
		got := &Entry{}
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

func TestAnEntryOfImpossibleWritesIsRefused(t *testing.T) {
	newer := append([]byte{markFixArray | 3}, 1, markFixArray, 1)
	for name, tt := range map[string]struct {
		payload []byte
		says    string
	}{
		"a read":           {[]byte{markFixArray | 2, 1, markFixArray | 2, byte(OpGet), markNil}, "GET is no write"},
		"an unknown write": {[]byte{markFixArray | 2, 1, markFixArray | 2, 20, markNil}, "operation 20 is no write"},
		"half a write":     {[]byte{markFixArray | 2, 1, markFixArray | 1, byte(OpPut)}, "without its message"},
		"newer":            {newer, "3 fields, this version knows 2"},
	} {
		if err := new(Entry).Decode(tt.payload); !errors.Is(err, ErrProtocol) || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v, want %q in it", name, err, tt.says)
		}
	}
}

func TestAClientIDHasSixteenBytes(t *testing.T) {
	payload := appendBin([]byte{markFixArray | 3, markNil, markNil}, []byte("short"))
	if err := new(Delete).Decode(payload); !errors.Is(err, ErrProtocol) || !strings.Contains(err.Error(), "5 bytes") {
		t.Errorf("got %v", err)
	}
}

func TestTheOriginOfAWriteIsThatOfWhatItCarries(t *testing.T) {
	want := sampleOrigin(7)
	for name, w := range map[string]*Write{
		"put": {Put: &Put{Origin: want}}, "delete": {Delete: &Delete{Origin: want}},
		"subjects": {Subjects: &PutSubjects{Origin: want}}, "tables": {Tables: &PutTables{Origin: want}},
	} {
		if got := w.Origin(); got != want || !got.Given() {
			t.Errorf("%s: %v", name, got)
		}
	}
	if (Origin{Sequence: 1}).Given() || (Origin{Client: want.Client}).Given() || (&Write{}).Origin().Given() {
		t.Error("half an origin counts as given")
	}
}
