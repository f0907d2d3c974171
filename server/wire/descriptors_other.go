//go:build !unix

package wire

// Descriptors returns how many files and sockets the process may have open; here nobody knows.
func Descriptors() (limit uint64, known bool) { return 0, false }
