package conf

import "strings"

// Key describes one key. The rows of this type are the only list of keys there is.
type Key struct {
	Section string
	Name    string
	Default string // as a file would have it
	Doc     string // for the reference page: what it is, and what 0 or nothing means
	Secret  bool   // its value is never printed
	setting
}

// section is one [section] of a configuration.
type section interface {
	// keys describes the section's keys, in the order of the reference page, bound to its fields.
	keys() []Key
	// Validate returns an *Error that names the first key whose value is out of bounds or at odds with another.
	Validate() error
}

// namedSection is a section under its name, with what it is about.
type namedSection struct {
	name, doc string
	section
}

// sections lists the sections in the order in which they are printed.
func (c *Config) sections() []namedSection {
	return []namedSection{
		{"server", "What the program is, and where it listens.", &c.Server},
		{"cache", "The off-heap caches. They hold only what can be rebuilt from disk.", &c.Cache},
		{"memory", "What a node may use of the machine's memory.", &c.Memory},
		{"etcd", "Where nodes register and find each other. A standalone node does not use it.", &c.Etcd},
		{"cluster", "Which cluster a master, a slave or a gateway belongs to. A standalone node does not use it.", &c.Cluster},
		{"gateway", "What a gateway stands before. Only gateways read it.", &c.Gateway},
		{"ratelimit", "Requests a second that the HTTP endpoints accept, by operation, for each process. " +
			"A request over the limit is answered with 429.", &c.RateLimit},
		{"breaker", "The circuit breakers.", &c.Breaker},
		{"limits", "What one client, and all together, may take. Whatever is over a limit is refused by name.",
			&c.Limits},
		{"auth", "Credentials.", &c.Auth},
		{"tls", "Encryption.", &c.TLS},
		{"log", "Logs.", &c.Log},
	}
}

// keys returns every key, bound to the fields of c.
func (c *Config) keys() []Key {
	var all []Key
	for _, s := range c.sections() {
		for _, k := range s.keys() {
			k.Section = s.name
			all = append(all, k)
		}
	}
	return all
}

// id names the key as -set does: section.key.
func (k *Key) id() string { return k.Section + "." + k.Name }

// envName is the environment variable that sets the key.
func (k *Key) envName() string {
	return envPrefix + strings.ToUpper(k.Section) + "_" + strings.ToUpper(k.Name)
}

// shown returns a value of the key as it may be printed.
func (k *Key) shown(value string) string {
	if k.Secret && value != "" {
		return mask
	}
	return value
}

// mask stands for a secret that is set.
const mask = "********"

// checkBounds returns an *Error for the first key whose value is not within its bounds.
func checkBounds(name string, keys []Key) error {
	for _, k := range keys {
		if !k.valid() {
			k.Section = name
			return badValue(&k, k.text())
		}
	}
	return nil
}
