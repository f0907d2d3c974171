// Package loops runs event loops that accept connections: a gnet engine that says why it cannot start, whose connections can
// be woken and closed from anywhere as long as it runs, and that stops without leaving a connection behind. The native
// protocol (server/wire) and the JSON endpoints (httpcompat/express) are served on it. It carries connections that the program
// made itself beside them (Line), as those of a gateway to nodes.
package loops
