package conf

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// referenceHead is the part of docs/configuration.md that is not about single keys.
const referenceHead = `# Configuration

<!-- Generated from the table of keys in conf/ by: go test ./conf -update -->

A node or gateway reads one ini file, ` + "`-config FILE`" + `. A value comes from the first of these that gives one:

1. ` + "`-set section.key=value`" + ` on the command line (of two for one key the last counts);
2. the environment variable ` + "`KAMAITACHI_SECTION_KEY`" + `, for example ` + "`KAMAITACHI_SERVER_NATIVE_PORT=7090`" + `;
3. the file;
4. the default.

` + "`-print-config`" + ` prints every value as a file that loads again, with where each came from, secrets masked.
` + "`-check-config`" + ` loads and checks the configuration and ends.

An unknown section or key, a key that is given twice and a bad value are errors that name file, section and key.
An environment variable ` + "`KAMAITACHI_...`" + ` that fits no key is a warning. The section ` + "`[database]`" + ` of older files
is read and ignored with a warning.

**Sizes** are bytes, or carry a unit: ` + "`KiB MiB GiB TiB`" + ` (1024) or ` + "`kB MB GB TB`" + ` (1000). **Times** are seconds (where
it says so minutes), or carry a unit: ` + "`250ms 10s 5m 1h30m`" + `. **Comments** begin with ` + "`;` or `#`" + ` in front or after a space; a
value that holds such a thing goes between quotation marks.

The shipped files in ` + "`conf/`" + ` are also inside the program: without ` + "`-config`" + ` a node is the one of
` + "`standalone.ini`, a gateway that of `gateway.ini`" + `.

`

// reference returns docs/configuration.md.
func reference() string {
	var b strings.Builder
	b.WriteString(referenceHead)
	c := Default()
	for _, s := range c.sections() {
		fmt.Fprintf(&b, "## [%s]\n\n%s\n\n| key | default | expected | what it is |\n| --- | --- | --- | --- |\n", s.name, s.doc)
		for _, k := range s.keys() {
			name := "`" + k.Name + "`"
			if k.Secret {
				name += " (secret)"
			}
			value := ""
			if k.Default != "" {
				value = "`" + k.Default + "`"
			}
			expected, _, _ := strings.Cut(k.expect(), ": ") // what follows is said above, once
			fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", name, value, expected, k.Doc)
		}
		b.WriteString("\n")
	}
	b.WriteString(shippedTable())
	return b.String()
}

// shippedTable lists the shipped configurations with their ports.
func shippedTable() string {
	var b strings.Builder
	b.WriteString("## The shipped files\n\n| file | mode | HTTP | native | replication | data |\n| --- | --- | --- | --- | --- | --- |\n")
	for _, name := range shipped {
		c, err := Load(name, LoadOptions{})
		if err != nil {
			return err.Error()
		}
		s := c.Server
		data := "`" + s.DataDir + "`"
		if s.Mode == Gateway {
			data = "none"
		}
		fmt.Fprintf(&b, "| `conf/%s` | %s | %s | %s | %s | %s |\n", name, s.Mode, s.Port, s.NativePort, s.ReplicationPort, data)
	}
	return b.String()
}

func TestTheReferencePageIsTheTableOfKeys(t *testing.T) {
	golden(t, "../docs/configuration.md", reference())
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
