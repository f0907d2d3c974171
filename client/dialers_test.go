package client_test

import (
	"context"
	"net"
	"sync/atomic"
)

// counter is a dialer that counts writes. Tests count dials in it themselves.
type counter struct {
	dials  atomic.Int64
	writes atomic.Int64
}

func (c *counter) dial(ctx context.Context, network, address string) (net.Conn, error) {
	nc, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &countedConn{nc, c}, nil
}

type countedConn struct {
	net.Conn
	counter *counter
}

func (c *countedConn) Write(b []byte) (int, error) {
	c.counter.writes.Add(1)
	return c.Conn.Write(b)
}
