package httpcompat

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/valyala/fasthttp"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// pageBackend answers every ranking with the first 20 subjects of it that were asked for, without looking for an order: what is
// measured is what stands around it.
type pageBackend struct {
	Backend
	market map[string]*protocol.Subject
}

func (b *pageBackend) Snapshot(_ context.Context, q *protocol.Snapshot, r *protocol.Result) error {
	r.Reset()
	r.IDs = append(r.IDs, q.IDs...)
	for _, key := range q.Subjects[:20] {
		r.Subjects = append(r.Subjects, b.market[key])
	}
	for c := range q.IDs {
		for _, s := range r.Subjects {
			r.Values = append(r.Values, float64(len(s.Key)+int(s.Key[len(s.Key)-1])*(c+3))*1234567.891)
		}
	}
	return nil
}

// BenchmarkHandlerSnapshot answers scenario 3 through Handler.Serve: 50 of 5,000 subjects asked, 20 shown, 4 indicators each.
func BenchmarkHandlerSnapshot(b *testing.B) {
	rnd := rand.New(rand.NewPCG(5, 6))
	backend := &pageBackend{market: map[string]*protocol.Subject{}}
	var keys []string
	for i := range 5000 {
		s := &protocol.Subject{Key: fmt.Sprintf("33:%08d", i), Name: "Nanfeng Optics", Status: "213001",
			ListingDate: "2015-04-25", Category: "stock"}
		backend.market[s.Key], keys = s, append(keys, s.Key)
	}
	var bodies [][]byte
	for range 1024 {
		body := []byte(`{"ids":["1001","1002","1003","1004"],"field":"1001","order":-1,"offset":0,"limit":20,"subjects":["`)
		for i := range 50 {
			if i > 0 {
				body = append(body, `","`...)
			}
			body = append(body, keys[rnd.IntN(len(keys))]...)
		}
		bodies = append(bodies, append(body, `"]}`...))
	}
	h, err := NewHandler(backend, Options{Memo: 1 << 16})
	if err != nil {
		b.Fatal(err)
	}
	var c fasthttp.RequestCtx
	c.Request.Header.SetMethod("POST")
	c.Request.SetRequestURI("/kamaitachi/api/data/v1/snapshot")
	serve := func(i int) {
		c.Request.SetBodyRaw(bodies[i%len(bodies)])
		h.Serve(&c)
	}
	for i := range 3 * len(bodies) {
		serve(i)
	}
	if !bytes.HasPrefix(c.Response.Body(), []byte(`{"status_code":0`)) {
		b.Fatalf("%s", c.Response.Body())
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		serve(i)
	}
}
