// Package clustertest runs clusters of real processes for tests: an etcd and nodes of this checkout's program, on free ports
// of this machine, with their data and logs below a directory of the test. Every process ends with the test, also when that
// is killed.
//
//	c := clustertest.Start(t, clustertest.Options{})     // three nodes that are ready
//	c.Master().Kill()                                    // kill -9
//	c.Within("another master", func() bool { return c.Leader() != nil })
//	sdk := c.Client()
//
// A node keeps its ports and its directory when it is started again. Nothing here judges answers: that is the test's.
package clustertest
