package engine_test

import (
	"flag"
	"os"
	"testing"

	"github.com/kamaitachi/kamaitachi/internal/raceflag"
)

// TestMain runs fewer random histories than rapid's default under the race detector, which takes ten times as long for each.
func TestMain(m *testing.M) {
	flag.Parse()
	if f := flag.Lookup("rapid.checks"); raceflag.On && f.Value.String() == f.DefValue {
		f.Value.Set("15")
	}
	os.Exit(m.Run())
}
