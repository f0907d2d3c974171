package archtest

import (
	"fmt"
	"strconv"
	"strings"
)

// room says what the packages of one room may import of ours. Imports point down (docs/design.md): cmd -> server, gateway,
// httpcompat, bench -> client, server/engine -> server/store -> protocol. Every room may import what lies inside it.
type room struct {
	dir  string // a package; with "/..." those inside it too
	only []string
	why  string
}

// rooms are the rooms whose imports are bounded. They bind what is built into programs; tests may look further, to hold
// a room against the real thing.
var rooms = []room{
	{"protocol/...", nil, "it is the vocabulary that all others speak"},
	{"client/...", []string{"protocol", "internal/breaker"}, "an SDK brings no server along"},
	{"conf", []string{"protocol"}, "configuration knows no room that it configures"},
	{"conf/maps", nil, "it holds files"},
	{"httpcompat/...", []string{"protocol", "internal/breaker", "internal/loops"}, "node and gateway plug into the interface that it declares"},
	{"gateway/...", []string{"client", "conf", "httpcompat", "protocol", "server/wire", "internal/..."}, "it reaches nodes as a client only"},
	{"bench/...", []string{"client", "protocol", "internal/..."}, "it measures what a user sees"},
	{"server", []string{"protocol", "server/..."}, "it moves bytes; the rooms inside it know the domain"},
	{"server/engine/...", []string{"protocol", "server/store"}, "answers come from columns and rows alone"},
	{"server/store/...", []string{"protocol"}, "rows on disk know nothing of who reads them"},
	{"server/wire/...", []string{"protocol", "internal/loops"}, "it moves frames for whoever answers them, node or gateway"},
	{"server/state/...", []string{"protocol", "server/engine", "server/store"}, "it is the engine over the store, for any log"},
	{"server/replica/...", []string{"protocol"}, "a log orders writes for any state machine"},
	{"internal/dataset/...", []string{"protocol", "conf/maps"}, "files become reports for whoever loads them"},
	{"internal/breaker/...", nil, "it counts what it is told"},
	{"internal/loops/...", nil, "event loops know no protocol"},
	{"internal/registry/...", nil, "records in etcd are for whoever composes programs from rooms"},
	{"internal/devetcd/...", nil, "an etcd knows nobody who uses it"},
	{"internal/oracle/...", []string{"protocol"}, "it is written from semantics.md alone, so that it can judge the engine"},
}

// guard says who may import something, ours or not.
type guard struct {
	target string // an import path, ours below Module; with "/..." those inside it too
	from   []string
	tests  bool // tests anywhere may import it
	why    string
}

// guards bind what is built into programs, and tests where they say so.
var guards = []guard{
	{Module + "/cmd/...", nil, false, "programs are wired from rooms, never the other way"},
	{Module + "/internal/cli", []string{"cmd/kamaitachi/...", "cmd/master", "cmd/slave", "cmd/gateway"}, false,
		"it links every command; other programs take what they need"},
	{Module + "/internal/archtest/...", nil, false, "rules are not linked into programs"},
	{Module + "/internal/oracle/...", nil, true, "the oracle judges answers in tests and gives none itself"},
	{Module + "/internal/devetcd/...", []string{"cmd/kamaitachi/..."}, true, "only the whole product links etcd's server"},
	{"go.etcd.io/etcd/server/...", []string{"internal/devetcd/..."}, false, "one room runs an etcd of its own"},
	{Module + "/internal/dataset/sqlitedb/...", []string{"internal/cli/..."}, true, "only the import command reads SQLite"},
	{"modernc.org/sqlite/...", []string{"internal/dataset/sqlitedb/..."}, false, "only the import command reads SQLite"},
}

// matches tells whether path is pattern, or inside it where pattern ends with "/...".
func matches(pattern, path string) bool {
	inside, all := strings.CutSuffix(pattern, "/...")
	return path == inside || all && strings.HasPrefix(path, inside+"/")
}

func matchesAny(patterns []string, path string) bool {
	for _, p := range patterns {
		if matches(p, path) {
			return true
		}
	}
	return false
}

// imports returns the imports of a file that a room or guard forbids.
func imports(s *Source) []Fault {
	var faults []Fault
	for _, spec := range s.Syntax.Imports {
		target, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue // the parser has refused it
		}
		if why := forbidden(s, target); why != "" {
			faults = append(faults, Fault{s.Path, s.line(spec.Pos()), fmt.Sprintf("imports %s: %s", target, why)})
		}
	}
	return faults
}

// forbidden tells why the file may not import target; "" = it may.
func forbidden(s *Source, target string) string {
	for _, g := range guards {
		inside := matches(strings.TrimPrefix(g.target, Module+"/"), s.Dir())
		if matches(g.target, target) && !inside && !matchesAny(g.from, s.Dir()) && !(g.tests && s.Test()) {
			return g.why
		}
	}
	ours, isOurs := strings.CutPrefix(target, Module+"/")
	if s.Test() || !isOurs {
		return ""
	}
	for _, r := range rooms {
		if matches(r.dir, s.Dir()) && !matches(r.dir, ours) && !matchesAny(r.only, ours) {
			return r.why
		}
	}
	return ""
}
