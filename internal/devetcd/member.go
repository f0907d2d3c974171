package devetcd

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"go.etcd.io/etcd/server/v3/embed"
	"go.uber.org/zap"
)

// lonePeer is the peer address of a member that has no peers: a name to found its cluster under. Nobody listens there.
const lonePeer = "127.0.0.1:2380"

// configs returns the configuration of each member.
func (o Options) configs(ended *atomic.Bool) ([]*embed.Config, error) {
	peers, err := o.peerAddrs()
	if err != nil {
		return nil, err
	}
	var cluster []string
	for i, addr := range peers {
		cluster = append(cluster, memberName(i)+"=http://"+addr)
	}
	configs := make([]*embed.Config, o.Members)
	for i := range configs {
		configs[i] = o.config(i, peers[i], strings.Join(cluster, ","))
		log := errorLog{o.Logger.With("member", memberName(i)), ended}
		configs[i].ZapLoggerBuilder = embed.NewZapLoggerBuilder(zap.New(log))
	}
	return configs, nil
}

func memberName(i int) string { return fmt.Sprintf("member%d", i+1) }

func (o Options) config(i int, peer, cluster string) *embed.Config {
	c := embed.NewConfig()
	c.Name, c.Dir = memberName(i), filepath.Join(o.Dir, memberName(i))
	c.InitialCluster = cluster
	client, advertised := o.clientURL(i), url.URL{Scheme: "http", Host: peer}
	c.ListenClientUrls, c.AdvertiseClientUrls = []url.URL{client}, []url.URL{client}
	c.ListenPeerUrls, c.AdvertisePeerUrls = nil, []url.URL{advertised}
	if o.Members > 1 {
		c.ListenPeerUrls = c.AdvertisePeerUrls
	}
	c.EnableGRPCGateway = false
	c.AutoCompactionMode, c.AutoCompactionRetention = embed.CompactorModePeriodic, "1h"
	if o.Unsynced {
		c.UnsafeNoFsync = true
		c.TickMs, c.ElectionMs = 10, 100
	}
	return c
}

// peerAddrs returns where the members reach each other.
func (o Options) peerAddrs() ([]string, error) {
	switch {
	case len(o.PeerAddrs) > 0:
		return o.PeerAddrs, nil
	case o.Members == 1:
		return []string{lonePeer}, nil
	}
	if _, err := os.Stat(filepath.Join(o.Dir, memberName(0), "member", "wal")); !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("embedded etcd: %w: %s holds members that know each other by address; name their peer addresses, "+
			"or take a new directory", ErrBadOptions, o.Dir)
	}
	return freeAddrs(o.Members)
}

// freeAddrs returns n addresses of loopback on which nobody listens now.
func freeAddrs(n int) ([]string, error) {
	addrs := make([]string, n)
	for i := range addrs {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("embedded etcd: %w", err)
		}
		defer l.Close() // only after all are found, so that each is another
		addrs[i] = l.Addr().String()
	}
	return addrs, nil
}
