package redis

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kamaitachi/kamaitachi/bench"
	"github.com/kamaitachi/kamaitachi/client"
	"github.com/kamaitachi/kamaitachi/conf"
	"github.com/kamaitachi/kamaitachi/internal/dataset"
	"github.com/kamaitachi/kamaitachi/protocol"
	"github.com/kamaitachi/kamaitachi/server"
)

// startRedis starts a real server; without the program the test is skipped.
func startRedis(t *testing.T) *Server {
	t.Helper()
	program, err := Find("")
	if err != nil {
		t.Skip(err)
	}
	s, err := Start(context.Background(), program, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Stop() })
	return s
}

func TestAServerThatIsNotInstalledIsSaidSo(t *testing.T) {
	if path, err := Find(t.TempDir() + "/redis-server"); err == nil {
		t.Errorf("found %s", path)
	}
}

func TestCommandsAreAnsweredByARealServer(t *testing.T) {
	s := startRedis(t)
	c, err := Dial(context.Background(), s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	large := string(bytes.Repeat([]byte("x\r\n"), 100_000))
	for i := range 1_000 {
		if err := c.Queue("RPUSH", "list", strconv.Itoa(i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Queue("SET", "large", large); err != nil {
		t.Fatal(err)
	}
	if got, err := c.Do("GET", "large"); err != nil || len(got) != 1 || got[0] != large {
		t.Errorf("a large string comes back as %d strings, %v", len(got), err)
	}
	if got, err := c.Do("LRANGE", "list", "0", "-1"); err != nil || len(got) != 1_000 || got[999] != "999" {
		t.Errorf("a list of 1,000 comes back as %d strings, %v", len(got), err)
	}
	if got, err := c.Do("GET", "list"); err == nil {
		t.Errorf("GET of a list is %q", got)
	}
	if got, err := c.Do("PING"); err != nil || got[0] != "PONG" {
		t.Errorf("after an error PING is answered %q, %v", got, err)
	}
}

// world is one made-up market in a node and in Redis.
type world struct {
	node   *client.Client
	redis  *Server
	market *bench.Market
	orders map[string][]string
}

const marketSubjects = 300

func openWorld(t *testing.T) *world {
	t.Helper()
	ctx := t.Context()
	w := &world{redis: startRedis(t)}
	tables, err := conf.LoadCatalog("")
	if err != nil {
		t.Fatal(err)
	}
	node, err := server.Open(server.Options{Dir: t.TempDir(), Listen: "127.0.0.1:0", Catalog: tables,
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { node.Close() })
	address := node.Addr().String()
	if w.node, err = client.Open(ctx, client.Options{Addresses: []string{address}}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.node.Close() })
	made, err := dataset.NewMarket(dataset.MarketOptions{Subjects: marketSubjects, Quarters: 2})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := dataset.Import(ctx, made, sink{w.node}, dataset.ImportOptions{Table: tables[0]}); err != nil {
		t.Fatal(err)
	}
	if w.market, err = bench.AskMarket(ctx, bench.Address{Scheme: "kama", Host: address}); err != nil {
		t.Fatal(err)
	}
	w.market.Topic = dataset.MarketTopic
	w.fill(t)
	return w
}

// sink writes an import through the SDK.
type sink struct{ c *client.Client }

func (s sink) PutTables(ctx context.Context, w *protocol.PutTables) error {
	_, err := s.c.PutTables(ctx, w)
	return err
}

func (s sink) PutSubjects(ctx context.Context, w *protocol.PutSubjects) error {
	_, err := s.c.PutSubjects(ctx, w)
	return err
}

func (s sink) Put(ctx context.Context, w *protocol.Put) error {
	_, err := s.c.Put(ctx, w)
	return err
}

func (w *world) fill(t *testing.T) {
	t.Helper()
	var all protocol.Result
	q := protocol.Snapshot{View: protocol.View{IDs: w.market.IDs}, Topic: w.market.Topic, Ranking: protocol.Ranking{Limit: protocol.MaxLimit}}
	if err := w.node.Snapshot(t.Context(), &q, &all); err != nil {
		t.Fatal(err)
	}
	if all.Rows() != marketSubjects {
		t.Fatalf("%d rows, want %d", all.Rows(), marketSubjects)
	}
	if err := Fill(t.Context(), w.redis.Addr(), &all); err != nil {
		t.Fatal(err)
	}
	var err error
	if w.orders, err = AskOrders(t.Context(), w.redis.Addr(), w.market.IDs); err != nil {
		t.Fatal(err)
	}
}

// ours returns the rows of a ranking by the node: the subject and a text for each value, "" = none.
func (w *world) ours(t *testing.T, q *protocol.Snapshot) (rows []string) {
	t.Helper()
	var r protocol.Result
	if err := w.node.Snapshot(t.Context(), q, &r); err != nil {
		t.Fatal(err)
	}
	for row, subject := range r.Subjects {
		rows = append(rows, subject.Key)
		for c := range r.IDs {
			text := ""
			if v := r.Value(row, c); v == v {
				text = strconv.FormatFloat(v, 'g', -1, 64)
			}
			rows = append(rows, text)
		}
	}
	return rows
}

// ask sends a query through a dialect and returns the whole reply.
func (w *world) ask(t *testing.T, d bench.Dialect, q *bench.Query) []byte {
	t.Helper()
	c, err := net.Dial("tcp", w.redis.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write(d.AppendRequest(nil, 0, q)); err != nil {
		t.Fatal(err)
	}
	var buf []byte
	chunk := make([]byte, 4096)
	for {
		size, _, ok, err := d.Reply(buf)
		if err != nil || size > 0 && !ok {
			t.Fatalf("reply %q: ok %v, %v", buf, ok, err)
		}
		if size > 0 {
			if size != len(buf) {
				t.Fatalf("%d bytes are left behind the reply", len(buf)-size)
			}
			return buf
		}
		n, err := c.Read(chunk)
		if err != nil {
			t.Fatal(err)
		}
		buf = append(buf, chunk[:n]...)
	}
}

// queries are rankings by each field, in both orders, on several pages.
func (w *world) queries(each func(name string, q *bench.Query)) {
	for i, field := range w.market.IDs {
		for _, order := range []protocol.Order{protocol.Descending, protocol.Ascending} {
			for _, offset := range []int{0, 7, 45} {
				q := &bench.Query{Op: protocol.OpSnapshot}
				q.Snapshot.IDs = append([]string{field}, w.market.IDs[:i]...)
				q.Snapshot.Ranking = protocol.Ranking{Field: field, Order: order, Offset: offset, Limit: 20}
				each(fmt.Sprintf("by %s, order %d, from %d", field, order, offset), q)
			}
		}
	}
}

func TestTheScriptRanksAListLikeANode(t *testing.T) {
	w := openWorld(t)
	w.queries(func(name string, q *bench.Query) {
		for i := range 50 {
			q.Snapshot.Subjects = append(q.Snapshot.Subjects, w.market.Keys[(i*37+11)%len(w.market.Keys)])
		}
		got, err := texts(w.ask(t, &Lua{}, q))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(w.ours(t, &q.Snapshot), got); diff != "" {
			t.Errorf("%s: the node, and the script:\n%s", name, diff)
		}
	})
}

func TestASortedSetRanksATopicLikeANode(t *testing.T) {
	w := openWorld(t)
	w.queries(func(name string, q *bench.Query) {
		q.Snapshot.Topic = w.market.Topic
		all, err := texts(w.ask(t, &Zset{Orders: w.orders}, q))
		if err != nil {
			t.Fatal(err)
		}
		width := len(q.Snapshot.IDs)
		rows := len(all) / (1 + width)
		var got []string
		for row := range rows {
			got = append(got, all[row])
			got = append(got, all[rows+row*width:rows+(row+1)*width]...)
		}
		if diff := cmp.Diff(w.ours(t, &q.Snapshot), got); diff != "" {
			t.Errorf("%s: the node, and the sorted set:\n%s", name, diff)
		}
	})
}

func TestAReadyPayloadHasTheSizeThatWasAskedFor(t *testing.T) {
	s := startRedis(t)
	const size = 910
	if err := FillReady(t.Context(), s.Addr(), size); err != nil {
		t.Fatal(err)
	}
	m := &bench.Market{Keys: []string{"a"}, IDs: []string{"x"}, From: 1, To: 2}
	o, err := bench.Run(t.Context(), bench.Load{Scenario: bench.RankingOfMany, Market: m, Requests: 1_000, Ready: true,
		Addresses: []bench.Address{{Scheme: "redis", Host: s.Addr()}}, Dialect: func() bench.Dialect { return &Get{Size: size} }})
	if err != nil {
		t.Fatal(err)
	}
	overhead := float64(len("$910\r\n\r\n"))
	if o.Failed != 0 || o.ReplySize != size+overhead {
		t.Errorf("%d of %d failed, replies of %v bytes, want %v", o.Failed, o.Requests, o.ReplySize, size+overhead)
	}
	if cpu, err := bench.ProcessCPU(s.PID()); err == nil && cpu == 0 {
		t.Error("the server has used no CPU")
	}
}
