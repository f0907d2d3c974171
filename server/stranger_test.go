package server

import (
	"math/rand/v2"
	"net"
	"testing"
	"time"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// TestStrangersHarmNobody sends noise, half frames and broken requests on many connections while others ask.
func TestStrangersHarmNobody(t *testing.T) {
	n, _ := startNode(t, memory())
	good := make([]*peer, 4)
	for i := range good {
		good[i] = connect(t, n)
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	greeting := request(protocol.OpHello, hello().AppendTo(nil))
	var asked [][]byte
	for _, q := range questions() {
		asked = append(asked, q)
	}
	for range 300 {
		noise := noise(rnd, greeting, asked)
		if err := stranger(n, noise); err != nil {
			t.Fatalf("%x: %v", noise, err)
		}
		good[rnd.IntN(len(good))].ask(protocol.OpSnapshot, top(5)).decode(t, &protocol.Result{})
	}
	for _, p := range good {
		p.alive()
	}
	eventually(t, "the strangers are gone", func() bool { return value(t, n, "connections") == float64(len(good)) })
	if got := value(t, n, "panics"); got != 0 {
		t.Errorf("%v panics", got)
	}
}

// noise is what a stranger sends: random bytes, or requests of which some bytes are flipped, cut or doubled.
func noise(rnd *rand.Rand, greeting []byte, asked [][]byte) []byte {
	var b []byte
	if rnd.IntN(4) > 0 {
		b = append(b, greeting...)
	}
	for range rnd.IntN(20) {
		b = append(b, asked[rnd.IntN(len(asked))]...)
	}
	from := rnd.IntN(len(b) + 1)
	for range rnd.IntN(4) {
		if from < len(b) {
			b[from+rnd.IntN(len(b)-from)] = byte(rnd.Uint32())
		}
	}
	for range rnd.IntN(200) {
		b = append(b, byte(rnd.Uint32()))
	}
	return b[:len(b)-rnd.IntN(len(b)/2+1)]
}

// FuzzStranger: whatever a stranger sends, before and after HELLO, the node lives and others are answered.
func FuzzStranger(f *testing.F) {
	n, _ := startNode(f, memory())
	bystander := connect(f, n)
	if err := bystander.conn.(*net.TCPConn).SetDeadline(time.Time{}); err != nil {
		f.Fatal(err)
	}
	greeting := request(protocol.OpHello, hello().AppendTo(nil))
	f.Add(false, greeting)
	f.Add(true, []byte{0, 0, 0, 0})
	f.Add(true, []byte{0xff, 0xff, 0xff, 0xff, 0})
	f.Add(true, request(protocol.OpPut, deep(50)))
	f.Add(true, request(protocol.OpPut, (&protocol.Put{Reports: []protocol.Report{{Subject: "f", Values: []float64{1}}}}).AppendTo(nil)))
	for _, q := range questions() {
		f.Add(true, q)
		f.Add(true, append(q[:len(q):len(q)], q[:len(q)/2]...))
	}
	f.Fuzz(func(t *testing.T, greeted bool, b []byte) {
		if greeted {
			b = append(greeting[:len(greeting):len(greeting)], b...)
		}
		if err := stranger(n, b); err != nil {
			t.Fatal(err)
		}
		bystander.t = t
		if r := bystander.ask(protocol.OpSnapshot, top(3)); r.err != nil {
			t.Fatalf("the bystander got %v", r.err)
		}
		if got := value(t, n, "panics"); got != 0 {
			t.Fatalf("%v panics", got)
		}
	})
}
