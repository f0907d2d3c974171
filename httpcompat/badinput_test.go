package httpcompat

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// complaints is a log of what is at least a warning.
type complaints struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (c *complaints) Write(line []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.text.Write(line)
}

func (c *complaints) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.text.String()
}

// startStrict starts a server over the little market, and fails the test when it complains about its clients.
func startStrict(t *testing.T, o Options) (host string) {
	t.Helper()
	log := &complaints{}
	o.Logger = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelWarn}))
	o.Rates.Default = Rate{PerSecond: NoLimit}
	s, _ := start(t, newModelBackend().load(t), o)
	t.Cleanup(func() {
		if text := log.String(); text != "" {
			t.Errorf("what clients did wrong was logged:\n%s", text)
		}
	})
	return s.Addr().String()
}

// raw opens a connection for requests that no HTTP library would send.
func raw(t *testing.T, host string) *bareClient {
	t.Helper()
	c, err := net.Dial("tcp", host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return &bareClient{t, c, bufio.NewReader(c)}
}

type bareClient struct {
	t    *testing.T
	conn net.Conn
	in   *bufio.Reader
}

// send writes text; a server that has answered already may have closed the connection.
func (c *bareClient) send(text string) { _, _ = io.WriteString(c.conn, text) }

// read reads the next answer, which is to a request of that method.
func (c *bareClient) read(method string) reply {
	c.t.Helper()
	r, err := http.ReadResponse(c.in, &http.Request{Method: method})
	if err != nil {
		c.t.Fatalf("no answer: %v", err)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return reply{r.StatusCode, r.Header, string(body)}
}

// closed tells that the server closes the connection.
func (c *bareClient) closed() {
	c.t.Helper()
	if n, err := c.in.ReadByte(); err == nil {
		c.t.Errorf("the connection goes on with %q", n)
	}
}

// want holds an answer against a status and parts of the body.
func (r reply) want(t *testing.T, status int, parts ...string) {
	t.Helper()
	if r.status != status {
		t.Errorf("HTTP %d %.300s, want %d", r.status, r.body, status)
	}
	for _, part := range parts {
		if !strings.Contains(r.body, part) {
			t.Errorf("%.300s does not have %q", r.body, part)
		}
	}
}

func postOf(path, body string) string {
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", path, len(body), body)
}

const goodBody = `{"ids":"1001","subjects":"33:00000009"}`

// TestABodyOfTheLimitIsReadAndOneByteMoreIsNot holds that each path says so in its envelope, and that the connection ends.
func TestABodyOfTheLimitIsReadAndOneByteMoreIsNot(t *testing.T) {
	host := startStrict(t, Options{})
	full := goodBody + strings.Repeat(" ", 1<<20-len(goodBody))
	c := raw(t, host)
	c.send(postOf(pathSnapshot, full))
	c.read("POST").want(t, 200, `"status_code":0`, "349083652")
	for path, says := range map[string]string{
		pathSnapshot: `"status_code":413`, pathSelectPeriod: `"status_code":-1`, "/data/v1/save": `"code":413`, "/nowhere": `"code":413`,
	} {
		c := raw(t, host)
		c.send(postOf(path, full+" "))
		c.read("POST").want(t, 413, says, "1048576 bytes")
		c.closed()
	}
	c = raw(t, host)
	c.send("POST " + pathSnapshot + " HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999\r\n\r\n")
	c.read("POST").want(t, 413, `"status_code":413`)
}

func TestTextThatIsNoUTF8NamesNothing(t *testing.T) {
	host := startStrict(t, Options{})
	for body, wants := range map[string][]string{
		"{\"ids\":\"1001\",\"subjects\":\"33:\xff,33:00000009\"}": {`"status_code":0`, "349083652"},
		"{\"ids\":\"\xff\xfe\",\"subjects\":\"33:00000009\"}":     {`"status_code":400`, "unknown indicator"},
		"{\"ids\":\"1001\",\"topic\":\"\xc3\"}":                   {`"status_code":404`, "unknown topic"},
		"{\"ids\":\"1001\",\"subjects\":\"\\ud800\"}":             {`"status_code":0`, `"data":[]`},
		"\xff": {`"status_code":400`, "byte 0"},
	} {
		r := send(t, "POST", "http://"+host+pathSnapshot, body)
		r.want(t, 200, wants...)
		if !json.Valid([]byte(r.body)) || strings.ToValidUTF8(r.body, "") != r.body {
			t.Errorf("%q is answered %q, which is no JSON in UTF-8", body, r.body)
		}
	}
	save := send(t, "POST", "http://"+host+"/data/v1/save", "{\"id\":\"33:\xff\",\"data\":{\"1672502400\":[1]}}")
	if save.status != 200 && save.status != 400 || !json.Valid([]byte(save.body)) {
		t.Errorf("a key that is no UTF-8 is answered HTTP %d %q", save.status, save.body)
	}
}

func TestASlowClientIsToldAndLetGo(t *testing.T) {
	host := startStrict(t, Options{ReadTimeout: 200 * time.Millisecond})
	for _, half := range []string{"POST " + pathSnapshot + " HTTP/1.1\r\nHost: x\r\nConte", postOf(pathSnapshot, goodBody)[:100]} {
		c := raw(t, host)
		c.send(half)
		c.read("POST").want(t, 408, "did not arrive within 200ms")
		c.closed()
	}
}

// TestPipelinedRequestsAreAnsweredInOrder sends many at once, good and bad ones.
func TestPipelinedRequestsAreAnsweredInOrder(t *testing.T) {
	host := startStrict(t, Options{})
	c := raw(t, host)
	round := postOf(pathSnapshot, goodBody) + postOf(pathSnapshot, `{"ids":`) + "GET /health HTTP/1.1\r\nHost: x\r\n\r\n" +
		"HEAD /health HTTP/1.1\r\nHost: x\r\n\r\n" + "DELETE /health HTTP/1.1\r\nHost: x\r\n\r\n"
	const rounds = 50
	go c.send(strings.Repeat(round, rounds))
	for range rounds {
		c.read("POST").want(t, 200, `"status_code":0`, "349083652")
		c.read("POST").want(t, 200, `"status_code":400`)
		c.read("GET").want(t, 200, `{"status":"ok"}`)
		if r := c.read("HEAD"); r.status != 200 || r.body != "" || r.header.Get("Content-Length") != "15" {
			t.Fatalf("HEAD is answered HTTP %d %v %q", r.status, r.header, r.body)
		}
		c.read("DELETE").want(t, 405, `"code":405`)
	}
}

// TestHEADIsGETWithoutTheBody asks for every path that GET has.
func TestHEADIsGETWithoutTheBody(t *testing.T) {
	host := startStrict(t, Options{})
	for _, r := range routes {
		path := strings.Replace(r.path, subjectParameter, "33:00000009", 1)
		head := send(t, "HEAD", "http://"+host+path, "")
		if head.body != "" {
			t.Errorf("HEAD %s has a body", path)
		}
		switch {
		case r.method == "GET":
			get := send(t, "GET", "http://"+host+path, "")
			if get.status != head.status || get.header.Get("Content-Type") != head.header.Get("Content-Type") {
				t.Errorf("%s: GET is answered %d %v, HEAD %d %v", path, get.status, get.header, head.status, head.header)
			}
		case path == "/api/v1/subjects": // which GET has too
		default:
			if head.status != 405 || head.header.Get("Allow") != r.method {
				t.Errorf("HEAD %s is answered %d, allowed %q", path, head.status, head.header.Get("Allow"))
			}
		}
	}
}

func TestWhatIsNoHTTPIsRefused(t *testing.T) {
	host := startStrict(t, Options{})
	long := strings.Repeat("a", 9000)
	for text, status := range map[string]int{
		"\x00\x01\x02\r\n\r\n":                                     400,
		"GET /health HTTP/1.1\r\n\r\n":                             400, // no Host
		postOf("/data/v1/save", "")[:45] + "\r\nnonsense\r\n\r\n":  400,
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n": 400,
		"GET /health HTTP/1.1\r\nHost: x\r\nX: " + long + "\r\n":   431,
		"GET /" + long + " HTTP/1.1\r\nHost: x\r\n\r\n":            431,
	} {
		c := raw(t, host)
		c.send(text)
		c.read("GET").want(t, status, fmt.Sprintf(`"code":%d`, status))
		c.closed()
	}
	send(t, "GET", "http://"+host+"/health", "").want(t, 200) // the server is as well as before
}

// TestTheBodiesOfTheReferencesLoadToolGetData sends what it sends: all four scenarios to the snapshot path.
func TestTheBodiesOfTheReferencesLoadToolGetData(t *testing.T) {
	host := startStrict(t, Options{})
	for name, body := range map[string]string{
		"one subject": `{"ids":"operating_income,parent_holder_net_profit","subjects":"33:00000009","method":"market:code","field":"report_date","order":-1,"offset":0,"limit":10,"start_date":"2020-01-01","end_date":"2023-12-31"}`,
		"1":           `{"subject_keys":["33:00000009","33:00000010","33:00000009"],"indicators":["operating_income","parent_holder_net_profit"],"start_date":"2020-01-01","end_date":"2023-12-31","order_by":"report_date","order":"desc","limit":100}`,
		"2":           `{"ids":"operating_income,parent_holder_net_profit","subjects":"33:00000009","field":"report_date","order":"-1","limit":8}`,
		"3":           `{"ids":"operating_income,1002,eps","subjects":"33:00000009,33:00000010,33:00000009","field":"operating_income","order":"asc","offset":0,"limit":20,"timestamp":0}`,
		"4":           `{"indicator_codes":["1001","1002"],"subject_keys":["33:00000009","33:00000010"],"timestamp":1704067199,"order":1,"limit":20}`,
	} {
		r := send(t, "POST", "http://"+host+pathSnapshot, body)
		var answer struct {
			StatusCode int `json:"status_code"`
			Data       []struct {
				Subject struct{ Subject string }
				Data    map[string]float64
			}
		}
		if err := json.Unmarshal([]byte(r.body), &answer); err != nil {
			t.Fatalf("%s: %v: %s", name, err, r.body)
		}
		subjects := map[string]bool{}
		for _, row := range answer.Data {
			subjects[row.Subject.Subject] = len(row.Data) >= 2
		}
		want := strings.Count(body, "33:00000010") + 1
		if r.status != 200 || answer.StatusCode != 0 || len(answer.Data) != want || len(subjects) != want || !subjects["33:00000009"] {
			t.Errorf("scenario %s: want %d subjects with their figures, got %s", name, want, r.body)
		}
	}
}
