// Command gateway runs the stateless front before the nodes, as conf/gateway.ini or the file of -config says.
package main

import (
	"os"

	"github.com/kamaitachi/kamaitachi/internal/cli"
)

// version is stamped by the Makefile.
var version = "dev"

func main() { os.Exit(cli.GatewayRole.Main(os.Args[1:], cli.System(version))) }
