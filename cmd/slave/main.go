// Command slave runs a node that follows, as conf/slave1.ini or the file of -config says.
package main

import (
	"os"

	"github.com/kamaitachi/kamaitachi/internal/cli"
)

// version is stamped by the Makefile.
var version = "dev"

func main() { os.Exit(cli.SlaveRole.Main(os.Args[1:], cli.System(version))) }
