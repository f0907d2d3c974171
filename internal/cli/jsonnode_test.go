package cli

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/valyala/fasthttp"

	"github.com/kamaitachi/kamaitachi/httpcompat"
	"github.com/kamaitachi/kamaitachi/protocol"
	"github.com/kamaitachi/kamaitachi/server"
)

// forgetful is a node whose endpoints compute every answer.
type forgetful struct{ *jsonNode }

func (forgetful) NewKept() httpcompat.Kept { return nil }

// bodies are queries of every kind, by path.
var bodies = map[string][]string{
	"/kamaitachi/api/data/v1/snapshot": {
		`{"subjects":["33:1","33:2","33:3"],"ids":["a"],"field":"a"}`,
		`{"subjects":["33:1","33:2","33:9"],"ids":["a","b"],"field":"b","order":1,"limit":2}`,
		`{"topic":"one","ids":["a"],"field":"a"}`,
		`{"topic":"two","ids":["a","b"],"field":"report_date","timestamp":500}`,
	},
	"/kamaitachi/api/data/v1/period":        {`{"subjects":["33:1","33:3"],"ids":["a","b"],"from":1,"to":900}`},
	"/api/v1/snapshot/recent":               {`{"subjects":["33:2"],"ids":["b"],"limit":2}`},
	"/kamaitachi/api/selection/v1/snapshot": {`{"selection":{"id":"kind","topic":"one","keyword":"x"},"ids":["a"],"field":"a"}`},
	"/data/v1/search":                       {`{"subjects":["33:1","33:2"]}`, `{}`},
}

func post(t *testing.T, h *httpcompat.Handler, path, body string) []byte {
	t.Helper()
	var c fasthttp.RequestCtx
	c.Request.Header.SetMethod("POST")
	c.Request.SetRequestURI(path)
	c.Request.SetBodyString(body)
	h.Serve(&c)
	if c.Response.StatusCode() >= 500 {
		t.Fatalf("%s %s: %d %s", path, body, c.Response.StatusCode(), c.Response.Body())
	}
	return bytes.Clone(c.Response.Body())
}

// randomWrite changes reports, names, topics and tags of four subjects.
func randomWrite(rng *rand.Rand, n *server.Node) error {
	key := fmt.Sprintf("33:%d", 1+rng.IntN(4))
	ctx := context.Background()
	var err error
	switch rng.IntN(8) {
	case 0:
		_, err = n.Delete(ctx, &protocol.Delete{Subjects: []string{key}})
	case 1, 2:
		s := protocol.Subject{Key: key, Name: fmt.Sprint("name ", rng.IntN(3)), Topics: [][]string{{"one"}, {"two"}, {"one", "two"}}[rng.IntN(3)],
			Tags: []protocol.Tag{{Kind: "kind", Text: string("xyz"[rng.IntN(3)])}}}
		_, err = n.PutSubjects(ctx, &protocol.PutSubjects{Subjects: []protocol.SubjectUpdate{{Subject: s,
			Set: protocol.FieldName | protocol.FieldTopics | protocol.FieldTags}}})
	default:
		r := protocol.Report{Subject: key, ReportDate: int64(1 + rng.IntN(1000)), Values: []float64{float64(rng.IntN(100)), rng.NormFloat64()}}
		_, err = n.Put(ctx, &protocol.Put{Reports: []protocol.Report{r}})
	}
	return err
}

// What is answered from the kept answers is what would be computed, whatever was written before.
func TestKeptAnswersAreThoseThatWouldBeComputed(t *testing.T) {
	o := server.Options{Dir: "data", Logger: slog.New(slog.DiscardHandler), Catalog: []protocol.Table{{
		Number: 1, Name: "finance", Indicators: []protocol.Indicator{{ID: "a"}, {ID: "b"}}}}}
	o.Store.FS = vfs.NewMem()
	n, err := server.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	handler := func(b httpcompat.Backend) *httpcompat.Handler {
		h, err := httpcompat.NewHandler(b, httpcompat.Options{Logger: o.Logger})
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	keeping, computing := handler(&jsonNode{Node: n}), handler(forgetful{&jsonNode{Node: n}})
	rng := rand.New(rand.NewPCG(4, 4))
	for range 600 {
		if rng.IntN(3) == 0 {
			if err := randomWrite(rng, n); err != nil {
				t.Fatal(err)
			}
		}
		for path, list := range bodies {
			body := list[rng.IntN(len(list))]
			if got, want := post(t, keeping, path, body), post(t, computing, path, body); !bytes.Equal(got, want) {
				t.Fatalf("%s %s:\nkept     %s\ncomputed %s", path, body, got, want)
			}
		}
	}
	hits := 0.0
	list, err := n.Stats(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range list {
		if s.Name == "reply_cache_hits" {
			hits = s.Number
		}
	}
	if hits < 500 {
		t.Errorf("only %v answers were kept ones: this says little", hits)
	}
}
