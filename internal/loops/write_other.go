//go:build !unix

package loops

import "github.com/panjf2000/gnet/v2"

// Write gives all to gnet, since there are no descriptors here that could be written to.
func Write(c gnet.Conn, b []byte) (n int, err error) { return c.Write(b) }
