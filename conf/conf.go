package conf

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// envPrefix begins the name of every environment variable that sets a key.
const envPrefix = "KAMAITACHI_"

// standaloneFile is the shipped file of a program that is told nothing else.
const standaloneFile = "standalone.ini"

// Config is a whole configuration. Load and Default make one.
type Config struct {
	Server    Server
	Cache     Cache
	Memory    Memory
	Etcd      Etcd
	Cluster   Cluster
	Gateway   GatewayKeys
	RateLimit RateLimit
	Breaker   Breaker
	Limits    Limits
	Auth      Auth
	TLS       TLS
	Log       Log

	// File is the path that was loaded; "" = a built-in one.
	File string
	// Warnings are to be logged once the log is open: one line each.
	Warnings []string

	builtin string            // the built-in file that stands in where File is ""
	origins map[string]origin // by Key.id; a key that is not here has its default
}

// origin tells where a value came from.
type origin struct {
	source string // for errors: "conf/master.ini"
	shown  string // for Print: "file conf/master.ini"
}

// LoadOptions says what else counts besides the file. The zero value is the file alone.
type LoadOptions struct {
	Env   []string // "NAME=value" as os.Environ returns it; names without KAMAITACHI_ are ignored
	Set   []string // "section.key=value"; of two for one key the last counts
	Modes []Mode   // modes that the program can run; empty = all

	Builtin string // shipped file that is loaded where there is no path; "" = standalone.ini
}

// Default returns the configuration of a standalone node in which every key has its default.
func Default() *Config {
	c := &Config{builtin: standaloneFile, origins: map[string]origin{}}
	for _, k := range c.keys() {
		k.set(k.Default)
	}
	return c
}

// Load returns the configuration of the file at path ("" = o.Builtin), overridden by o.Env and o.Set,
// and validated. The error joins everything that is wrong with the file and its overrides, one line each: see Error.
func Load(path string, o LoadOptions) (*Config, error) {
	o.Builtin = cmp.Or(o.Builtin, standaloneFile)
	data, source, err := readSource(path, o.Builtin)
	if err != nil {
		return nil, err
	}
	return load(data, path, source, o)
}

// load is Load with the text of the file read.
func load(data []byte, path, source string, o LoadOptions) (*Config, error) {
	c, err := merge(data, path, source, o)
	if err != nil {
		return nil, err
	}
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if len(o.Modes) > 0 && !slices.Contains(o.Modes, c.Server.Mode) {
		allowed := choiceSetting[Mode]{of: o.Modes}.expect()
		return nil, c.locate(c.Server.errorAt("mode", string(c.Server.Mode),
			"%w: this program does not run it; expected %s", ErrConflict, allowed))
	}
	return c, nil
}

// merge takes every value from where it comes first, and validates nothing.
func merge(data []byte, path, source string, o LoadOptions) (*Config, error) {
	c := Default()
	c.File, c.builtin = path, cmp.Or(o.Builtin, standaloneFile)
	l := loader{c: c, keys: c.keys()}
	l.file(data, source)
	l.env(o.Env)
	l.flags(o.Set)
	if len(l.faults) > 0 {
		return nil, errors.Join(l.faults...)
	}
	return c, nil
}

// Validate checks every section. The error is an *Error that names where the value came from.
func (c *Config) Validate() error {
	for _, s := range c.sections() {
		if err := s.Validate(); err != nil {
			return c.locate(err)
		}
	}
	return nil
}

// locate adds to an *Error where its value came from.
func (c *Config) locate(err error) error {
	var e *Error
	if errors.As(err, &e) && e.Source == "" {
		e.Source = c.origins[e.Section+"."+e.Key].source
		if e.Source == "" {
			e.Source = sourceName(c.File, c.builtin) + " (by default)"
		}
	}
	return err
}

// Catalog returns the tables that fill an empty store, and the file they came from ("" = built in): catalog.ini beside
// the configuration file where there is one, else the built-in one.
func (c *Config) Catalog() (tables []protocol.Table, file string, err error) {
	if c.File != "" {
		beside := filepath.Join(filepath.Dir(c.File), "catalog.ini")
		if _, err := os.Stat(beside); !errors.Is(err, os.ErrNotExist) {
			file = beside
		}
	}
	tables, err = LoadCatalog(file)
	return tables, file, err
}

// loader fills a Config from one source after the other and keeps what is wrong with them.
type loader struct {
	c      *Config
	keys   []Key
	faults []error
}

// file takes the values of a configuration file.
func (l *loader) file(data []byte, source string) {
	sections, err := parseINI(data, source)
	if err != nil {
		l.faults = append(l.faults, err)
		return
	}
	for _, s := range sections {
		switch {
		case s.name == "database":
			l.c.Warnings = append(l.c.Warnings, source+": [database] is read and ignored: "+
				"rows are kept in server.data_dir, not in a database server")
		case s.name == noSection:
			l.fault(fmt.Errorf("%s: %w: %s stands before the first [section]",
				source, ErrUnknownSection, oneLine(s.values[0].key)))
		case !l.hasSection(s.name):
			l.fault(&Error{Source: source, Section: s.name, NoValue: true, Err: l.unknownSection(s.name)})
		default:
			for _, v := range s.values {
				l.assign(s.name, v.key, v.text, origin{source, "file " + source})
			}
		}
	}
}

// env takes the values of the environment. A variable that fits no key is worth a warning, not an error: others may set
// such names too (Kubernetes does, for every service).
func (l *loader) env(environ []string) {
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, envPrefix) {
			continue
		}
		i := slices.IndexFunc(l.keys, func(k Key) bool { return k.envName() == name })
		if i < 0 {
			near := closest(name, l.keys, (*Key).envName)
			l.c.Warnings = append(l.c.Warnings,
				fmt.Sprintf("environment %s sets no key; the closest known is %s", shorten(name), near.envName()))
			continue
		}
		k := &l.keys[i]
		l.assign(k.Section, k.Name, value, origin{"environment " + name, "environment " + name})
	}
}

// flags takes the values of -set flags.
func (l *loader) flags(set []string) {
	for _, entry := range set {
		name, value, ok := strings.Cut(entry, "=")
		section, key, dotted := strings.Cut(strings.TrimSpace(name), ".")
		if !ok || !dotted {
			l.fault(fmt.Errorf("-set %q: %w: expected section.key=value", shorten(name), ErrSyntax))
			continue
		}
		if !l.hasSection(section) {
			l.fault(&Error{Source: "-set", Section: section, NoValue: true, Err: l.unknownSection(section)})
			continue
		}
		l.assign(section, key, strings.TrimSpace(value), origin{"-set", "flag -set"})
	}
}

// assign gives a key its value, or notes why it cannot.
func (l *loader) assign(section, name, text string, from origin) {
	i := slices.IndexFunc(l.keys, func(k Key) bool { return k.Section == section && k.Name == name })
	if i < 0 {
		l.fault(&Error{Source: from.source, Section: section, Key: name, NoValue: true, Err: l.unknownKey(section, name)})
		return
	}
	k := &l.keys[i]
	if !k.set(text) {
		err := badValue(k, text)
		err.Source = from.source
		l.fault(err)
		return
	}
	l.c.origins[k.id()] = from
}

func (l *loader) fault(err error) { l.faults = append(l.faults, err) }

// badValue returns the error for a value that is not what the key expects.
func badValue(k *Key, text string) *Error {
	return &Error{Section: k.Section, Key: k.Name, Value: k.shown(text),
		Err: fmt.Errorf("%w: expected %s", ErrBadValue, k.expect())}
}
