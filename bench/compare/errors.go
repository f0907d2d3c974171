package compare

import (
	"errors"
	"fmt"
)

var (
	// ErrOptions is returned for options that cannot be; the text names which.
	ErrOptions = errors.New("options of a comparison")
	// ErrMust is returned by Report.Err when a figure is not what it must be.
	ErrMust = errors.New("not every must is met")
	// errAbsent marks what cannot be measured here: a program that is not installed, a part that this build lacks.
	errAbsent = errors.New("not measured")
)

// absence is an errAbsent that says why.
type absence struct{ why error }

func (a absence) Error() string { return a.why.Error() }

func (a absence) Unwrap() []error { return []error{errAbsent, a.why} }

// absent is an error that says why something cannot be measured here.
func absent(format string, args ...any) error { return absence{fmt.Errorf(format, args...)} }
