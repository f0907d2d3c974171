package gateway

import (
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// fresh is a subject as an answer brings it: nobody else has it.
func fresh(key, name string) *protocol.Subject {
	return &protocol.Subject{Key: key, Name: name, Status: "213001", ListingDate: "2015-04-25", Category: "stock"}
}

func TestASubjectThatComesAgainIsTheSame(t *testing.T) {
	f := newFamiliar(1 << 10)
	first := []*protocol.Subject{fresh("33:1", "a"), fresh("33:2", "b")}
	f.recognize(first)
	second := []*protocol.Subject{fresh("33:2", "b"), fresh("33:1", "renamed"), fresh("33:1", "renamed")}
	f.recognize(second)
	if second[0] != first[1] {
		t.Error("an equal subject is another one")
	}
	if second[1] == first[0] || second[1].Name != "renamed" || second[1] != second[2] {
		t.Errorf("after a change: %+v, %+v", second[1], second[2])
	}
}

// Few places for many subjects that change: each stays what the answer said.
func TestRecognizedSubjectsSayWhatTheAnswerSaid(t *testing.T) {
	f := newFamiliar(4)
	var wg sync.WaitGroup
	for seed := range uint64(3) {
		wg.Go(func() {
			rnd := rand.New(rand.NewPCG(seed, 1))
			for range 2000 {
				var came, want []*protocol.Subject
				for range rnd.IntN(6) {
					s := fresh("33:"+strconv.Itoa(rnd.IntN(12)), strconv.Itoa(rnd.IntN(3)))
					copied := *s
					came, want = append(came, s), append(want, &copied)
				}
				f.recognize(came)
				for i := range came {
					if !looksLike(came[i], want[i]) {
						t.Errorf("%+v became %+v", want[i], came[i])
						return
					}
				}
			}
		})
	}
	wg.Wait()
}

func BenchmarkRecognize(b *testing.B) {
	f := newFamiliar(familiarPlaces)
	var answer []*protocol.Subject
	for i := range 20 {
		answer = append(answer, fresh("33:"+strconv.Itoa(i), "Nanfeng Optics"))
	}
	subjects := make([]*protocol.Subject, len(answer))
	b.ReportAllocs()
	for b.Loop() {
		copy(subjects, answer)
		f.recognize(subjects)
	}
}
