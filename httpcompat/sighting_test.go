package httpcompat

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
)

// stall is how long a server waits for what does not come.
const stall = 500 * time.Millisecond

// ownEnvelope says for paths, some of which do not exist, how an error begins there; % is its HTTP status.
var ownEnvelope = map[string]string{
	pathSnapshot:                               `{"status_code":%,"status_msg":"`,
	pathSnapshot + "/":                         `{"status_code":%,"status_msg":"`,
	pathSelectPeriod:                           `{"status_code":-1,"status_msg":"`,
	"/api/v1/subjects?topic=x":                 `{"status_code":%,"status_msg":"`,
	"/kamaitachi/nowhere":                      `{"status_code":%,"status_msg":"`,
	"/api/v1/" + strings.Repeat("long", 200):   `{"status_code":%,"status_msg":"`,
	"http://x" + pathSnapshot:                  `{"status_code":%,"status_msg":"`,
	"/data/v1/save":                            `{"code":%,"message":"`,
	"/data/v1/save?id=/kamaitachi/":            `{"code":%,"message":"`,
	"/data/v1/get/" + strings.Repeat("33", 99): `{"code":%,"message":"`,
	"/nowhere":                                 `{"code":%,"message":"`,
	"/":                                        `{"code":%,"message":"`,
}

// unreadableCase is a request of which fasthttp finds before the handler runs that it cannot be read.
type unreadableCase struct {
	name   string
	head   string // what follows the request line
	body   string
	status int
	says   string
}

var (
	chunkedHead     = " HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
	chunk           = "10000\r\n" + strings.Repeat(" ", 1<<16) + "\r\n"
	unreadableCases = []unreadableCase{
		{"many chunks", chunkedHead, strings.Repeat(chunk, 16) + "1\r\n \r\n", 413, "1048576 bytes"},
		{"one chunk", chunkedHead, "100001\r\n" + strings.Repeat(" ", 1<<20+1) + "\r\n", 413, "1048576 bytes"},
		{"only the length of a chunk", chunkedHead, "100001\r\n", 413, "1048576 bytes"},
		{"a length", " HTTP/1.1\r\nHost: x\r\nContent-Length: 1048577\r\n\r\n", "", 413, "1048576 bytes"},
		{"a body that was asked for", " HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1048577\r\n\r\n", "", 413, "1048576 bytes"},
		{"a stalled body", " HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n", `{"ids":"10`, 408, "within 500ms"},
		{"no body", " HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n", "", 408, "within 500ms"},
		{"a stalled chunk", chunkedHead, "100\r\n ", 408, "within 500ms"},
		{"chunks without end", chunkedHead, "1\r\n \r\n", 408, "within 500ms"},
		{"a stalled head", " HTTP/1.1\r\nHost: x\r\nConte", "", 408, "within 500ms"},
		{"a broken chunk", chunkedHead, "nonsense\r\n", 400, "not HTTP"},
		{"a broken head", " HTTP/1.1\r\nHost: x\r\nnonsense\r\n\r\n", "", 400, "not HTTP"},
		{"no host", " HTTP/1.1\r\nA: b\r\n\r\n", "", 400, "not HTTP"},
		{"a long head", " HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("x", 9000), "", 431, "8192 bytes"},
	}
)

// TestARequestThatCannotBeReadIsAnsweredInTheEnvelopeOfItsPath sends each on a connection of its own.
func TestARequestThatCannotBeReadIsAnsweredInTheEnvelopeOfItsPath(t *testing.T) {
	tryUnreadable(t, func(c *bareClient, request, begins string) bool {
		go c.send(request)
		return true
	}, func(c *bareClient, begins string) {})
}

// TestALaterRequestThatCannotBeReadIsAnsweredInTheEnvelopeOfItsPath sends each after one to a path of the other envelope.
func TestALaterRequestThatCannotBeReadIsAnsweredInTheEnvelopeOfItsPath(t *testing.T) {
	tryUnreadable(t, func(c *bareClient, request, begins string) bool {
		c.send(otherRequest(begins))
		c.readOther(begins)
		go c.send(request)
		return true
	}, func(c *bareClient, begins string) {})
}

// TestAPipelinedRequestThatIsTooLongIsAnsweredInItsOwnEnvelope sends each in one piece with one to a path of the other
// envelope. fasthttp has not forgotten those that say how long they are.
func TestAPipelinedRequestThatIsTooLongIsAnsweredInItsOwnEnvelope(t *testing.T) {
	tryUnreadable(t, func(c *bareClient, request, begins string) bool {
		if !strings.Contains(request, "Content-Length: 1048577") {
			return false
		}
		go c.send(otherRequest(begins) + request)
		return true
	}, (*bareClient).readOther)
}

// TestAPathThatDidNotArriveIsNotThatOfTheRequestBefore holds that what is not known is not made up.
func TestAPathThatDidNotArriveIsNotThatOfTheRequestBefore(t *testing.T) {
	host := startStrict(t, Options{ReadTimeout: stall})
	var waiting []*bareClient
	for _, half := range []string{"P", "POST ", "POST " + pathSnapshot, "\r\n\r\nPOST " + pathSnapshot} {
		apart, piped := raw(t, host), raw(t, host)
		apart.send(postOf(pathSnapshot, goodBody))
		apart.read("POST").want(t, 200, "349083652")
		apart.send(half)
		piped.send(postOf(pathSnapshot, goodBody) + half)
		piped.read("POST").want(t, 200, "349083652")
		waiting = append(waiting, apart, piped)
	}
	for _, c := range waiting {
		c.read("POST").want(t, 408, `{"code":408,`)
		c.closed()
	}
}

// TestARequestLineInPiecesIsKnown sends empty lines first, which are passed over.
func TestARequestLineInPiecesIsKnown(t *testing.T) {
	for _, text := range []string{"POST " + pathSnapshot + " HTTP/1.1\r\nHost", "\r\n\r\nPOST " + pathSnapshot + "?a=b HTTP/1.1\n"} {
		for size := 1; size <= len(text); size++ {
			var s sighting
			s.await()
			for rest := text; rest != ""; rest = rest[min(size, len(rest)):] {
				s.see([]byte(rest[:min(size, len(rest))]))
				s.await() // at the first byte; more calls change nothing
			}
			if method, target := s.request(); string(method) != "POST" || !strings.HasPrefix(string(target), pathSnapshot) {
				t.Fatalf("%q in pieces of %d bytes is taken for %q %q", text, size, method, target)
			}
		}
	}
}

// TestAPipelinedRequestThatFasthttpForgotHasNoPath has an envelope all the same, never that of the request before. Only behind
// a request that is read there, as one in chunks is.
func TestAPipelinedRequestThatFasthttpForgotHasNoPath(t *testing.T) {
	chunked := "POST " + pathSnapshot + chunkedHead
	whole := chunked + fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(goodBody), goodBody)
	tooLong := chunked + "100001\r\n"
	c := raw(t, startStrict(t, Options{}))
	go c.send(whole + tooLong)
	c.read("POST").want(t, 200, "349083652")
	c.read("POST").want(t, 413, `{"code":413,`, "1048576 bytes")
	c.closed()
	c = raw(t, startStrict(t, Options{}))
	go c.send(postOf(pathSnapshot, goodBody) + tooLong)
	c.read("POST").want(t, 200, "349083652")
	c.read("POST").want(t, 413, `{"status_code":413,`, "1048576 bytes")
	c.closed()
}

// tryUnreadable sends every case to every path and holds the answer, which comes after what before reads, against how the
// path's errors begin. Those that stall do so together.
func tryUnreadable(t *testing.T, send func(c *bareClient, request, begins string) bool, before func(c *bareClient, begins string)) {
	patient, strict := startStrict(t, Options{}), startStrict(t, Options{ReadTimeout: stall})
	var stalled []func()
	for _, u := range unreadableCases {
		for path, begins := range ownEnvelope {
			host := patient
			if u.status == 408 {
				host = strict
			}
			c := raw(t, host)
			if !send(c, "POST "+path+u.head+u.body, begins) {
				continue
			}
			check := func() {
				t.Run(fmt.Sprintf("%s %.40s", u.name, path), func(t *testing.T) {
					c.t = t
					before(c, begins)
					u.answered(c, begins)
				})
			}
			if u.status == 408 {
				stalled = append(stalled, check)
				continue
			}
			check()
		}
	}
	for _, check := range stalled {
		check()
	}
}

// answered holds the answer against what it is to be.
func (u *unreadableCase) answered(c *bareClient, begins string) {
	c.t.Helper()
	r := c.read("POST")
	if r.status == 100 { // goes before the answer proper
		r = c.read("POST")
	}
	r.want(c.t, u.status, strings.ReplaceAll(begins, "%", strconv.Itoa(u.status)), u.says)
	c.closed()
}

// otherRequest returns a good request to a path of the other envelope.
func otherRequest(begins string) string {
	if strings.Contains(begins, "status_code") {
		return "GET /monitor/status HTTP/1.1\r\nHost: x\r\n\r\n"
	}
	return postOf(pathSnapshot, goodBody)
}

// readOther reads the answer to it.
func (c *bareClient) readOther(begins string) {
	c.t.Helper()
	c.read("POST").want(c.t, 200, "success")
}

// BenchmarkSighting is all that a request costs for its path to be known: two deadlines, a read and the call of the handler.
func BenchmarkSighting(b *testing.B) {
	text := []byte(postOf(pathSnapshot, goodBody))
	own := &conn{Conn: idleConn{}}
	own.local = localAddr{conn: own}
	var c fasthttp.RequestCtx
	c.Init2(own, nil, false)
	b.ReportAllocs()
	for b.Loop() {
		s := &own.sighting
		s.await()
		s.see(text)
		s.await()
		connOf(&c).sighting.handle()
	}
}

type idleConn struct{ net.Conn }

// BenchmarkConnection is a small request on a connection that stays open, all of it.
func BenchmarkConnection(b *testing.B) {
	_, url := start(b, newModelBackend(), Options{Rates: Rates{Default: Rate{PerSecond: NoLimit}}})
	c, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	request, answer := []byte("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"), make([]byte, 4096)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Write(request); err != nil {
			b.Fatal(err)
		}
		if _, err := c.Read(answer); err != nil {
			b.Fatal(err)
		}
	}
}
