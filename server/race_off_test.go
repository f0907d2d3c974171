//go:build !race

package server

// raceDetector tells that the tests run under the race detector, which makes sync.Pool forget at random.
const raceDetector = false
