//go:build race

package oracletest

// raceDetector tells that the tests run under the race detector.
const raceDetector = true
