package engine

import "errors"

// What an engine says besides a *protocol.Error, which is the fault of who asks.
var (
	// ErrCold is a query's of Engine.Memory that needs history from the store. The same query asked of the Engine itself
	// reads it.
	ErrCold = errors.New("engine: the answer needs history that is not in memory")
	// ErrHeapBytes means that Options.HeapBytes cannot hold the columns, which must be in memory.
	ErrHeapBytes = errors.New("engine: the columns need more memory than they may have")
	// ErrDamaged means that the store does not hold what it held when the engine was opened.
	ErrDamaged = errors.New("engine: the store has lost reports; run kamaitachi verify")

	// errMoved means that a series changed while a query of an earlier moment came to read it: the query starts again.
	errMoved = errors.New("engine: a series has changed since the query began")
)
