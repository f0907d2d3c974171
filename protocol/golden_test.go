package protocol

import (
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden frames of SPEC.md anew")

const (
	specFile     = "SPEC.md"
	goldenMarker = "<!-- golden -->\n"
)

// readSpec returns what stands before the golden frames, and those.
func readSpec(t *testing.T) (text, golden string) {
	t.Helper()
	spec, err := os.ReadFile(specFile)
	if err != nil {
		t.Fatal(err)
	}
	text, golden, found := strings.Cut(string(spec), goldenMarker)
	if !found {
		t.Fatalf("%s has no line %q", specFile, goldenMarker)
	}
	return text, golden
}

// goldenSection writes the section anew.
func goldenSection(t *testing.T) string {
	var b strings.Builder
	for _, s := range samples() {
		kind := "request"
		if s.isReply {
			kind = "reply"
		}
		fmt.Fprintf(&b, "\n### %s\n\n%s of %s\n\n```text\n%s\n```\n\n```hex\n", s.name, kind, s.op, notation(readWhole(t, s.frame()[FramePrefix:])))
		for digits := hex.EncodeToString(s.frame()); digits != ""; {
			n := min(len(digits), 96)
			fmt.Fprintln(&b, digits[:n])
			digits = digits[n:]
		}
		b.WriteString("```\n")
	}
	return b.String()
}

// goldenFrames parses the section: frames by name.
func goldenFrames(t *testing.T, golden string) map[string][]byte {
	t.Helper()
	frames := map[string][]byte{}
	for _, section := range strings.Split(golden, "\n### ")[1:] {
		name, rest, _ := strings.Cut(section, "\n")
		_, rest, found := strings.Cut(rest, "```hex\n")
		digits, _, closed := strings.Cut(rest, "```")
		if !found || !closed {
			t.Fatalf("%s has no frame for %s", specFile, name)
		}
		frame, err := hex.DecodeString(strings.ReplaceAll(digits, "\n", ""))
		if err != nil {
			t.Fatalf("%s, frame %s: %v", specFile, name, err)
		}
		frames[name] = frame
	}
	return frames
}

func TestGoldenFramesOfTheSpecificationAreWhatIsSent(t *testing.T) {
	text, golden := readSpec(t)
	want := goldenSection(t)
	if *update {
		if err := os.WriteFile(specFile, []byte(text+goldenMarker+want), 0o644); err != nil {
			t.Fatal(err)
		}
		golden = want
	}
	if diff := cmp.Diff(golden, want); diff != "" {
		t.Errorf("%s differs from what is sent (-%s +sent); if that is meant, it is a new version:\n%s", specFile, specFile, diff)
	}
}

func TestGoldenFramesDecodeToTheirMessages(t *testing.T) {
	_, golden := readSpec(t)
	frames := goldenFrames(t, golden)
	for _, s := range samples() {
		t.Run(s.name, func(t *testing.T) {
			frame := frames[s.name]
			size, err := FrameSize(frame, DefaultMaxRequest)
			if err != nil {
				t.Fatal(err)
			}
			if size != len(frame)-FramePrefix {
				t.Fatalf("the prefix says %d bytes, there are %d", size, len(frame)-FramePrefix)
			}
			got := s.empty()
			if err := got.Decode(s.openGolden(t, frame[FramePrefix:])); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(s.want(), got, equal); diff != "" {
				t.Errorf("decoded differs (-sample +decoded):\n%s", diff)
			}
			delete(frames, s.name)
		})
	}
	for name := range frames {
		t.Errorf("frame %s of %s has no sample", name, specFile)
	}
}

// openGolden checks the header of a golden frame and returns its payload.
func (s *sample) openGolden(t *testing.T, body []byte) []byte {
	t.Helper()
	if s.isReply {
		h, payload, err := DecodeReply(body)
		if want := (ReplyHeader{ID: 7, Code: s.reply, Applied: 1000}); err != nil || h != want {
			t.Fatalf("header %+v, %v; want %+v", h, err, want)
		}
		return payload
	}
	h, payload, err := DecodeRequest(body)
	if diff := cmp.Diff(RequestHeader{ID: 7, Op: s.op, Deadline: 250}, h, equal); err != nil || diff != "" {
		t.Fatalf("header: %v\n%s", err, diff)
	}
	return payload
}

func TestEveryOperationThatIsSpokenHasGoldenFrames(t *testing.T) {
	covered := map[Op]bool{}
	for _, s := range requestSamples() {
		covered[s.op] = true
	}
	for op := range opNames {
		reserved := op == OpWatch || op == OpAdmin
		if covered[op] == reserved {
			t.Errorf("%s: reserved %t, has a sample %t", op, reserved, covered[op])
		}
	}
}

func TestTheSpecificationListsEveryOperationAndCode(t *testing.T) {
	text, _ := readSpec(t)
	for op, name := range opNames {
		if row := fmt.Sprintf("\n| %d | %s |", op, name); !strings.Contains(text, row) {
			t.Errorf("no row %q", row)
		}
	}
	for code, name := range codeNames {
		row := fmt.Sprintf("\n| %d | %s |", code, name)
		_, rest, found := strings.Cut(text, row)
		if !found {
			t.Errorf("no row %q", row)
			continue
		}
		line, _, _ := strings.Cut(rest, "\n")
		if says := strings.Contains(line, "| yes |"); says != Code(code).Retryable() {
			t.Errorf("code %d: the row says retryable %t", code, says)
		}
	}
}

func TestMessagesAreNoDeeperThanMaxDepth(t *testing.T) {
	for _, s := range samples() {
		if got := depth(readWhole(t, s.frame()[FramePrefix:])); got > MaxDepth {
			t.Errorf("%s: %d arrays inside each other, at most %d", s.name, got, MaxDepth)
		}
	}
}

func depth(v any) int {
	list, ok := v.([]any)
	if !ok {
		return 0
	}
	deepest := 0
	for _, e := range list {
		deepest = max(deepest, depth(e))
	}
	return 1 + deepest
}

// notation prints a value as SPEC.md shows it.
func notation(v any) string {
	switch v := v.(type) {
	case nil:
		return "nil"
	case string:
		return fmt.Sprintf("%q", v)
	case []byte:
		return fmt.Sprintf("h'%x'", v)
	case []any:
		var parts [][]byte
		for _, e := range v {
			parts = append(parts, []byte(notation(e)))
		}
		return "[" + string(bytes.Join(parts, []byte(", "))) + "]"
	}
	return fmt.Sprint(v)
}
