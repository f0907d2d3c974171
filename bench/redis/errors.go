package redis

import "errors"

var (
	// ErrNotInstalled is returned by Find when there is no redis-server.
	ErrNotInstalled = errors.New("redis-server is not on PATH; install it (Debian: apt-get install redis-server) or name it with -redis")
	// ErrReply is returned for a reply that is an error, or that breaks RESP.
	ErrReply = errors.New("redis replied")
)
