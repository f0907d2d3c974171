//go:build !race

// Package raceflag tells tests whether the race detector is on: it makes sync.Pool forget at random, so that counting
// allocations is without meaning there.
package raceflag

// On is true under the race detector.
const On = false
