package replica

import (
	"encoding/hex"
	"fmt"
	"io"
)

// Every connection between nodes begins with a greeting of the one that connects, and one of the other in answer:
//
//	"KAMARAFT" version:1 purpose or status:1 cluster:16 node:16 length:1 native address
//
// It keeps apart clusters that meet by mistake and tells each side the address at which the other serves clients. It is no
// protection against who means harm.
const (
	greetingMagic   = "KAMARAFT"
	greetingVersion = 1
	idBytes         = 16
	greetingHead    = len(greetingMagic) + 2 + 2*idBytes + 1

	// maxAddress bounds an address in a greeting, in bytes.
	maxAddress = 255
)

// What a connection is for.
const (
	purposeRaft    = 1 // the library's own protocol
	purposeControl = 2 // control.go
)

// What the answer says.
const (
	statusWelcome      = 0
	statusOtherCluster = 1
	statusUnsupported  = 2
	statusFull         = 3
)

type id [idBytes]byte

func (i id) String() string { return hex.EncodeToString(i[:]) }

func parseID(text string) (i id, err error) {
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) != idBytes {
		return i, fmt.Errorf("%q has not %d hexadecimal digits", text, 2*idBytes)
	}
	return id(raw), nil
}

type greeting struct {
	word          byte // purpose, or status
	cluster, node id
	native        string
}

func appendGreeting(dst []byte, g greeting) []byte {
	dst = append(append(dst, greetingMagic...), greetingVersion, g.word)
	dst = append(append(dst, g.cluster[:]...), g.node[:]...)
	return append(append(dst, byte(len(g.native))), g.native...)
}

// readGreeting reads one greeting and not a byte more.
func readGreeting(r io.Reader) (g greeting, err error) {
	head := make([]byte, greetingHead)
	if _, err := io.ReadFull(r, head); err != nil {
		return g, err
	}
	rest := head[len(greetingMagic):]
	if string(head[:len(greetingMagic)]) != greetingMagic || rest[0] != greetingVersion {
		return g, fmt.Errorf("a peer greets with %q: it is no node, or one of a newer version", head[:len(greetingMagic)+1])
	}
	g.word = rest[1]
	copy(g.cluster[:], rest[2:])
	copy(g.node[:], rest[2+idBytes:])
	native := make([]byte, rest[len(rest)-1])
	if _, err := io.ReadFull(r, native); err != nil {
		return g, err
	}
	g.native = string(native)
	return g, nil
}

// welcomed returns an error if the answer to a greeting was a refusal.
func (g greeting) welcomed(address string, cluster id) error {
	switch g.word {
	case statusWelcome:
		if g.cluster != cluster {
			return fmt.Errorf("%s is %w: %s, this node is of %s", address, ErrOtherCluster, g.cluster, cluster)
		}
		return nil
	case statusOtherCluster:
		return fmt.Errorf("%s refuses this node: it is %w: %s, this node is of %s", address, ErrOtherCluster, g.cluster, cluster)
	case statusFull:
		return fmt.Errorf("%s refuses this node: it has too many connections", address)
	}
	return fmt.Errorf("%s refuses this node with status %d", address, g.word)
}
