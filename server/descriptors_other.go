//go:build !unix

package server

// descriptors returns how many files and sockets the process may have open; here nobody knows.
func descriptors() (limit uint64, known bool) { return 0, false }
