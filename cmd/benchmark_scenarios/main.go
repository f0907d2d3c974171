// Command benchmark_scenarios is a load tool with the flags and the output of the reference's tool of that name.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"

	"github.com/kamaitachi/kamaitachi/bench"
)

func main() {
	err := bench.Manual(context.Background(), "benchmark_scenarios", true, os.Args[1:], os.Stdout, os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "benchmark_scenarios:", err)
		os.Exit(1)
	}
}
