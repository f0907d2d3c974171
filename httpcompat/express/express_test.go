package express

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	// gnet and fasthttp start goroutines of their own, which never end.
	goleak.VerifyTestMain(m, goleak.IgnoreCurrent(), goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"),
		goleak.IgnoreTopFunction("time.Sleep")) // fasthttp's pools look every ten seconds whether they have ended
}

// echo answers with the request's path and body, and says where. A path decides how:
//
//	/later    taken over, answered when the test says so
//	/early    taken over, answered before Serve returns
//	/long     with a body of 32 MiB
type echo struct {
	later chan *Request
	mu    sync.Mutex
	loops int // requests on loops
}

func (e *echo) NewLoop() Loop { return e }
func (e *echo) Flush()        {}

func (e *echo) Serve(r *Request) (answered bool) {
	e.mu.Lock()
	e.loops++
	e.mu.Unlock()
	switch path := string(r.Path()); path {
	case "/later":
		r.Own()
		e.later <- r
		return false
	case "/early":
		r.Own()
		say(&r.RequestCtx, "early")
		r.Done()
		return false
	}
	say(&r.RequestCtx, "loop")
	return true
}

// long is the body of an answer that no socket takes at once.
var long = strings.Repeat("0123456789abcdef", 1<<21)

func say(c *fasthttp.RequestCtx, where string) {
	if string(c.Path()) == "/long" {
		c.SetBodyString(long)
		return
	}
	c.SetBodyString(fmt.Sprintf("%s %s %s %s", where, c.Method(), c.Path(), c.PostBody()))
}

// answer answers a request that was taken over.
func (e *echo) answer() {
	r := <-e.later
	say(&r.RequestCtx, "later")
	r.Done()
}

func quick() Options {
	return Options{MaxHeader: 4 << 10, MaxConnections: 100, MaxConnectionsPerIP: 100, ReadTimeout: 20 * time.Second,
		WriteTimeout: 20 * time.Second, IdleTimeout: 20 * time.Second, Logger: slog.New(slog.DiscardHandler)}
}

// start runs a server whose fallback is fasthttp, which says "elsewhere".
func start(t *testing.T, o Options) (*Server, *echo) {
	t.Helper()
	e := &echo{later: make(chan *Request, 100)}
	v := New(e, o)
	if err := v.Start(&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}); err != nil {
		t.Fatal(err)
	}
	f := &fasthttp.Server{
		Handler: func(c *fasthttp.RequestCtx) { say(c, "elsewhere") }, NoDefaultServerHeader: true, ReadTimeout: o.ReadTimeout,
		IdleTimeout: o.IdleTimeout, WriteTimeout: o.WriteTimeout, ReadBufferSize: o.MaxHeader, Logger: silent{}, CloseOnShutdown: true,
	}
	served := make(chan error)
	go func() { served <- f.Serve(v.Fallback()) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := v.Shutdown(ctx); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		if err := f.ShutdownWithContext(ctx); err != nil && !strings.Contains(err.Error(), "closed") {
			t.Errorf("shutdown of the fallback: %v", err)
		}
		<-served
		v.registry.Lock()
		defer v.registry.Unlock()
		if v.registry.all != 0 || len(v.registry.of) != 0 {
			t.Errorf("%d places of %d clients were not given back", v.registry.all, len(v.registry.of))
		}
	})
	return v, e
}

type silent struct{}

func (silent) Printf(string, ...any) {}

// client is a connection of somebody who writes HTTP by hand.
type client struct {
	t  *testing.T
	nc *net.TCPConn
	in *bufio.Reader
}

func dial(t *testing.T, v *Server) *client {
	t.Helper()
	nc, err := net.Dial("tcp", v.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	if err := nc.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return &client{t, nc.(*net.TCPConn), bufio.NewReader(nc)}
}

func (c *client) send(text string) {
	c.t.Helper()
	if _, err := io.WriteString(c.nc, text); err != nil {
		c.t.Fatal(err)
	}
}

// want reads the next answer, which must have that body.
func (c *client) want(body string) {
	c.t.Helper()
	if status, got := c.read(); status != 200 || got != body {
		c.t.Fatalf("HTTP %d %.100q, want %.100q", status, got, body)
	}
}

func (c *client) read() (status int, body string) {
	c.t.Helper()
	r, err := http.ReadResponse(c.in, nil)
	if err != nil {
		c.t.Fatalf("no answer: %v", err)
	}
	all, err := io.ReadAll(r.Body)
	if err != nil {
		c.t.Fatalf("half an answer: %v", err)
	}
	return r.StatusCode, string(all)
}

// closed tells that the server closes the connection.
func (c *client) closed() {
	c.t.Helper()
	if b, err := c.in.ReadByte(); err != io.EOF {
		c.t.Errorf("the connection goes on with %q, %v", b, err)
	}
}

func post(path, body string) string {
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", path, len(body), body)
}

const chunked = "POST /odd HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"

func TestPlainRequestsAreAnsweredOnLoops(t *testing.T) {
	v, e := start(t, quick())
	var clients []*client
	for range 20 {
		clients = append(clients, dial(t, v))
	}
	for range 50 { // many at once are gathered
		for _, c := range clients {
			c.send(post("/a", "hello"))
		}
		for _, c := range clients {
			c.want("loop POST /a hello")
		}
	}
	c := clients[0]
	c.send("GET /b HTTP/1.1\r\nHost: x:80\r\nconnection: keep-alive\r\n\r\n" + post("/c", "") + "DELETE /d HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\n\r\nx")
	c.want("loop GET /b ")
	c.want("loop POST /c ")
	c.want("loop DELETE /d x")
	if e.loops != 1003 {
		t.Errorf("%d requests came to loops, want 1003", e.loops)
	}
}

func TestARequestMayComeInPieces(t *testing.T) {
	v, _ := start(t, quick())
	c := dial(t, v)
	for _, text := range []string{post("/a", "hello"), post("/b", strings.Repeat("x", 20<<10))} {
		for i := 0; i < len(text); i += 1 + len(text)/40 {
			c.send(text[i:min(len(text), i+1+len(text)/40)])
			time.Sleep(time.Millisecond) // else they come together; nothing depends on it
		}
		if _, body := c.read(); !strings.HasPrefix(body, "loop POST /") {
			t.Errorf("answered %.40q", body)
		}
	}
}

func TestAnOddRequestAndAllBehindItGoElsewhere(t *testing.T) {
	v, _ := start(t, quick())
	for name, odd := range map[string]struct{ text, want string }{
		"chunks":                {chunked, "elsewhere POST /odd ok"},
		"1.0":                   {"GET /odd HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\n\r\n", "elsewhere GET /odd "},
		"a long body":           {post("/odd", strings.Repeat("y", 1<<20)), "elsewhere POST /odd " + strings.Repeat("y", 1<<20)},
		"a whole address":       {"GET http://y/odd HTTP/1.1\r\nHost: x\r\n\r\n", "elsewhere GET /odd "},
		"a strange host":        {"GET /odd HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", "elsewhere GET /odd "},
		"an expectation, whole": {"POST /odd HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nok", ""},
	} {
		t.Run(name, func(t *testing.T) {
			c := dial(t, v)
			c.send(post("/before", "1"))
			c.want("loop POST /before 1")
			c.send(post("/before", "2") + odd.text + post("/behind", "3"))
			c.want("loop POST /before 2")
			if odd.want == "" {
				r, err := http.ReadResponse(c.in, nil)
				if err != nil || r.StatusCode != 100 {
					t.Fatalf("%v, %v", r, err)
				}
				odd.want = "elsewhere POST /odd ok"
			}
			c.want(odd.want)
			c.want("elsewhere POST /behind 3")
		})
	}
}

func TestEmptyLinesBeforeARequestDoNotMatter(t *testing.T) {
	v, _ := start(t, quick())
	c := dial(t, v)
	c.send("\r\n\r\nGET /odd HTTP/1.1\r\nHost: x\r\n\r\n")
	c.want("loop GET /odd ")
}

func TestARequestThatIsTakenOverIsAnsweredInItsTurn(t *testing.T) {
	v, e := start(t, quick())
	c := dial(t, v)
	for range 20 {
		c.send(post("/a", "") + post("/later", "x") + post("/b", "") + post("/early", "y") + post("/c", ""))
		e.answer()
		c.want("loop POST /a ")
		c.want("later POST /later x")
		c.want("loop POST /b ")
		c.want("early POST /early y")
		c.want("loop POST /c ")
	}
}

func TestWhoSendsMuchBehindARequestThatIsTakenOverGoesOnElsewhere(t *testing.T) {
	v, e := start(t, quick())
	c := dial(t, v)
	body := strings.Repeat("z", 10<<10)
	const behind = 300 // 3 MB
	go func() {
		c.send(post("/later", "x"))
		for range behind {
			c.send(post("/behind", body))
		}
	}()
	r := <-e.later
	letGo(t, v)
	say(&r.RequestCtx, "later")
	r.Done()
	c.want("later POST /later x")
	for range behind {
		c.want("elsewhere POST /behind " + body)
	}
}

func TestWhoDoesNotTakeAnAnswerAtOnceGoesOnElsewhere(t *testing.T) {
	v, _ := start(t, quick())
	c := dial(t, v)
	c.send(post("/long", "") + post("/behind", "1"))
	letGo(t, v)
	c.want(long)
	c.want("loop POST /behind 1") // it was answered with the other
	c.send(post("/later", ""))
	c.want("elsewhere POST /later ")
}

func TestWhoDoesNotReadIsLetGo(t *testing.T) {
	o := quick()
	o.WriteTimeout = 50 * time.Millisecond
	v, _ := start(t, o)
	dial(t, v).send(post("/long", ""))
	within(t, "it is there", func() bool { return v.places() == 1 })
	within(t, "its place is free", func() bool { return v.places() == 0 })
}

func TestWhoHasStoppedSendingIsAnswered(t *testing.T) {
	v, e := start(t, quick())
	for text, want := range map[string][]string{
		post("/a", "1"):                       {"loop POST /a 1"},
		post("/a", "1") + post("/later", "2"): {"loop POST /a 1", "later POST /later 2"},
		chunked:                               {"elsewhere POST /odd ok"},
	} {
		c := dial(t, v)
		c.send(text)
		if err := c.nc.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(text, "/later") {
			r := <-e.later
			letGo(t, v)
			say(&r.RequestCtx, "later")
			r.Done()
		}
		for _, body := range want {
			c.want(body)
		}
		c.closed()
	}
}

func TestAnAnswerThatComesWhenTheClientHasStoppedSendingIsWritten(t *testing.T) {
	v, e := start(t, quick())
	for range 300 {
		c := dial(t, v)
		c.send(post("/later", "x"))
		r := <-e.later
		go func() { // at the same time
			say(&r.RequestCtx, "later")
			r.Done()
		}()
		if err := c.nc.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		c.want("later POST /later x")
		c.closed()
	}
}

func TestWhoAsksForItsConnectionToCloseGetsThat(t *testing.T) {
	v, e := start(t, quick())
	for _, path := range []string{"/a", "/early", "/later"} {
		c := dial(t, v)
		c.send("GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" + post("/never", ""))
		if path == "/later" {
			e.answer()
		}
		if status, body := c.read(); status != 200 || !strings.Contains(body, "GET "+path) {
			t.Errorf("%s: HTTP %d %q", path, status, body)
		}
		c.closed()
	}
}

// letGo waits until the one connection there is has left its loop.
func letGo(t *testing.T, v *Server) {
	t.Helper()
	within(t, "the loop has let it go", func() bool { return v.places() == 1 && len(v.open()) == 0 })
}

// within waits until something is so.
func within(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not %s", what)
		}
	}
}

// places returns how many connections are counted.
func (v *Server) places() int {
	v.registry.Lock()
	defer v.registry.Unlock()
	return v.registry.all
}
