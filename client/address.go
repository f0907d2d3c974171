package client

import (
	"fmt"
	"net"
	"strconv"
	"strings"
)

// scheme names the native protocol in an address.
const scheme = "kama://"

// parseAddress returns the host:port of "host:port" or "kama://host:port".
func parseAddress(address string) (string, error) {
	hostPort := strings.TrimPrefix(address, scheme)
	if other, _, ok := strings.Cut(hostPort, "://"); ok {
		return "", fmt.Errorf("%q has scheme %s, want %shost:port: this client speaks the native protocol only", address, other, scheme)
	}
	host, port, err := net.SplitHostPort(hostPort)
	if err != nil {
		return "", fmt.Errorf("%q, want host:port or %shost:port: %w", address, scheme, err)
	}
	if host == "" || strings.ContainsAny(host, "/@?# ") {
		return "", fmt.Errorf("%q has host %q, want a name or an IP address", address, host)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return "", fmt.Errorf("%q has port %q, want 1 to 65535", address, port)
	}
	return hostPort, nil
}
