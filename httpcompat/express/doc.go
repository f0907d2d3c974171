// Package express answers HTTP requests that arrive whole and plain on event loops, and hands every connection on which
// something else happens over to whoever accepts from its Fallback: fasthttp, with a goroutine for each connection.
//
//	loop:  input -> fasthttp's parser -> Loop.Serve ...   of all connections of a wake-up, then all answers are written
//	else:  Loop.Serve takes a request over -> Request.Done, from anywhere -> the loop is woken and writes
//	odd:   descriptor and what was read of it -> Fallback.Accept
//
// A goroutine for each connection costs two timers, a read in vain and two switches for every request, and what answers it
// finds the processor's caches cold. On loops all that remains is a read and a write.
//
// Odd is what is rare or wrong: chunked bodies, Expect, HTTP/1.0, what is no HTTP, what is too long, what does not arrive in
// time, a client that sends on without waiting. All that is known about limits, timeouts and errors of reading stays in one
// place so, and there is no second parser of HTTP: a request is plain if fasthttp's parser finds it so.
package express
