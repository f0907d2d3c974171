package devetcd

import (
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// MaxMembers bounds Options.Members, as etcd advises.
const MaxMembers = 7

// Options says what to run. The zero value of each field but Dir works.
type Options struct {
	// Dir keeps the data, one directory a member inside it; it is made where it is missing. Required.
	Dir string
	// ClientAddr is where clients reach the first member: host:port (port 0 = any free one), or unix:PATH.
	// The others, if any, take any free port of that host. Default 127.0.0.1:2379.
	ClientAddr string
	// Members is how many run, in this process. Default 1.
	Members int
	// PeerAddrs is where the members reach each other, host:port, one each. Nothing = free ports of loopback, which is
	// for a new directory: members remember each other's addresses. One member alone listens for nobody.
	PeerAddrs []string
	// Insecure allows a ClientAddr beyond loopback, for whoever reaches it to read and write.
	Insecure bool
	// Unsynced leaves out fsync and elects within 100 ms, for tests: what was written survives the end of the process
	// but not that of the machine. Default false: durable, as etcd is.
	Unsynced bool
	// ReadyWait bounds how long the members may take to elect a leader. Default 30 s.
	ReadyWait time.Duration
	// Logger takes etcd's errors. Default: nobody.
	Logger *slog.Logger
}

// unixPrefix begins a ClientAddr that is a socket in the file system.
const unixPrefix = "unix:"

func (o Options) withDefaults() Options {
	if o.ClientAddr == "" {
		o.ClientAddr = "127.0.0.1:2379"
	}
	if o.Members == 0 {
		o.Members = 1
	}
	if o.ReadyWait == 0 {
		o.ReadyWait = 30 * time.Second
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// Validate returns what is wrong with the options: ErrBadOptions or ErrInsecure.
func (o Options) Validate() error {
	o = o.withDefaults()
	switch {
	case o.Dir == "":
		return fmt.Errorf("embedded etcd: %w: it needs a directory", ErrBadOptions)
	case o.Members < 1 || o.Members > MaxMembers:
		return fmt.Errorf("embedded etcd: %w: %d members; expected 1 to %d", ErrBadOptions, o.Members, MaxMembers)
	case o.ReadyWait < 0:
		return fmt.Errorf("embedded etcd: %w: it cannot be ready within %s", ErrBadOptions, o.ReadyWait)
	case len(o.PeerAddrs) != 0 && len(o.PeerAddrs) != o.Members:
		return fmt.Errorf("embedded etcd: %w: %d peer addresses for %d members", ErrBadOptions, len(o.PeerAddrs), o.Members)
	}
	for _, addr := range o.PeerAddrs {
		if _, port, err := net.SplitHostPort(addr); err != nil || port == "" || port == "0" {
			return fmt.Errorf("embedded etcd: %w: peer address %q; expected host:port", ErrBadOptions, addr)
		}
	}
	return o.validateClientAddr()
}

func (o Options) validateClientAddr() error {
	if path, ok := strings.CutPrefix(o.ClientAddr, unixPrefix); ok {
		if path == "" || o.Members > 1 {
			return fmt.Errorf("embedded etcd: %w: client address %q; expected unix:PATH, for one member", ErrBadOptions, o.ClientAddr)
		}
		return nil
	}
	host, port, err := net.SplitHostPort(o.ClientAddr)
	if err != nil || port == "" {
		return fmt.Errorf("embedded etcd: %w: client address %q; expected host:port", ErrBadOptions, o.ClientAddr)
	}
	ip, err := netip.ParseAddr(host)
	if loopback := host == "localhost" || err == nil && ip.Unmap().IsLoopback(); !loopback && !o.Insecure {
		return fmt.Errorf("embedded etcd: %w: %s is beyond loopback and this etcd has no credentials", ErrInsecure, o.ClientAddr)
	}
	return nil
}

// clientURL returns where member i listens for clients.
func (o Options) clientURL(i int) url.URL {
	if path, ok := strings.CutPrefix(o.ClientAddr, unixPrefix); ok {
		return url.URL{Scheme: "unix", Path: path}
	}
	if i == 0 {
		return url.URL{Scheme: "http", Host: o.ClientAddr}
	}
	host, _, _ := net.SplitHostPort(o.ClientAddr) // Validate has split it
	return url.URL{Scheme: "http", Host: net.JoinHostPort(host, "0")}
}
