package engine_test

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// Period is the engine's, and holds that a lean answer is the same on the wire.
func (t *target) Period(q *protocol.Period, r *protocol.Result) error {
	return leanToo(r, func(r *protocol.Result) error { return t.Engine.Period(q, r) })
}

// Recent is like Period.
func (t *target) Recent(q *protocol.Recent, r *protocol.Result) error {
	return leanToo(r, func(r *protocol.Result) error { return t.Engine.Recent(q, r) })
}

func leanToo(r *protocol.Result, ask func(r *protocol.Result) error) error {
	err := ask(r)
	lean := protocol.Result{Lean: true}
	leanErr := ask(&lean)
	if err != nil || leanErr != nil {
		if (err == nil) != (leanErr == nil) && lean.Applied == r.Applied {
			return fmt.Errorf("a lean result makes a difference: %w", errors.Join(err, leanErr))
		}
		return err
	}
	if lean.Applied != r.Applied {
		return nil // a write came between
	}
	if r.Rows() != lean.Rows() || !bytes.Equal(r.AppendTo(nil), lean.AppendTo(nil)) {
		return fmt.Errorf("a lean result of %d rows is another than one of %d rows:\n%x\n%x", lean.Rows(), r.Rows(),
			lean.AppendTo(nil), r.AppendTo(nil))
	}
	return nil
}
