package conf

import (
	"fmt"
	"net"
	"net/netip"
)

// Mode is what a program is.
type Mode string

// The modes.
const (
	Standalone Mode = "standalone" // a node alone, without etcd and without replication
	Master     Mode = "master"     // a node that may lead: it orders writes
	Slave      Mode = "slave"      // a node that follows
	Gateway    Mode = "gateway"    // the stateless front
)

// replicated tells whether the mode is that of a node in a cluster.
func (m Mode) replicated() bool { return m == Master || m == Slave }

// Server is [server].
type Server struct {
	Mode            Mode
	Bind            string // address of every listener, without port
	Insecure        bool   // Bind may be beyond loopback without credentials
	Port            Port   // HTTP
	NativePort      Port
	ReplicationPort Port
	AdminPort       Port
	Expect          int // voters
	ServiceName     string
	ServiceAddr     string // host:port
	ReplicationAddr string // host:port; "" = Host and ReplicationPort
	Voter           bool
	Bootstrap       bool
	DataDir         string // a directory
}

func (s *Server) keys() []Key {
	return []Key{
		{Name: "mode", Default: "standalone", Doc: "What the program is.",
			setting: choiceSetting[Mode]{&s.Mode, []Mode{Standalone, Master, Slave, Gateway}}},
		{Name: "bind", Default: "127.0.0.1", Doc: "Address of every listener: an IP address or `localhost`. " +
			"Beyond loopback it needs credentials, or `insecure = true`.",
			setting: textSetting{&s.Bind, true, "an IP address or localhost"}},
		{Name: "insecure", Default: "false", Doc: "Listen beyond loopback without credentials: whoever reaches a port " +
			"can read and write everything.",
			setting: boolSetting{&s.Insecure}},
		{Name: "port", Default: "8080", Doc: "HTTP. For all ports `0` is any free port and `off` is none.",
			setting: portSetting{&s.Port}},
		{Name: "native_port", Default: "7080", Doc: "The native protocol.", setting: portSetting{&s.NativePort}},
		{Name: "replication_port", Default: "6080", Doc: "Replication between nodes. Only masters and slaves open it.",
			setting: portSetting{&s.ReplicationPort}},
		{Name: "admin_port", Default: "off", Doc: "Profiling (pprof) and administration.",
			setting: portSetting{&s.AdminPort}},
		{Name: "expect", Default: "1", Doc: "Writes wait until so many voters are in. A standalone node is 1.",
			setting: countSetting{&s.Expect, 1, 9}},
		{Name: "service_name", Default: "kamaitachi", Doc: "Name of the program where nodes are listed.",
			setting: textSetting{&s.ServiceName, true, "a name"}},
		{Name: "service_addr", Default: "", Doc: "HTTP address at which others reach the program; " +
			"its host is that of the other ports too. Nothing = `bind` and `port`.",
			setting: addrSetting{&s.ServiceAddr}},
		{Name: "replication_addr", Default: "", Doc: "Address at which other nodes reach the replication port, where a proxy or a mapped " +
			"port stands before it. Nothing = the host of `service_addr`, or `bind`, and `replication_port`.",
			setting: addrSetting{&s.ReplicationAddr}},
		{Name: "voter", Default: "true", Doc: "The node counts towards the majority of writes. " +
			"A node that does not vote only answers reads.",
			setting: boolSetting{&s.Voter}},
		{Name: "bootstrap", Default: "false", Doc: "Found a cluster, if the node has no data of one and etcd knows none by the name in `[cluster]`; " +
			"one transaction of etcd decides, so of several nodes one founds and the others join it. It can stay true.",
			setting: boolSetting{&s.Bootstrap}},
		{Name: "data_dir", Default: "./data/standalone", Doc: "Directory of the node's data; `-db` overrides it. " +
			"A gateway has none.",
			setting: textSetting{&s.DataDir, true, "a directory"}},
	}
}

// Validate checks every value, that no two listeners share a port, that Bind is loopback or Insecure is set, and that
// what only one mode can have is given to no other.
func (s *Server) Validate() error {
	if err := checkBounds("server", s.keys()); err != nil {
		return err
	}
	if err := s.validateBind(); err != nil {
		return err
	}
	if err := s.validateMode(); err != nil {
		return err
	}
	return s.validatePorts()
}

func (s *Server) validateBind() error {
	loopback := s.Bind == "localhost"
	if !loopback {
		ip, err := netip.ParseAddr(s.Bind)
		if err != nil {
			return s.errorAt("bind", s.Bind, "%w: expected an IP address or localhost", ErrBadValue)
		}
		loopback = ip.Unmap().IsLoopback()
	}
	if !loopback && !s.Insecure {
		return s.errorAt("bind", s.Bind, "%w: it is beyond loopback and this version has no credentials; "+
			"where the network is trusted, set insecure = true", ErrInsecure)
	}
	return nil
}

func (s *Server) validateMode() error {
	switch {
	case s.Mode == Standalone && s.Expect != 1:
		return s.errorAt("expect", fmt.Sprint(s.Expect), "%w: a standalone node has one voter; expected 1", ErrConflict)
	case s.Bootstrap && s.Mode != Master:
		return s.errorAt("bootstrap", "true", "%w: only a master founds a cluster, and mode is %s", ErrConflict, s.Mode)
	case s.Mode == Master && !s.Voter:
		return s.errorAt("voter", "false", "%w: a master votes; a read copy is a slave", ErrConflict)
	case s.Mode.replicated() && !s.ReplicationPort.On():
		return s.errorAt("replication_port", "off", "%w: a %s needs it; expected a port", ErrConflict, s.Mode)
	case s.Mode.replicated() && !s.NativePort.On():
		return s.errorAt("native_port", "off", "%w: a %s needs it, for gateways and writes; expected a port", ErrConflict, s.Mode)
	case s.Mode.replicated() && s.ServiceAddr == "" && s.bindsAll():
		return s.errorAt("service_addr", "", "%w: others cannot reach a %s at %s; expected the host:port at which they can",
			ErrConflict, s.Mode, s.Bind)
	case !s.Port.On() && !s.NativePort.On():
		return s.errorAt("native_port", "off", "%w: port is off too, so nothing could reach the program", ErrConflict)
	}
	return nil
}

// bindsAll tells whether Bind stands for every address of the machine, and so names none.
func (s *Server) bindsAll() bool {
	ip, err := netip.ParseAddr(s.Bind)
	return err == nil && ip.Unmap().IsUnspecified()
}

// Host returns the host at which others reach the program: that of ServiceAddr, or else Bind.
func (s *Server) Host() string {
	if host, _, err := net.SplitHostPort(s.ServiceAddr); err == nil {
		return host
	}
	return s.Bind
}

func (s *Server) validatePorts() error {
	taken := map[Port]string{}
	for _, l := range []struct {
		key  string
		port Port
		open bool
	}{
		{"port", s.Port, true},
		{"native_port", s.NativePort, true},
		{"replication_port", s.ReplicationPort, s.Mode.replicated()},
		{"admin_port", s.AdminPort, true},
	} {
		if !l.open || l.port <= PortAny {
			continue
		}
		if other, ok := taken[l.port]; ok {
			return s.errorAt(l.key, l.port.String(), "%w: %s listens there too", ErrConflict, other)
		}
		taken[l.port] = l.key
	}
	return nil
}

func (s *Server) errorAt(key, value, format string, args ...any) error {
	return &Error{Section: "server", Key: key, Value: value, Err: fmt.Errorf(format, args...)}
}
