// Command master runs a node that may lead, as conf/master.ini or the file of -config says.
package main

import (
	"os"

	"github.com/kamaitachi/kamaitachi/internal/cli"
)

// version is stamped by the Makefile.
var version = "dev"

func main() { os.Exit(cli.MasterRole.Main(os.Args[1:], cli.System(version))) }
