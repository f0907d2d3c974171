package registry

import "errors"

// What can go wrong with the registry. Each is wrapped with what was asked for and of which etcd.
var (
	// ErrOptions: an option is missing or out of its bounds.
	ErrOptions = errors.New("bad options")
	// ErrUnavailable: etcd did not answer in time, or answered with an error of its own. Asking again may help.
	ErrUnavailable = errors.New("etcd is unavailable")
	// ErrRecord: a record is larger than MaxRecord, or not what a node writes.
	ErrRecord = errors.New("bad record")
	// ErrTooMany: there are more than MaxNodes records.
	ErrTooMany = errors.New("too many nodes")
	// ErrNotFounded: no cluster goes by the name yet.
	ErrNotFounded = errors.New("no cluster was founded")
	// ErrLeaseLost: etcd does not know the lease any more.
	ErrLeaseLost = errors.New("the lease is lost")
)
