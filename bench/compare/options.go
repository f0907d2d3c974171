package compare

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// Options say what is compared, and how long. The zero value is a whole run but for what only Full measures.
type Options struct {
	Only   []string      // ids of contests, whatever their case; default all of the run's kind
	Quick  bool          // the contests of a quick run only, each side for a shorter time
	Full   bool          // those too that need tens of millions of values
	Curves bool          // the curves of the web page too
	Rounds int           // default 5
	Time   time.Duration // for which each side of a round is measured; default 1 s, of a quick run 400 ms

	Subjects int // of the made-up market; default 5,000
	Large    int // subjects of the large market; default 500,000
	Values   int // values of the memory contest; default 50,000,000
	Restart  int // values of the restart contest; default 10,000,000
	Passing  int // queries of the contest that watches memory while they pass; default 1,000,000

	Program string // path of kamaitachi, which nodes and peers are started with. Required
	Redis   string // path of redis-server; default the one on PATH
	Dir     string // where data is kept during the run; default a new temporary directory

	Version string    // of the program, for the report
	Command string    // how the run was called, for the report
	Log     io.Writer // what is being measured, a line each; default nowhere
	Err     io.Writer // standard error of what is started; default nowhere
}

// Bounds and defaults of Options.
const (
	DefaultRounds   = 5
	DefaultTime     = time.Second
	DefaultQuick    = 400 * time.Millisecond
	DefaultSubjects = 5_000
	DefaultLarge    = 500_000
	DefaultValues   = 50_000_000
	DefaultRestart  = 10_000_000
	DefaultPassing  = 1_000_000

	leastSubjects = 100
	mostRounds    = 1_000
)

// Validate refuses options that cannot be.
func (o *Options) Validate() error {
	d := o.withDefaults()
	switch {
	case o.Program == "":
		return fmt.Errorf("%w: Program is required", ErrOptions)
	case o.Quick && o.Full:
		return fmt.Errorf("%w: a run is quick or full, not both", ErrOptions)
	case o.Rounds < 0 || o.Rounds > mostRounds:
		return fmt.Errorf("%w: %d rounds are outside 1 to %d", ErrOptions, o.Rounds, mostRounds)
	case o.Time < 0:
		return fmt.Errorf("%w: a time of %s is below 0", ErrOptions, o.Time)
	case d.Subjects < leastSubjects || d.Large < d.Subjects:
		return fmt.Errorf("%w: %d and %d subjects: want at least %d, and the large market no smaller", ErrOptions,
			d.Subjects, d.Large, leastSubjects)
	case o.Values < 0 || o.Restart < 0 || o.Passing < 0:
		return fmt.Errorf("%w: values and queries must not be below 0", ErrOptions)
	}
	for _, id := range o.Only {
		if !known(id) {
			return fmt.Errorf("%w: there is no contest %q; there are %s", ErrOptions, id, strings.Join(IDs(), ", "))
		}
	}
	return nil
}

func (o Options) withDefaults() Options {
	setDefault(&o.Rounds, DefaultRounds)
	if o.Quick {
		setDefault(&o.Time, DefaultQuick)
	}
	setDefault(&o.Time, DefaultTime)
	setDefault(&o.Subjects, DefaultSubjects)
	setDefault(&o.Large, DefaultLarge)
	setDefault(&o.Values, DefaultValues)
	setDefault(&o.Restart, DefaultRestart)
	setDefault(&o.Passing, DefaultPassing)
	if o.Log == nil {
		o.Log = io.Discard
	}
	return o
}

func setDefault[T comparable](option *T, value T) {
	var zero T
	if *option == zero {
		*option = value
	}
}
