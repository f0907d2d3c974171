package protocol

import (
	"bytes"
	"errors"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fuzzMessage feeds bytes to the decoder of one kind of message: it must not panic, must fail with an *Error of the two
// codes, and what it decodes must append and decode to the same again, in the eyes of msgpack/v5 too.
func fuzzMessage(f *testing.F, empty func() Message) {
	for _, s := range samples() {
		if reflect.TypeOf(s.empty()) == reflect.TypeOf(empty()) {
			f.Add(s.payload())
		}
	}
	f.Add((&Entry{Time: 1703980800, Writes: sampleWrites()}).AppendTo(nil))
	f.Add([]byte{markFixArray})
	f.Add([]byte{markArray32, 0xff, 0xff, 0xff, 0xff, 0})
	f.Fuzz(func(t *testing.T, payload []byte) {
		first, second := empty(), empty()
		given := bytes.Clone(payload)
		if err := first.Decode(payload); err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Code != CodeProtocol && e.Code != CodeTooLarge || e.Message == "" {
				t.Fatalf("it fails with %#v", err)
			}
			return
		}
		if !bytes.Equal(given, payload) {
			t.Fatal("decoding wrote to the payload")
		}
		wire := first.AppendTo(nil)
		if err := second.Decode(wire); err != nil {
			t.Fatalf("%x decodes, but appended again as %x: %v", payload, wire, err)
		}
		if diff := cmp.Diff(first, second, equal); diff != "" {
			t.Fatalf("%x appended again as %x decodes to something else:\n%s", payload, wire, diff)
		}
		if again := second.AppendTo(nil); !bytes.Equal(wire, again) {
			t.Fatalf("appended as %x, then as %x", wire, again)
		}
		if diff := cmp.Diff(readByLibrary(t, wire), readWhole(t, wire), equal); diff != "" {
			t.Fatalf("the library reads %x differently (-library +cursor):\n%s", wire, diff)
		}
	})
}

func FuzzEmpty(f *testing.F)          { fuzzMessage(f, fresh[Empty]) }
func FuzzError(f *testing.F)          { fuzzMessage(f, fresh[Error]) }
func FuzzHello(f *testing.F)          { fuzzMessage(f, fresh[Hello]) }
func FuzzWelcome(f *testing.F)        { fuzzMessage(f, fresh[Welcome]) }
func FuzzSnapshot(f *testing.F)       { fuzzMessage(f, fresh[Snapshot]) }
func FuzzPeriod(f *testing.F)         { fuzzMessage(f, fresh[Period]) }
func FuzzRecent(f *testing.F)         { fuzzMessage(f, fresh[Recent]) }
func FuzzSelectSnapshot(f *testing.F) { fuzzMessage(f, fresh[SelectSnapshot]) }
func FuzzSelectPeriod(f *testing.F)   { fuzzMessage(f, fresh[SelectPeriod]) }
func FuzzGet(f *testing.F)            { fuzzMessage(f, fresh[Get]) }
func FuzzSearch(f *testing.F)         { fuzzMessage(f, fresh[Search]) }
func FuzzListSubjects(f *testing.F)   { fuzzMessage(f, fresh[ListSubjects]) }
func FuzzPrepare(f *testing.F)        { fuzzMessage(f, fresh[Prepare]) }
func FuzzHandle(f *testing.F)         { fuzzMessage(f, fresh[Handle]) }
func FuzzExecute(f *testing.F)        { fuzzMessage(f, fresh[Execute]) }
func FuzzPut(f *testing.F)            { fuzzMessage(f, fresh[Put]) }
func FuzzDelete(f *testing.F)         { fuzzMessage(f, fresh[Delete]) }
func FuzzPutSubjects(f *testing.F)    { fuzzMessage(f, fresh[PutSubjects]) }
func FuzzPutTables(f *testing.F)      { fuzzMessage(f, fresh[PutTables]) }
func FuzzEntry(f *testing.F)          { fuzzMessage(f, fresh[Entry]) }
func FuzzResult(f *testing.F)         { fuzzMessage(f, fresh[Result]) }
func FuzzSubjectList(f *testing.F)    { fuzzMessage(f, fresh[SubjectList]) }
func FuzzCatalog(f *testing.F)        { fuzzMessage(f, fresh[Catalog]) }
func FuzzClusterStatus(f *testing.F)  { fuzzMessage(f, fresh[ClusterStatus]) }
func FuzzRemoveMember(f *testing.F)   { fuzzMessage(f, fresh[RemoveMember]) }
func FuzzStatList(f *testing.F)       { fuzzMessage(f, fresh[StatList]) }

func FuzzRequest(f *testing.F) {
	for _, s := range requestSamples() {
		f.Add(s.frame()[FramePrefix:])
	}
	f.Add(BeginRequest(nil, &RequestHeader{ID: 1, Flags: knownFlags, Trace: []byte("trace"), MinIndex: 9})[FramePrefix:])
	f.Fuzz(func(t *testing.T, body []byte) {
		h, payload, err := DecodeRequest(body)
		if err != nil {
			return
		}
		if h.Op > MaxOp || h.Flags&^knownFlags != 0 || len(h.Trace) > MaxTrace || len(payload) == 0 {
			t.Fatalf("%x decodes to %+v with %d bytes of payload", body, h, len(payload))
		}
		frame := FinishFrame(append(BeginRequest(nil, &h), payload...), 0)
		again, rest, err := DecodeRequest(frame[FramePrefix:])
		if diff := cmp.Diff(h, again, equal); err != nil || diff != "" || !bytes.Equal(rest, payload) {
			t.Fatalf("%x appended again: %v\n%s", body, err, diff)
		}
	})
}

func FuzzReply(f *testing.F) {
	for _, s := range replySamples() {
		f.Add(s.frame()[FramePrefix:])
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		h, payload, err := DecodeReply(body)
		if err != nil {
			return
		}
		frame := FinishFrame(append(BeginReply(nil, &h), payload...), 0)
		again, rest, err := DecodeReply(frame[FramePrefix:])
		if err != nil || again != h || !bytes.Equal(rest, payload) {
			t.Fatalf("%x appended again: %v, %+v", body, err, again)
		}
	})
}
