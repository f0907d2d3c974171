package conf

import (
	"fmt"
	"strings"
	"time"
)

// Etcd is [etcd].
type Etcd struct {
	Endpoints []string // host:port
	Prefix    string   // of every key there; begins with a slash
	TTL       time.Duration
	Timeout   time.Duration // of each call
	LastKnown string        // a file; "" = none
}

func (e *Etcd) keys() []Key {
	return []Key{
		{Name: "endpoints", Default: "localhost:2379", Doc: "The members of etcd, with commas between.",
			setting: addrsSetting{p: &e.Endpoints}},
		{Name: "prefix", Default: "/kamaitachi", Doc: "Begins every key that clusters keep there.",
			setting: textSetting{&e.Prefix, true, "a path"}},
		{Name: "ttl", Default: "10s", Doc: "A node that was not heard of for so long is taken off the list; whole seconds.",
			setting: timeSetting{&e.TTL, "s", time.Second, time.Hour}},
		{Name: "timeout", Default: "3s", Doc: "For connecting to etcd, and for each question to it.",
			setting: timeSetting{&e.Timeout, "s", 100 * time.Millisecond, time.Minute}},
		{Name: "last_known", Default: "", Doc: "File that keeps the last list of nodes, for a start while etcd is away. " +
			"It is never the truth and may be deleted. Nothing = none.",
			setting: textSetting{&e.LastKnown, false, "a file"}},
	}
}

// Validate checks every value, that the prefix is a path, and that the TTL is what etcd can count.
func (e *Etcd) Validate() error {
	if err := checkBounds("etcd", e.keys()); err != nil {
		return err
	}
	if !strings.HasPrefix(e.Prefix, "/") || strings.HasSuffix(e.Prefix, "/") {
		return &Error{Section: "etcd", Key: "prefix", Value: e.Prefix,
			Err: fmt.Errorf("%w: expected a path that begins with a slash and ends without one", ErrBadValue)}
	}
	if e.TTL%time.Second != 0 {
		return &Error{Section: "etcd", Key: "ttl", Value: formatTime(e.TTL),
			Err: fmt.Errorf("%w: expected whole seconds", ErrBadValue)}
	}
	return nil
}

// Cluster is [cluster].
type Cluster struct {
	Name  string   // one part of a path
	ID    string   // hexadecimal digits; "" = the one that was founded under Name
	Peers []string // host:port of the replication of other nodes
	Zone  string   // "" = none
	Log   ClusterLog
}

// ClusterLog says when the log of a node is cut behind a snapshot, and how much of it stays.
type ClusterLog struct {
	SnapshotBytes   int64
	SnapshotEntries int
	TrailingBytes   int64
	TrailingEntries int
}

// maxEntries bounds what a limit can allow, in entries of the log.
const maxEntries = 1 << 30

// ClusterIDDigits is how many hexadecimal digits the id of a cluster has.
const ClusterIDDigits = 32

func (c *Cluster) keys() []Key { return append(c.placeKeys(), c.Log.keys()...) }

func (l *ClusterLog) keys() []Key {
	return []Key{
		{Name: "snapshot_bytes", Default: "256MiB", Doc: "So much log makes a snapshot due; never less than the last snapshot was large.",
			setting: sizeSetting{&l.SnapshotBytes, 1 << 10, 1 << 40}},
		{Name: "snapshot_entries", Default: "65536", Doc: "So many entries of the log make a snapshot due.",
			setting: countSetting{&l.SnapshotEntries, 1, maxEntries}},
		{Name: "trailing_bytes", Default: "1GiB", Doc: "Log that stays behind a snapshot, for nodes that were away; " +
			"one that needs more takes over a snapshot. Of this and `trailing_entries` the lesser counts.",
			setting: sizeSetting{&l.TrailingBytes, 1 << 10, 1 << 40}},
		{Name: "trailing_entries", Default: "16384", Doc: "Entries of the log that stay behind a snapshot.",
			setting: countSetting{&l.TrailingEntries, 1, maxEntries}},
	}
}

// placeKeys are the keys that say which cluster it is.
func (c *Cluster) placeKeys() []Key {
	return []Key{
		{Name: "name", Default: "main", Doc: "Name of the cluster; the nodes and gateways of one cluster have the same. " +
			"Two clusters on one etcd need two names.",
			setting: textSetting{&c.Name, true, "a name"}},
		{Name: "id", Default: "", Doc: "Id of the cluster that a new node joins. Nothing = the one that etcd has under the name. " +
			"A node with data knows its own.",
			setting: textSetting{&c.ID, false, "32 hexadecimal digits, or nothing"}},
		{Name: "peers", Default: "", Doc: "Replication addresses of nodes that a new node asks to be taken in, besides those " +
			"in etcd; with commas between.",
			setting: addrsSetting{p: &c.Peers, none: true}},
		{Name: "zone", Default: "", Doc: "Where the program runs, for people; a node is listed with it. Nothing = not known.",
			setting: textSetting{&c.Zone, false, "a name"}},
	}
}

// Validate checks every value, and that name and id are what they must be.
func (c *Cluster) Validate() error {
	if err := checkBounds("cluster", c.keys()); err != nil {
		return err
	}
	if len(c.Name) > maxClusterName || strings.ContainsAny(c.Name, "/ ") {
		return &Error{Section: "cluster", Key: "name", Value: c.Name,
			Err: fmt.Errorf("%w: expected up to %d bytes without slashes and spaces", ErrBadValue, maxClusterName)}
	}
	if c.ID != "" && (len(c.ID) != ClusterIDDigits || strings.Trim(c.ID, "0123456789abcdef") != "") {
		return &Error{Section: "cluster", Key: "id", Value: c.ID,
			Err: fmt.Errorf("%w: expected %d hexadecimal digits in lower case", ErrBadValue, ClusterIDDigits)}
	}
	return nil
}

// maxClusterName bounds the bytes of the name, which is a part of keys.
const maxClusterName = 255
