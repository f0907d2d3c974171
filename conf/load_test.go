package conf

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// writeFile puts text into a new file of that name and returns its path.
func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// loadText loads a file of that text; errors name it as node.ini.
func loadText(t *testing.T, text string, o LoadOptions) (*Config, error) {
	t.Helper()
	t.Chdir(filepath.Dir(writeFile(t, "node.ini", text)))
	return Load("node.ini", o)
}

func mustLoad(t *testing.T, text string, o LoadOptions) *Config {
	t.Helper()
	c, err := loadText(t, text, o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestEveryErrorNamesWhatIsWrongAndWhere(t *testing.T) {
	for _, test := range []struct {
		name, file string
		options    LoadOptions
		is         error
		want       string
	}{
		{name: "a key that is not there", file: "[server]\nprot = 1", is: ErrUnknownKey,
			want: "node.ini: [server] prot: unknown key; the closest known is port"},
		{name: "a key of another section", file: "[cache]\nnative_port = 1", is: ErrUnknownKey,
			want: "node.ini: [cache] native_port: unknown key; it is known in [server]"},
		{name: "a section that is not there", file: "[sever]\nport = 1", is: ErrUnknownSection,
			want: "node.ini: [sever]: unknown section; the closest known is [server]"},
		{name: "a section in capitals", file: "[Server]\nport = 1", is: ErrUnknownSection,
			want: "node.ini: [Server]: unknown section; the closest known is [server]"},
		{name: "a key before any section", file: "port = 1", is: ErrUnknownSection,
			want: "node.ini: unknown section: port stands before the first [section]"},
		{name: "a key twice", file: "[server]\nport = 1\nport = 2", is: ErrDuplicateKey,
			want: "node.ini: [server] port: given twice"},
		{name: "a key twice with one value", file: "[server]\nport = 1\n[log]\n[server]\nport = 1", is: ErrDuplicateKey,
			want: "node.ini: [server] port: given twice"},
		{name: "a key twice, then empty", file: "[server]\nport = 1\nport =", is: ErrDuplicateKey,
			want: "node.ini: [server] port: given twice"},
		{name: "a line that is no key", file: "[server]\nport", is: ErrSyntax,
			want: "node.ini: bad syntax: key-value delimiter not found: port"},
		{name: "a section without end", file: "[server\nport = 1", is: ErrSyntax,
			want: "node.ini: bad syntax: unclosed section: [server"},
		{name: "a port that is a word", file: "[server]\nport = http", is: ErrBadValue,
			want: `node.ini: [server] port = "http": bad value: expected a port: 1 to 65535, 0 = any free one, or off`},
		{name: "a port that is too great", file: "[server]\nport = 65536", is: ErrBadValue,
			want: `node.ini: [server] port = "65536": bad value: expected a port: 1 to 65535, 0 = any free one, or off`},
		{name: "a negative port", file: "[server]\nport = -1", is: ErrBadValue,
			want: `node.ini: [server] port = "-1": bad value: expected a port: 1 to 65535, 0 = any free one, or off`},
		{name: "an unknown mode", file: "[server]\nmode = follower", is: ErrBadValue,
			want: `node.ini: [server] mode = "follower": bad value: expected one of standalone, master, slave, gateway`},
		{name: "an unknown unit", file: "[cache]\nmax_bytes = 256 parsec", is: ErrBadValue,
			want: `node.ini: [cache] max_bytes = "256 parsec": bad value: expected a size from 32MiB to 1TiB: ` +
				"bytes, or with a unit as in 64KiB, 256MiB, 1GB"},
		{name: "a size below its bound", file: "[cache]\nmax_bytes = 1MiB", is: ErrBadValue,
			want: `node.ini: [cache] max_bytes = "1MiB": bad value: expected a size from 32MiB to 1TiB: ` +
				"bytes, or with a unit as in 64KiB, 256MiB, 1GB"},
		{name: "a time without sense", file: "[etcd]\nttl = soon", is: ErrBadValue,
			want: `node.ini: [etcd] ttl = "soon": bad value: expected a time from 1s to 1h: ` +
				"seconds, or with a unit as in 250ms, 10s, 5m, 1h30m"},
		{name: "a negative time", file: "[limits]\nidle_timeout = -5s", is: ErrBadValue,
			want: `node.ini: [limits] idle_timeout = "-5s": bad value: expected a time from 0s to 720h: ` +
				"seconds, or with a unit as in 250ms, 10s, 5m, 1h30m"},
		{name: "a bool that is a number", file: "[server]\nvoter = 1", is: ErrBadValue,
			want: `node.ini: [server] voter = "1": bad value: expected true or false`},
		{name: "a count out of bounds", file: "[limits]\nmax_in_flight = 0", is: ErrBadValue,
			want: `node.ini: [limits] max_in_flight = "0": bad value: expected a whole number from 1 to 1048576`},
		{name: "a host that is a word", file: "[server]\nbind = somewhere", is: ErrBadValue,
			want: `node.ini: [server] bind = "somewhere": bad value: expected an IP address or localhost`},
		{name: "an address without port", file: "[etcd]\nendpoints = localhost:2379, other", is: ErrBadValue,
			want: `node.ini: [etcd] endpoints = "localhost:2379, other": bad value: expected one host:port or more, with commas between`},
		{name: "a service address with a scheme", file: "[server]\nservice_addr = http://a:1", is: ErrBadValue,
			want: `node.ini: [server] service_addr = "http://a:1": bad value: expected host:port, or nothing`},
		{name: "a prefix that is no path", file: "[etcd]\nprefix = kamaitachi", is: ErrBadValue,
			want: `node.ini: [etcd] prefix = "kamaitachi": bad value: expected a path that begins with a slash and ends without one`},
		{name: "nothing where something must be", file: "[server]\ndata_dir =", is: ErrBadValue,
			want: `node.ini: [server] data_dir = "": bad value: expected a directory: ` +
				"UTF-8 without control characters, and without both kinds of quotation marks"},
		{name: "every address of the machine", file: "[server]\nbind = 0.0.0.0", is: ErrInsecure,
			want: `node.ini: [server] bind = "0.0.0.0": insecure: it is beyond loopback and this version has no credentials; ` +
				"where the network is trusted, set insecure = true"},
		{name: "two listeners on one port", file: "[server]\nport = 7000\nnative_port = 7000", is: ErrConflict,
			want: `node.ini: [server] native_port = "7000": conflict: port listens there too`},
		{name: "no listener at all", file: "[server]\nport = off\nnative_port = off", is: ErrConflict,
			want: `node.ini: [server] native_port = "off": conflict: port is off too, so nothing could reach the program`},
		{name: "a standalone node of three", file: "[server]\nexpect = 3", is: ErrConflict,
			want: `node.ini: [server] expect = "3": conflict: a standalone node has one voter; expected 1`},
		{name: "a slave that founds a cluster", file: "[server]\nmode = slave\nbootstrap = true", is: ErrConflict,
			want: `node.ini: [server] bootstrap = "true": conflict: only a master founds a cluster, and mode is slave`},
		{name: "a master without a vote", file: "[server]\nmode = master\nvoter = false", is: ErrConflict,
			want: `node.ini: [server] voter = "false": conflict: a master votes; a read copy is a slave`},
		{name: "a slave that clients cannot reach", file: "[server]\nmode = slave\nnative_port = off", is: ErrConflict,
			want: `node.ini: [server] native_port = "off": conflict: a slave needs it, for gateways and writes; expected a port`},
		{name: "a slave that is everywhere", file: "[server]\nmode = slave\nbind = ::\ninsecure = true", is: ErrConflict,
			want: `node.ini (by default): [server] service_addr = "": conflict: others cannot reach a slave at ::; ` +
				"expected the host:port at which they can"},
		{name: "a time that etcd cannot count", file: "[etcd]\nttl = 1500ms", is: ErrBadValue,
			want: `node.ini: [etcd] ttl = "1.5s": bad value: expected whole seconds`},
		{name: "a cluster whose name is a path", file: "[cluster]\nname = a/b", is: ErrBadValue,
			want: `node.ini: [cluster] name = "a/b": bad value: expected up to 255 bytes without slashes and spaces`},
		{name: "a cluster without a name", file: "[cluster]\nname =", is: ErrBadValue,
			want: `node.ini: [cluster] name = "": bad value: expected a name: ` +
				"UTF-8 without control characters, and without both kinds of quotation marks"},
		{name: "an id that is a name", file: "[cluster]\nid = main", is: ErrBadValue,
			want: `node.ini: [cluster] id = "main": bad value: expected 32 hexadecimal digits in lower case`},
		{name: "a peer without port", file: "[cluster]\npeers = a:1, b", is: ErrBadValue,
			want: `node.ini: [cluster] peers = "a:1, b": bad value: expected host:port, with commas between, or nothing`},
		{name: "a slave without replication", file: "[server]\nmode = slave\nreplication_port = off", is: ErrConflict,
			want: `node.ini: [server] replication_port = "off": conflict: a slave needs it; expected a port`},
		{name: "more in flight on one connection than on all", file: "[limits]\nmax_in_flight_total = 8", is: ErrConflict,
			want: `node.ini (by default): [limits] max_in_flight = "1024": conflict: expected at most max_in_flight_total, which is 8`},
		{name: "a queue shorter than two replies", file: "[limits]\nmax_queued_bytes = 127MiB", is: ErrConflict,
			want: `node.ini (by default): [limits] max_reply = "64MiB": conflict: ` +
				"expected at most half of max_queued_bytes, which is 65024KiB"},
		{name: "a queue longer than all queues", file: "[limits]\nmax_queued_bytes = 2GiB", is: ErrConflict,
			want: `node.ini: [limits] max_queued_bytes = "2GiB": conflict: expected at most max_queued_total, which is 1GiB`},
		{name: "a request larger than all requests", file: "[limits]\nmax_in_flight_bytes = 64KiB", is: ErrConflict,
			want: `node.ini (by default): [limits] max_request = "1MiB": conflict: expected at most max_in_flight_bytes, which is 64KiB`},
		{name: "a token that would guard nothing", file: "[auth]\nadmin_token = s3cret", is: ErrUnsupported,
			want: `node.ini: [auth] admin_token = "********": not supported by this version`},
		{name: "a certificate that would encrypt nothing", file: "[tls]\ncert_file = a.pem", is: ErrUnsupported,
			want: `node.ini: [tls] cert_file = "a.pem": not supported by this version`},
		{name: "a bad value of the environment", options: LoadOptions{Env: []string{"KAMAITACHI_SERVER_PORT=tcp://10.0.0.1:80"}},
			is: ErrBadValue, want: `environment KAMAITACHI_SERVER_PORT: [server] port = "tcp://10.0.0.1:80": bad value: ` +
				"expected a port: 1 to 65535, 0 = any free one, or off"},
		{name: "a bad value of a flag", options: LoadOptions{Set: []string{"log.level=loud"}}, is: ErrBadValue,
			want: `-set: [log] level = "loud": bad value: expected one of debug, info, warn, error`},
		{name: "an unknown key of a flag", options: LoadOptions{Set: []string{"log.levle=info"}}, is: ErrUnknownKey,
			want: "-set: [log] levle: unknown key; the closest known is level"},
		{name: "an unknown section of a flag", options: LoadOptions{Set: []string{"logs.level=info"}}, is: ErrUnknownSection,
			want: "-set: [logs]: unknown section; the closest known is [log]"},
		{name: "a flag without value", options: LoadOptions{Set: []string{"log.level"}}, is: ErrSyntax,
			want: `-set "log.level": bad syntax: expected section.key=value`},
		{name: "a flag without section", options: LoadOptions{Set: []string{"level=info"}}, is: ErrSyntax,
			want: `-set "level": bad syntax: expected section.key=value`},
		{name: "a mode of another program", file: "[server]\nmode = slave", is: ErrConflict,
			options: LoadOptions{Modes: []Mode{Gateway}},
			want:    `node.ini: [server] mode = "slave": conflict: this program does not run it; expected one of gateway`},
		{name: "two things at once", file: "[server]\nport = a\nnative_port = b", is: ErrBadValue,
			want: `node.ini: [server] port = "a": bad value: expected a port: 1 to 65535, 0 = any free one, or off` + "\n" +
				`node.ini: [server] native_port = "b": bad value: expected a port: 1 to 65535, 0 = any free one, or off`},
		{name: "a name that would break the line", file: "[server]\n\"po\trt\" = 1", is: ErrUnknownKey,
			want: `node.ini: [server] "po\trt": unknown key; the closest known is port`},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, err := loadText(t, test.file, test.options)
			if err == nil {
				t.Fatalf("loaded %+v, want an error", c)
			}
			if err.Error() != test.want {
				t.Errorf("got  %s\nwant %s", err, test.want)
			}
			if !errors.Is(err, test.is) {
				t.Errorf("error is not %q: %v", test.is, err)
			}
		})
	}
}

func TestAFileThatCannotBeReadIsOneLineThatNamesIt(t *testing.T) {
	t.Chdir(t.TempDir())
	for name, text := range map[string]string{
		"big.ini":    strings.Repeat("# x\n", MaxFileBytes/4+1),
		"latin1.ini": "[server]\nservice_name = caf\xe9",
		"zero.ini":   "[server]\nservice_name = a\x00b",
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir("dir.ini", 0o700); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ path, want string }{
		{"none.ini", "cannot read none.ini: no such file or directory"},
		{"dir.ini", "cannot read dir.ini: is a directory"},
		{"big.ini", "cannot read big.ini: it is larger than 1MiB"},
		{"latin1.ini", "cannot read latin1.ini: it is not UTF-8 text"},
		{"zero.ini", "cannot read zero.ini: it is not UTF-8 text"},
	} {
		for kind, load := range map[string]func() error{
			"configuration": func() error { _, err := Load(test.path, LoadOptions{}); return err },
			"catalog":       func() error { _, err := LoadCatalog(test.path); return err },
		} {
			if err := load(); err == nil || err.Error() != test.want || !errors.Is(err, ErrUnreadable) {
				t.Errorf("%s: got %v, want %s", kind, err, test.want)
			}
		}
	}
}

func TestAnErrorCutsLongNamesAndValues(t *testing.T) {
	long := strings.Repeat("x", 5_000)
	_, err := loadText(t, "[server]\n"+long+" = 1\nport = "+long, LoadOptions{})
	if err == nil || len(err.Error()) > 600 {
		t.Errorf("error of %d bytes, want it cut", len(err.Error()))
	}
}

func TestPrecedenceIsFlagEnvironmentFileDefault(t *testing.T) {
	const key, env, flag = "[limits]\nmax_in_flight = 2", "KAMAITACHI_LIMITS_MAX_IN_FLIGHT=3", "limits.max_in_flight=4"
	for _, test := range []struct {
		name, file, from string
		options          LoadOptions
		want             int
	}{
		{"nothing", "", "default", LoadOptions{}, 1024},
		{"file", key, "file node.ini", LoadOptions{}, 2},
		{"environment over file", key, "environment KAMAITACHI_LIMITS_MAX_IN_FLIGHT", LoadOptions{Env: []string{"HOME=/", env}}, 3},
		{"flag over environment", key, "flag -set", LoadOptions{Env: []string{env}, Set: []string{flag}}, 4},
		{"last flag", key, "flag -set", LoadOptions{Set: []string{flag, " limits.max_in_flight = 5 "}}, 5},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := mustLoad(t, test.file, test.options)
			if got := c.Limits.MaxInFlight; got != test.want {
				t.Errorf("max_in_flight is %d, want %d", got, test.want)
			}
			var b strings.Builder
			if err := c.Print(&b); err != nil {
				t.Fatal(err)
			}
			if from := commentOf(t, b.String(), "max_in_flight "); from != test.from {
				t.Errorf("printed as from %q, want %q", from, test.from)
			}
		})
	}
}

// commentOf returns the comment behind the first line that begins with prefix.
func commentOf(t *testing.T, text, prefix string) string {
	t.Helper()
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, prefix) {
			_, comment, _ := strings.Cut(line, "; ")
			return strings.TrimSpace(comment)
		}
	}
	t.Fatalf("no line begins with %q in:\n%s", prefix, text)
	return ""
}

func TestTheReferencesDatabaseSectionIsIgnoredWithOneWarning(t *testing.T) {
	c := mustLoad(t, "[database]\nhost = db\nport = 3306\nusername = root\n[server]\nport = 0", LoadOptions{})
	if len(c.Warnings) != 1 || !strings.HasPrefix(c.Warnings[0], "node.ini: [database] is read and ignored") {
		t.Errorf("warnings are %q, want one about [database]", c.Warnings)
	}
	if c.Server.Port != PortAny {
		t.Errorf("port is %v, want the file's 0", c.Server.Port)
	}
}

func TestAnEnvironmentVariableThatFitsNoKeyIsAWarning(t *testing.T) {
	c := mustLoad(t, "", LoadOptions{Env: []string{"KAMAITACHI_SERVER_PROT=1", "OTHER_SERVER_PROT=1", "broken"}})
	want := "environment KAMAITACHI_SERVER_PROT sets no key; the closest known is KAMAITACHI_SERVER_PORT"
	if len(c.Warnings) != 1 || c.Warnings[0] != want {
		t.Errorf("warnings are %q, want %q", c.Warnings, want)
	}
}

func TestInsecureAllowsListeningBeyondLoopback(t *testing.T) {
	c := mustLoad(t, "[server]\nbind = 0.0.0.0\ninsecure = true", LoadOptions{})
	if got := c.Server.NativePort.Addr(c.Server.Bind); got != "0.0.0.0:7080" {
		t.Errorf("native address is %s, want 0.0.0.0:7080", got)
	}
	for _, bind := range []string{"::1", "127.0.0.2", "localhost", "::ffff:127.0.0.1"} {
		mustLoad(t, "[server]\nbind = "+bind, LoadOptions{})
	}
}

func TestOthersReachAProgramAtItsServiceAddressOrWhereItListens(t *testing.T) {
	for set, want := range map[string]string{
		"bind = 127.0.0.2": "127.0.0.2",
		"bind = 127.0.0.2\nservice_addr = node1:8080":              "node1",
		"bind = 0.0.0.0\ninsecure = true\nservice_addr = [::1]:80": "::1",
	} {
		c := mustLoad(t, "[server]\nmode = slave\n"+set, LoadOptions{})
		if got := c.Server.Host(); got != want {
			t.Errorf("with %q: %s, want %s", set, got, want)
		}
	}
}

func TestCommentsAndQuotationMarksAreNoPartOfAValue(t *testing.T) {
	for line, want := range map[string]string{
		`a`:               "a",
		`a ; b # c`:       "a",
		`a # b ; c`:       "a",
		"a\t; b":          "a",
		`; b`:             "",
		`a;b`:             "a;b",
		`"a ; b" ; c`:     "a ; b",
		`'a "b" # c'`:     `a "b" # c`,
		`"a" b`:           `"a" b`,
		`"a`:              `"a`,
		`" "`:             " ",
		`C:\data\`:        `C:\data\`,
		`%(mode)s`:        `%(mode)s`,
		`it's`:            "it's",
		`"a"; b`:          "a",
		`/tmp/a=b`:        "/tmp/a=b",
		`データ ; 注釈 # note`: "データ",
	} {
		c := mustLoad(t, "[log]\nfile = "+line, LoadOptions{})
		if c.Log.File != want {
			t.Errorf("%s reads as %q, want %q", line, c.Log.File, want)
		}
	}
}

func TestTheZeroOptionsLoadTheBuiltInStandaloneNode(t *testing.T) {
	t.Chdir(t.TempDir())
	c, err := Load("", LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if c.Server.Mode != Standalone || c.Server.ServiceName != "kamaitachi-standalone" || c.File != "" {
		t.Errorf("loaded %+v", c.Server)
	}
	_, err = Load("", LoadOptions{Set: []string{"server.expect=2"}})
	if want := `-set: [server] expect = "2": conflict: a standalone node has one voter; expected 1`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestValidateNamesNoSourceForAHandMadeConfig(t *testing.T) {
	limits := Default().Limits
	limits.HelloTimeout = -time.Second
	err := limits.Validate()
	want := `[limits] hello_timeout = "-1s": bad value: expected a time from 1ms to 24h: ` +
		"seconds, or with a unit as in 250ms, 10s, 5m, 1h30m"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
