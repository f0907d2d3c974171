package conf

import "time"

// Cache is [cache].
type Cache struct {
	MaxBytes         int64  // off-heap bytes
	ReplyBytes       int64  // of them, for encoded replies; 0 = none are kept
	SnapshotPath     string // "" = none
	SnapshotInterval time.Duration
}

func (c *Cache) keys() []Key {
	return []Key{
		{Name: "max_bytes", Default: "256MiB", Doc: "Off-heap memory of series blocks and encoded replies together.",
			setting: sizeSetting{&c.MaxBytes, 32 << 20, 1 << 40}},
		{Name: "reply_bytes", Default: "128MiB", Doc: "How much of `max_bytes` encoded replies may use, which are kept from " +
			"the second time that the same is asked; at least 32 MiB are taken, and `0` keeps none.",
			setting: sizeSetting{&c.ReplyBytes, 0, 1 << 40}},
		{Name: "snapshot_path", Default: "", Doc: "File from which a restarted node warms its caches, where it was written " +
			"last by a node with the same data. It is never the truth and may be deleted. With `-db DIR` it is `DIR_snapshot.dat` " +
			"unless `-set` names one. Nothing = none.",
			setting: textSetting{&c.SnapshotPath, false, "a file"}},
		{Name: "snapshot_interval", Default: "10m", Doc: "Time between two writes of `snapshot_path`; a bare number " +
			"counts minutes.",
			setting: timeSetting{&c.SnapshotInterval, "m", time.Second, 7 * 24 * time.Hour}},
	}
}

// Validate checks every value.
func (c *Cache) Validate() error { return checkBounds("cache", c.keys()) }

// Memory is [memory].
type Memory struct {
	Limit   int64 // bytes of the whole node; 0 = no bound
	History int64 // bytes of it for history on the heap; 0 = as much as Limit leaves
}

func (m *Memory) keys() []Key {
	return []Key{
		{Name: "limit", Default: "0", Doc: "Memory of the whole node, `cache.max_bytes` included; `0` = no bound. Subjects " +
			"and newest values must fit, and the node does not start where they do not; of the history as much is kept as fits, " +
			"the rest is read from `cache.max_bytes` or from disk. It also sets GOMEMLIMIT, unless the environment does.",
			setting: sizeSetting{&m.Limit, 0, 1 << 44}},
		{Name: "history", Default: "0", Doc: "How much of the history of reports may be on the heap, where queries walk over " +
			"it at once; what does not fit is read from `cache.max_bytes` or from disk. `0` = as much as `limit` leaves.",
			setting: sizeSetting{&m.History, 0, 1 << 44}},
	}
}

// Validate checks every value.
func (m *Memory) Validate() error { return checkBounds("memory", m.keys()) }

// Rate is how often an operation may be asked for.
type Rate struct {
	PerSecond int // requests a second; 0 = no limit
	Burst     int // requests at once; 0 = as many as PerSecond
}

// RateLimit is [ratelimit]: a rate for each group of operations (semantics 25).
type RateLimit struct {
	Default, Snapshot, Period, Recent, Selection, Rows Rate
}

func (r *RateLimit) keys() []Key {
	var keys []Key
	for _, g := range []struct {
		name, doc   string
		rate        *Rate
		limit, most string
	}{
		{"default", "Health, statistics and catalog.", &r.Default, "100", "50"},
		{"snapshot", "Snapshots and rankings.", &r.Snapshot, "0", "0"},
		{"period", "Period queries.", &r.Period, "0", "0"},
		{"recent", "Recent queries.", &r.Recent, "0", "0"},
		{"selection", "Selections, snapshot and period.", &r.Selection, "0", "0"},
		{"rows", "Saving, getting, deleting and searching rows.", &r.Rows, "0", "0"},
	} {
		keys = append(keys,
			Key{Name: g.name, Default: g.limit, Doc: g.doc + " Requests a second; 0 = no limit.",
				setting: countSetting{&g.rate.PerSecond, 0, 1e9}},
			Key{Name: g.name + "_burst", Default: g.most, Doc: "Requests at once; 0 = as many as `" + g.name + "`.",
				setting: countSetting{&g.rate.Burst, 0, 1e9}})
	}
	return keys
}

// Validate checks every value.
func (r *RateLimit) Validate() error { return checkBounds("ratelimit", r.keys()) }

// Breaker is [breaker].
type Breaker struct {
	Window         time.Duration
	Requests       int // of a window
	FailurePercent int
	Pause          time.Duration
	Probes         int
}

func (b *Breaker) keys() []Key {
	return []Key{
		{Name: "window", Default: "10s", Doc: "A breaker judges the requests of so long a time.",
			setting: timeSetting{&b.Window, "s", time.Second, time.Hour}},
		{Name: "requests", Default: "10", Doc: "So many requests of a window at least are judged.",
			setting: countSetting{&b.Requests, 1, maxSockets}},
		{Name: "failure_percent", Default: "50", Doc: "When such a part of them failed the breaker opens.",
			setting: countSetting{&b.FailurePercent, 1, 100}},
		{Name: "pause", Default: "30s", Doc: "So long it stays open.",
			setting: timeSetting{&b.Pause, "s", time.Millisecond, time.Hour}},
		{Name: "probes", Default: "5", Doc: "Then it lets so many requests through, and their success closes it.",
			setting: countSetting{&b.Probes, 1, 1000}},
	}
}

// Validate checks every value.
func (b *Breaker) Validate() error { return checkBounds("breaker", b.keys()) }

// Auth is [auth]. Its keys are reserved: a value is refused, so that nobody takes a port for guarded that is not.
type Auth struct {
	ReadToken, WriteToken, AdminToken string
}

func (a *Auth) keys() []Key {
	token := func(name, may string, p *string) Key {
		return Key{Name: name, Secret: true, Doc: "Reserved: the token of clients that may " + may + ".",
			setting: textSetting{p, false, "a token"}}
	}
	return []Key{
		token("read_token", "read", &a.ReadToken),
		token("write_token", "read and write", &a.WriteToken),
		token("admin_token", "do everything", &a.AdminToken),
	}
}

// Validate refuses every value.
func (a *Auth) Validate() error { return refuseReserved("auth", a.keys()) }

// TLS is [tls]. Its keys are reserved: a value is refused, so that nobody takes a connection for encrypted that is not.
type TLS struct {
	CertFile, KeyFile, CAFile string
}

func (t *TLS) keys() []Key {
	return []Key{
		{Name: "cert_file", Doc: "Reserved: the certificate (PEM).", setting: textSetting{&t.CertFile, false, "a file"}},
		{Name: "key_file", Doc: "Reserved: its private key (PEM).", setting: textSetting{&t.KeyFile, false, "a file"}},
		{Name: "ca_file", Doc: "Reserved: who may sign the certificates of others (PEM).",
			setting: textSetting{&t.CAFile, false, "a file"}},
	}
}

// Validate refuses every value.
func (t *TLS) Validate() error { return refuseReserved("tls", t.keys()) }

// refuseReserved returns an *Error for the first key that has a value.
func refuseReserved(name string, keys []Key) error {
	for _, k := range keys {
		if value := k.text(); value != "" {
			return &Error{Section: name, Key: k.Name, Value: k.shown(value), Err: ErrUnsupported}
		}
	}
	return nil
}
