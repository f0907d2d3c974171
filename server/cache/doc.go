// Package cache keeps bytes off the Go heap, in fastcache, where millions of them cost the garbage collector nothing.
//
// A Store is a bounded map that forgets whenever it likes, so it only ever holds what can be made again. Replies are
// encoded answers in a Store, found by the raw bytes of the request:
//
//	request bytes -> asked before? -> Store -> has anything that it depends on changed since? -> reply
//	                 no: remember its hash       yes: compute, and keep
//
// A reply says at which applied index it was computed and what it depends on. One that a write has contradicted since is
// never found, so nothing needs to be told to forget.
package cache
