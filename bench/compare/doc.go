// Package compare measures a build against its peers, in ratios.
//
// Absolute figures drift on shared machines, so a Contest has sides (this build, and peers such as a bare echo, Redis or
// SQLite) that are measured in turn, round by round, in one run. Each of its lines relates two sides, or bounds a
// figure of one, and says what it must be and what is aimed at. The median of the rounds decides.
//
// A contest is a declaration in a file of its own (p1.go, p2.go, ...). A lab starts what the sides need: nodes and bare
// peers as processes, redis-server, sqlite3. What cannot be started is reported as not measured, with the reason, and is never
// left out. A Report holds everything; it is written as text, Markdown, JSON and a web page.
package compare
