package conf

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "write the golden files and docs/configuration.md anew")

// golden holds got against the file at path, or writes it there with -update.
func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s is stale; after a look, write it anew with: go test ./conf -update\n%s", path, diff)
	}
}

// printed returns what -print-config shows.
func printed(t rapid.TB, c *Config) string {
	t.Helper()
	var b strings.Builder
	if err := c.Print(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestPrintTellsWhereEachValueCameFrom(t *testing.T) {
	text, err := os.ReadFile("testdata/print.ini")
	if err != nil {
		t.Fatal(err)
	}
	want, err := filepath.Abs("testdata/print.golden")
	if err != nil {
		t.Fatal(err)
	}
	c := mustLoad(t, string(text), LoadOptions{
		Env: []string{"KAMAITACHI_CACHE_MAX_BYTES=1073741824", "KAMAITACHI_RATELIMIT_DEFAULT_BURST=25"},
		Set: []string{"server.data_dir=/tmp/a ; b", "log.level=debug"},
	})
	golden(t, want, printed(t, c))
}

func TestPrintMasksSecrets(t *testing.T) {
	c, err := merge([]byte("[auth]\nread_token = from-the-file"), "node.ini", "node.ini", LoadOptions{
		Env: []string{"KAMAITACHI_AUTH_WRITE_TOKEN=from-the-environment"},
		Set: []string{"auth.admin_token=from-a-flag"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if c.Auth != (Auth{"from-the-file", "from-the-environment", "from-a-flag"}) {
		t.Fatalf("read %+v", c.Auth)
	}
	text := printed(t, c)
	if strings.Contains(text, "from-") {
		t.Errorf("a secret is printed:\n%s", text)
	}
	for prefix, want := range map[string]string{
		"; read_token = ********":  "; file node.ini",
		"; write_token = ********": "; environment KAMAITACHI_AUTH_WRITE_TOKEN",
		"; admin_token = ********": "; flag -set",
	} {
		_, after, found := strings.Cut(text, "\n"+prefix)
		if line, _, _ := strings.Cut(after, "\n"); !found || strings.TrimSpace(line) != want {
			t.Errorf("behind %q is %q, want %q", prefix, line, want)
		}
	}
}

func TestASecretIsMaskedInTheErrorAboutIt(t *testing.T) {
	for _, secret := range []string{"s3cret", "s3\x07cret"} {
		_, err := Load("", LoadOptions{Set: []string{"auth.read_token=" + secret}})
		if err == nil || strings.Contains(err.Error(), "cret") {
			t.Errorf("error is %v, want one without the secret", err)
		}
	}
}

func TestWhatIsPrintedLoadsAsTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set := drawSettings(t)
		c, err := Load("", LoadOptions{Set: set})
		if err != nil {
			t.Skip("at odds:", err)
		}
		again, err := load([]byte(printed(t, c)), "", "printed.ini", LoadOptions{})
		if err != nil {
			t.Fatalf("%v\n%s", err, printed(t, c))
		}
		if diff := cmp.Diff(texts(c), texts(again)); diff != "" {
			t.Fatal(diff)
		}
	})
}

// drawSettings returns -set flags for some keys, most of them with values that go together.
func drawSettings(t *rapid.T) []string {
	text := rapid.StringOfN(rapid.SampledFrom([]rune("ab/ ;#'\"`=é")), 1, 9, -1)
	size := rapid.Int64Range(128<<20, 1<<30)
	values := map[string]*rapid.Generator[string]{
		"server.port":             rapid.SampledFrom([]string{"0", "off", "1", "65535"}),
		"server.native_port":      rapid.SampledFrom([]string{"0", "7"}),
		"server.service_name":     text,
		"server.data_dir":         text,
		"log.file":                text,
		"log.access_log":          rapid.SampledFrom([]string{"true", "false"}),
		"log.slow_log":            rapid.SampledFrom([]string{"0", "1.5", "250ms", "1h"}),
		"cache.snapshot_path":     text,
		"cache.snapshot_interval": rapid.SampledFrom([]string{"1", "10", "90s", "1h30m"}),
		"cache.max_bytes":         rapid.Map(size, formatSize),
		"limits.max_queued_bytes": rapid.Map(size, formatSize),
		"cluster.peers":           rapid.SampledFrom([]string{"", "a:1", "a:1,[::1]:2 , b:3"}),
		"cluster.zone":            text,
		"etcd.endpoints":          rapid.SampledFrom([]string{"a:1", "a:1,[::1]:2 , b:3"}),
	}
	var set []string
	for _, id := range rapid.SliceOfDistinct(rapid.SampledFrom(sortedKeys(values)), rapid.ID).Draw(t, "keys") {
		set = append(set, id+"="+values[id].Draw(t, id))
	}
	return set
}
