package replica

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/raft"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// replicated makes a machine of the simple one that only remembers entries.
type replicated struct {
	machine
	all []protocol.Entry
}

func (m *replicated) ApplyAll(entries []protocol.Entry) ([][]error, error) {
	outcomes := make([][]error, len(entries))
	for i, e := range entries {
		outcomes[i] = make([]error, len(e.Writes))
		m.all = append(m.all, e)
	}
	return outcomes, nil
}

func (m *replicated) WaitApplied(context.Context, uint64) error { return nil }
func (m *replicated) Time() int64                               { return 0 }
func (m *replicated) Checkpoint(string) error                   { return nil }
func (m *replicated) Restore(string) error                      { return nil }
func (m *replicated) Identity() (cluster, node string)          { return "", "" }
func (m *replicated) Adopt(string) error                        { return nil }
func (m *replicated) Member() bool                              { return false }
func (m *replicated) SetMember() error                          { return nil }

// The library hands over changes of the members too, and panics unless there is one result for each.
func TestEveryEntryOfABatchHasAResultAndAnIndexInTheMachine(t *testing.T) {
	m := &replicated{}
	f := &fsm{r: &Raft{o: RaftOptions{Machine: m, Expect: 9, Logger: quiet()}}}
	command := func(index uint64, time int64, writes ...*protocol.Write) *raft.Log {
		e := protocol.Entry{Time: time, Writes: writes}
		return &raft.Log{Index: index, Type: raft.LogCommand, Data: e.AppendTo(nil)}
	}
	servers := raft.EncodeConfiguration(raft.Configuration{Servers: []raft.Server{{ID: "a", Address: "b"}}})
	results := f.ApplyBatch([]*raft.Log{
		command(5, 100, write("a"), write("b")),
		{Index: 6, Type: raft.LogConfiguration, Data: servers},
		command(8, 90, write("c")),
	})
	if len(results) != 3 {
		t.Fatalf("%d results for 3 entries", len(results))
	}
	for i, want := range []int{2, 0, 1} {
		if r := results[i].(result); r.err != nil || len(r.outcomes) != want {
			t.Errorf("entry %d: %+v, want %d outcomes", i, r, want)
		}
	}
	var got [][2]int64
	for _, e := range m.all {
		got = append(got, [2]int64{int64(e.Index), e.Time})
	}
	// The clock of the second master is behind: its stamp is raised.
	if d := cmp.Diff([][2]int64{{5, 100}, {6, 100}, {8, 100}}, got); d != "" {
		t.Errorf("indexes and times (-want +got):\n%s", d)
	}
	if time := m.all[2].Writes[0].Time; time != 100 {
		t.Errorf("the write is stamped %d", time)
	}
}

func TestAnEntryThatCannotBeReadEndsTheNode(t *testing.T) {
	ended := make(chan error, 2)
	r := &Raft{o: RaftOptions{Machine: &replicated{}, Logger: quiet(), Fatal: func(err error) { ended <- err }}}
	r.queue = newQueue(Options{})
	f := &fsm{r: r}
	for range 2 {
		if res := f.Apply(&raft.Log{Index: 7, Type: raft.LogCommand, Data: []byte{0xc1}}).(result); !errors.Is(res.err, protocol.ErrProtocol) {
			t.Errorf("result %+v", res)
		}
	}
	if err := <-ended; !strings.Contains(err.Error(), "entry 7") || len(ended) != 0 {
		t.Errorf("the node ended with %v, and %d times more", err, len(ended))
	}
}

// hanging is a log whose disk does not come back.
type hanging struct {
	raft.LogStore
	release chan struct{}
}

func (h *hanging) StoreLogs([]*raft.Log) error { <-h.release; return nil }

func TestAHangingDiskEndsTheNode(t *testing.T) {
	ended := make(chan error, 1)
	disk := &hanging{release: make(chan struct{})}
	r := &Raft{logs: &watchedLog{LogStore: disk}}
	r.o = RaftOptions{DiskTimeout: 20 * time.Millisecond, Logger: quiet(), Fatal: func(err error) { ended <- err }}
	r.queue = newQueue(Options{})
	r.ctx, r.cancel = context.WithCancel(t.Context())
	defer r.cancel()
	var wg sync.WaitGroup
	defer wg.Wait()
	defer close(disk.release)
	wg.Go(func() { _ = r.logs.StoreLog(&raft.Log{}) })
	wg.Go(r.watch)
	if err := <-ended; !errors.Is(err, ErrDiskHangs) {
		t.Errorf("the node ended with %v", err)
	}
}

func TestWhoeverComesSharesARunThatBeganAfterwards(t *testing.T) {
	var s sharing[int32]
	var w workers
	var runs atomic.Int32
	entered, release := make(chan struct{}), make(chan struct{})
	run := func() (int32, error) {
		n := runs.Add(1)
		entered <- struct{}{}
		<-release
		return n, nil
	}
	got := make(chan int32, 101)
	ask := func() {
		n, err := s.do(t.Context(), w.spawn, run)
		if err != nil {
			t.Error(err)
		}
		got <- n
	}
	go ask()
	<-entered
	for range 100 {
		go ask()
	}
	for { // until one waits for the run after this one
		s.mu.Lock()
		waits := s.next != nil
		s.mu.Unlock()
		if waits {
			break
		}
	}
	release <- struct{}{}
	if n := <-got; n != 1 {
		t.Errorf("the first got run %d", n)
	}
	go func() {
		for range entered {
			release <- struct{}{}
		}
	}()
	for range 100 {
		if n := <-got; n < 2 {
			t.Errorf("one that came later got run %d", n)
		}
	}
	w.wait()
	close(entered)
	if _, err := s.do(t.Context(), w.spawn, run); !errors.Is(err, ErrClosed) {
		t.Errorf("after the end: %v", err)
	}
}

func TestTheLibraryLogsWhereItIsTold(t *testing.T) {
	var out bytes.Buffer
	l := hclogger(slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelInfo})))
	l.Debug("quiet")
	l.Info("quiet too")
	l.Error("loud", "index", 7)
	if got := out.String(); strings.Contains(got, "quiet") || !strings.Contains(got, `msg="raft: loud" index=7`) {
		t.Errorf("logged %q", got)
	}
}

// files are what an archive of tests holds.
var files = map[string]string{"a.sst": strings.Repeat("x", 3_000_000), "MANIFEST-1": "m", "empty": ""}

func archiveOf(t testing.TB, files map[string]string) []byte {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if err := writeArchive(&out, dir); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestAnArchiveHoldsTheFilesOfADirectory(t *testing.T) {
	dir := t.TempDir()
	if err := readArchive(bytes.NewReader(archiveOf(t, files)), dir); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	names, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join(dir, name.Name()))
		if err != nil {
			t.Fatal(err)
		}
		got[name.Name()] = string(text)
	}
	if d := cmp.Diff(files, got); d != "" {
		t.Errorf("files (-written +read):\n%s", d)
	}
}

func TestADamagedArchiveIsRefused(t *testing.T) {
	whole := archiveOf(t, map[string]string{"a": "some bytes", "b": "others"})
	for i := range whole {
		damaged := bytes.Clone(whole)
		damaged[i] ^= 1
		if err := readArchive(bytes.NewReader(damaged), t.TempDir()); !errors.Is(err, ErrDamagedSnapshot) {
			t.Fatalf("byte %d flipped: %v", i, err)
		}
		if err := readArchive(bytes.NewReader(whole[:i]), t.TempDir()); !errors.Is(err, ErrDamagedSnapshot) {
			t.Fatalf("cut at %d: %v", i, err)
		}
	}
	if err := readArchive(bytes.NewReader(append(whole, 0)), t.TempDir()); !errors.Is(err, ErrDamagedSnapshot) {
		t.Errorf("a byte too many: %v", err)
	}
}

func TestAFileOfAnArchiveStaysInItsDirectory(t *testing.T) {
	for _, name := range []string{"../a", "/a", "a/b", ".", "..", "a\x00", `a\b`} {
		head := append([]byte(archiveMagic), archiveVersion, byte(len(name)))
		bad := binary.BigEndian.AppendUint64(append(head, name...), 0)
		if err := readArchive(bytes.NewReader(append(bad, 0, 0, 0, 0)), t.TempDir()); !errors.Is(err, ErrDamagedSnapshot) ||
			!strings.Contains(err.Error(), "a file ") {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func FuzzArchive(f *testing.F) {
	f.Add(archiveOf(f, map[string]string{"a": "some bytes", "b": ""}))
	f.Add([]byte(archiveMagic + "\x01\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		err := readArchive(bytes.NewReader(data), t.TempDir())
		if err != nil && !errors.Is(err, ErrDamagedSnapshot) {
			t.Fatalf("it fails with %v", err)
		}
	})
}

func FuzzGreeting(f *testing.F) {
	f.Add(appendGreeting(nil, greeting{word: purposeRaft, cluster: id{1}, node: id{2}, native: "127.0.0.1:7080"}))
	f.Fuzz(func(t *testing.T, data []byte) {
		g, err := readGreeting(bytes.NewReader(data))
		if err != nil {
			return
		}
		again := appendGreeting(nil, g)
		if !bytes.HasPrefix(data, again) {
			t.Fatalf("%x is read as %+v, which is written as %x", data, g, again)
		}
	})
}

func FuzzControl(f *testing.F) {
	f.Add(appendMessage(nil, askReport, appendReport(nil, report{1, 2, 3, true, false, "127.0.0.1:7080"})))
	f.Fuzz(func(t *testing.T, data []byte) {
		in := bytes.NewReader(data)
		word, payload, err := readMessage(in)
		if err != nil {
			return
		}
		rest, _ := io.ReadAll(in)
		if again := append(appendMessage(nil, word, payload), rest...); !bytes.Equal(again, data) {
			t.Fatalf("%x is written as %x", data, again)
		}
		p, err := parseReport(payload)
		if err != nil {
			return
		}
		if again, err := parseReport(appendReport(nil, p)); err != nil || again != p {
			t.Fatalf("%+v comes back as %+v: %v", p, again, err)
		}
	})
}

func TestRaftOptionsThatCannotWorkAreRefused(t *testing.T) {
	good := RaftOptions{Dir: "d", Machine: &replicated{}, Listen: "127.0.0.1:0"}
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	for says, change := range map[string]func(*RaftOptions){
		"Dir is empty":         func(o *RaftOptions) { o.Dir = "" },
		"Machine is nil":       func(o *RaftOptions) { o.Machine = nil },
		"Listen is empty":      func(o *RaftOptions) { o.Listen = "" },
		"Listen: ":             func(o *RaftOptions) { o.Listen = "nowhere" },
		"ClusterID: ":          func(o *RaftOptions) { o.ClusterID = "blue" },
		"Expect":               func(o *RaftOptions) { o.Expect = -1 },
		"Heartbeat is -1ns":    func(o *RaftOptions) { o.Heartbeat = -1 },
		"LeaderLeaseTimeout (": func(o *RaftOptions) { o.Lease = time.Hour },
		"EntryWrites":          func(o *RaftOptions) { o.Log.EntryWrites = protocol.MaxEntryWrites + 1 },
		"at most 255":          func(o *RaftOptions) { o.Native = strings.Repeat("x", 256) },
	} {
		o := good
		change(&o)
		if err := o.Validate(); !errors.Is(err, ErrRaftOptions) || !strings.Contains(err.Error(), says) {
			t.Errorf("want %q: %v", says, err)
		}
	}
}
