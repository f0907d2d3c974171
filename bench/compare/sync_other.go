//go:build !unix

package compare

// settleDisk does nothing where the system cannot be told to write what it holds back.
func settleDisk() {}
