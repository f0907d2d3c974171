package devetcd

import "errors"

// What can go wrong with an embedded etcd, besides what the system says about files and sockets.
var (
	// ErrBadOptions: an option is missing or out of its bounds.
	ErrBadOptions = errors.New("bad options")
	// ErrInsecure: a client address beyond loopback. This etcd has no credentials.
	ErrInsecure = errors.New("insecure")
	// ErrInUse: another process, or another Server of this one, uses the directory.
	ErrInUse = errors.New("in use")
	// ErrNotReady: the members have not elected a leader in time.
	ErrNotReady = errors.New("not ready")
	// ErrEnded: a member ended by itself.
	ErrEnded = errors.New("ended")
)
