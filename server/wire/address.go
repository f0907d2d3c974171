package wire

import (
	"fmt"
	"net"
)

// Resolve returns the TCP address of host:port. One that is not loopback is ErrInsecure unless insecure is set.
func Resolve(address string, insecure bool) (*net.TCPAddr, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("%w: Listen is %q, must be host:port: %w", ErrOptions, address, err)
	}
	addr, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("%w: Listen is %q: %w", ErrOptions, address, err)
	}
	if !insecure && !addr.IP.IsLoopback() {
		where := host
		if where == "" {
			where = "every interface"
		}
		return nil, fmt.Errorf("%w: %q is %s; listen at 127.0.0.1, or set `insecure = true` in [server] where everyone who "+
			"can reach the port may read and write", ErrInsecure, address, where)
	}
	return addr, nil
}
