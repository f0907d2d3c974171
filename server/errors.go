package server

import (
	"errors"

	"github.com/kamaitachi/kamaitachi/protocol"
	"github.com/kamaitachi/kamaitachi/server/wire"
)

// Errors of opening a node. Those of requests are *protocol.Error.
var (
	// ErrOptions is wrapped by the errors of Options.Validate.
	ErrOptions = errors.New("server options")
	// ErrInsecure is returned for an address beyond loopback without Options.Insecure.
	ErrInsecure = wire.ErrInsecure
	// ErrMemory is returned where Options.MemoryBytes leaves nothing for the data.
	ErrMemory = errors.New("too little memory")
	// ErrBusy is returned when another program listens at the address.
	ErrBusy = wire.ErrBusy
	// ErrMember is returned for data of a node of a cluster without Options.Cluster.
	ErrMember = errors.New("the data belong to a node of a cluster")
	// ErrClosed is returned by every method of a node that was shut down.
	ErrClosed = protocol.Errorf(protocol.CodeUnavailable, "the node is shut down")
	// ErrStarting answers queries until the node has caught up with its cluster.
	ErrStarting = protocol.Errorf(protocol.CodeUnavailable, "the node is catching up with its cluster; ask another one")
	// ErrLater is returned by the queries of AtOnce for what cannot be answered at once.
	ErrLater = errors.New("cannot be answered at once")
	// ErrDraining answers requests while the node shuts down.
	ErrDraining = wire.ErrDraining
)
