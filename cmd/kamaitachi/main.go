// Command kamaitachi is the whole product in one binary; `kamaitachi help` lists its commands.
package main

import (
	"os"

	"github.com/kamaitachi/kamaitachi/internal/cli"
)

// version is stamped by the Makefile.
var version = "dev"

func main() { os.Exit(cli.Main(os.Args[1:], cli.System(version))) }
