//go:build !unix

package loops

import (
	"errors"
	"net"
)

// Descriptors returns how many files and sockets the process may have open; here nobody knows.
func Descriptors() (limit uint64, known bool) { return 0, false }

// stopAccepting is not to be had here.
func stopAccepting(net.Listener) error { return errors.ErrUnsupported }
