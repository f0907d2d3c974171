// Package e2e holds whole nodes against the oracle, from the outside: over the native protocol through the SDK, over
// JSON, and as processes. It has tests only.
package e2e
