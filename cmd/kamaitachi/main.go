// Command kamaitachi is the whole product in one binary; `kamaitachi help` lists its commands.
package main

import (
	"context"
	"os"

	"github.com/kamaitachi/kamaitachi/internal/cli"
	"github.com/kamaitachi/kamaitachi/internal/devetcd"
)

// version is stamped by the Makefile.
var version = "dev"

func main() { os.Exit(cli.Main(os.Args[1:], cli.System(version), cli.EtcdCommand(startEtcd))) }

// startEtcd is here and not in cli, so that no other program links etcd's server.
func startEtcd(ctx context.Context, o cli.EtcdOptions) (cli.Etcd, error) {
	s, err := devetcd.Start(ctx, devetcd.Options{
		Dir: o.Dir, ClientAddr: o.Listen, Members: o.Members, Insecure: o.Insecure, Logger: o.Log,
	})
	if err != nil {
		return nil, err // and not a nil *Server that is no nil Etcd
	}
	return s, nil
}
