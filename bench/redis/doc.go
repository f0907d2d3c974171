// Package redis is Redis as a peer of the benchmarks: a server started for one run, the data that it is asked for, and
// dialects that load it through the same driver as a node, so that the load generator costs both the same.
//
// Three things that a user of Redis would do: GET a payload that somebody prepared, page through a sorted set and fetch
// each row (Zset), and rank hashes in a server-side script (Lua). Where there is a choice it falls in favour of Redis.
package redis
