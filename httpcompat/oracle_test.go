package httpcompat

import (
	"context"
	"testing"

	"pgregory.net/rapid"

	"github.com/kamaitachi/kamaitachi/internal/oracle"
	"github.com/kamaitachi/kamaitachi/internal/oracle/jsontarget"
	"github.com/kamaitachi/kamaitachi/internal/oracle/oracletest"
	"github.com/kamaitachi/kamaitachi/protocol"
)

// behind is the model behind a backend, past its JSON.
type behind struct {
	*oracle.Model
	backend *modelBackend
}

func (b behind) Apply(w *protocol.Write) (uint64, error) {
	return b.backend.apply(context.Background(), w)
}

func TestTheAnswersInJSONAreThoseOfTheOracle(t *testing.T) {
	b := newModelBackend()
	_, base := start(t, b, quiet())
	rapid.Check(t, func(rt *rapid.T) {
		oracletest.Check(rt, func() oracletest.Target {
			b.model = oracle.New()
			return &jsontarget.Target{TB: t, URL: base, Model: b.model, Direct: behind{b.model, b}, At: func(now int64) { b.now = now }}
		})
	})
}
