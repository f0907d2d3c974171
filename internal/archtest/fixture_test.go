package archtest

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// check runs the rules over files of these texts and returns the faults as text.
func check(t *testing.T, files map[string]string, exceptions ...Exception) (faults []string, unused []Exception) {
	t.Helper()
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	sources, err := Read(fsys)
	if err != nil {
		t.Fatal(err)
	}
	found, unused := Check(sources, exceptions)
	for _, f := range found {
		faults = append(faults, f.String())
	}
	return faults, unused
}

func TestImportRules(t *testing.T) {
	const ours = Module + "/"
	for _, test := range []struct {
		file, imports, want string // want: the reason, or "" = allowed
	}{
		{"protocol/a.go", ours + "client", "it is the vocabulary that all others speak"},
		{"protocol/a.go", "fmt", ""},
		{"protocol/sub/a.go", ours + "protocol", ""},
		{"protocol/a_test.go", ours + "client", ""},
		{"client/a.go", ours + "server", "an SDK brings no server along"},
		{"client/ring/a.go", ours + "server/engine", "an SDK brings no server along"},
		{"client/a.go", ours + "protocol", ""},
		{"client/a_test.go", ours + "server", ""},
		{"conf/a.go", ours + "server", "configuration knows no room that it configures"},
		{"conf/a.go", ours + "protocol", ""},
		{"conf/maps/a.go", ours + "protocol", "it holds files"},
		{"httpcompat/a.go", ours + "server", "node and gateway plug into the interface that it declares"},
		{"httpcompat/a.go", ours + "gateway", "node and gateway plug into the interface that it declares"},
		{"httpcompat/a.go", ours + "client", "node and gateway plug into the interface that it declares"},
		{"httpcompat/a.go", ours + "protocol", ""},
		{"gateway/a.go", ours + "server", "it reaches nodes as a client only"},
		{"gateway/a.go", ours + "httpcompat", ""},
		{"bench/a.go", ours + "server/engine", "it measures what a user sees"},
		{"bench/a.go", ours + "client", ""},
		{"server/a.go", ours + "client", "it moves bytes; the rooms inside it know the domain"},
		{"server/a.go", ours + "server/engine", ""},
		{"server/engine/a.go", ours + "server", "answers come from columns and rows alone"},
		{"server/engine/a.go", ours + "server/store", ""},
		{"server/store/a.go", ours + "server/engine", "rows on disk know nothing of who reads them"},
		{"server/replica/a.go", ours + "server/engine", "a log orders writes for any state machine"},
		{"internal/dataset/a.go", ours + "client", "files become reports for whoever loads them"},
		{"internal/dataset/a.go", ours + "conf/maps", ""},
		{"internal/oracle/a.go", ours + "server/engine", "it is written from semantics.md alone, so that it can judge the engine"},
		{"cmd/kamaitachi/a.go", ours + "server", ""},
		{"cmd/master/a.go", ours + "cmd/kamaitachi/node", ""},
		{"server/a_test.go", ours + "cmd/kamaitachi", "programs are wired from rooms, never the other way"},
		{"server/a.go", ours + "internal/oracle", "the oracle judges answers in tests and gives none itself"},
		{"server/engine/a_test.go", ours + "internal/oracle", ""},
		{"cmd/master/a.go", ours + "internal/devetcd", "only the whole product links etcd's server"},
		{"internal/cli/a.go", ours + "internal/devetcd", "only the whole product links etcd's server"},
		{"cmd/kamaitachi/a.go", ours + "internal/devetcd", ""},
		{"internal/registry/a_test.go", ours + "internal/devetcd", ""},
		{"internal/registry/a.go", ours + "client", "records in etcd are for whoever composes programs from rooms"},
		{"internal/registry/a.go", "go.etcd.io/etcd/client/v3", ""},
		{"internal/devetcd/a.go", ours + "internal/registry", "an etcd knows nobody who uses it"},
		{"client/a.go", ours + "internal/registry", "an SDK brings no server along"},
		{"cmd/kamaitachi/a.go", "go.etcd.io/etcd/server/v3/embed", "one room runs an etcd of its own"},
		{"client/a_test.go", "go.etcd.io/etcd/server/v3/embed", "one room runs an etcd of its own"},
		{"internal/devetcd/a.go", "go.etcd.io/etcd/server/v3/embed", ""},
		{"client/a.go", "go.etcd.io/etcd/client/v3", ""},
		{"internal/dataset/a.go", "modernc.org/sqlite", "only the import command reads SQLite"},
		{"internal/dataset/sqlitedb/a.go", "modernc.org/sqlite", ""},
		{"bench/a.go", ours + "internal/dataset/sqlitedb", "only the import command reads SQLite"},
		{"internal/cli/a.go", ours + "internal/dataset/sqlitedb", ""},
		{"cmd/kamaitachi/a.go", ours + "internal/cli", ""},
		{"cmd/master/a.go", ours + "internal/cli", ""},
		{"cmd/benchmark/a.go", ours + "internal/cli", "it links every command; other programs take what they need"},
		{"protocols/a.go", ours + "client", ""},
	} {
		text := "// Package p is a fixture.\npackage p\n\nimport _ \"" + test.imports + "\"\n"
		faults, _ := check(t, map[string]string{test.file: text})
		var want []string
		if test.want != "" {
			want = []string{test.file + ":4: imports " + test.imports + ": " + test.want}
		}
		if diff := cmp.Diff(want, faults); diff != "" {
			t.Errorf("%s imports %s:\n%s", test.file, test.imports, diff)
		}
	}
}

func TestEveryRoomAndGuardHasAFixture(t *testing.T) {
	for _, r := range rooms {
		if strings.TrimSpace(r.why) == "" {
			t.Errorf("%s says no reason", r.dir)
		}
		dir := strings.TrimSuffix(r.dir, "/...")
		faults, _ := check(t, map[string]string{dir + "/a.go": fixture("import _ \"" + Module + "/elsewhere\"")})
		if len(faults) != 1 {
			t.Errorf("%s may import anything: %v", r.dir, faults)
		}
	}
	for _, g := range guards {
		target := strings.TrimSuffix(g.target, "/...")
		faults, _ := check(t, map[string]string{"elsewhere/a.go": fixture("import _ \"" + target + "\"")})
		if len(faults) != 1 {
			t.Errorf("anyone may import %s: %v", g.target, faults)
		}
	}
}

// fixture returns a file whose declarations begin on line 4.
func fixture(declarations string) string {
	return "// Package p is a fixture.\npackage p\n\n" + declarations + "\n"
}

func TestStyleRules(t *testing.T) {
	long := strings.Repeat("\t_ = 0\n", maxFunctionLines)
	const unwrapped = "p/a.go:5: fmt.Errorf prints an error without wrapping it: use %w"
	const matched = "p/a.go:5: an error is told by its text: use errors.Is or errors.As"
	const compared = "p/a.go:5: an error is compared by its text: use errors.Is or errors.As"
	body := func(statement string) string {
		return fixture("func f(err, readErr error) any {\n\t" + statement + "\n}")
	}
	for _, test := range []struct {
		name, file, text, want string
	}{
		{"a comment on the package", "p/a.go", fixture(""), ""},
		{"none", "p/a.go", "package p\n", "p/a.go:1: package p has no package comment"},
		{"an empty one", "p/a.go", "//\npackage p\n", "p/a.go:2: package p has no package comment"},
		{"a directive in its place", "p/a.go", "//go:build linux\n\npackage p\n", "p/a.go:3: package p has no package comment"},
		{"a file of 400 lines", "p/a.go", fixture(strings.Repeat("\n", maxFileLines-4)), ""},
		{"a file of 401 lines", "p/a_test.go", fixture(strings.Repeat("\n", maxFileLines-3)),
			"p/a_test.go:401: file of 401 lines: at most 400, split it by theme"},
		{"a function of 60 lines", "p/a.go", fixture("func f() {\n" + long[:len(long)-14] + "}"), ""},
		{"a function of 62 lines", "p/a.go", fixture("func f() {\n" + long + "}"),
			"p/a.go:4: function f of 62 lines: at most 60, split it"},
		{"a method of 62 lines", "p/a.go", fixture("func (x *T[K]) f() {\n" + long + "}"),
			"p/a.go:4: function (*T).f of 62 lines: at most 60, split it"},
		{"a test of 62 lines", "p/a_test.go", fixture("func f() {\n" + long + "}"), ""},
		{"a table of cases of 62 lines", "internal/oracle/cases/a.go", fixture("func f() {\n" + long + "}"), ""},
		{"a long doc comment", "p/a.go", fixture(strings.Repeat("// f.\n", 99) + "func f() {}"), ""},
		{"work left undone", "p/a.go", fixture("// " + unfinished[0] + "(me): more."),
			"p/a.go:4: " + unfinished[0] + ": finish it, or write an issue"},
		{"work left undone inside", "p/a_test.go", fixture("var x = 1 /* " + unfinished[1] + " */"),
			"p/a_test.go:4: " + unfinished[1] + ": finish it, or write an issue"},
		{"the same word in a text", "p/a.go", fixture("var x = \"" + unfinished[0] + "\""), ""},
		{"part of a word", "p/a.go", fixture("// MAS" + unfinished[0] + "N."), ""},
		{"an error with %w", "p/a.go", body(`return fmt.Errorf("read: %w", err)`), ""},
		{"two errors with %w", "p/a.go", body(`return fmt.Errorf("read: %w: %w", ErrX, err)`), ""},
		{"no error at all", "p/a.go", body(`return fmt.Errorf("read %d of %s", 1, merry)`), ""},
		{"an error with %v", "p/a.go", body(`return fmt.Errorf("read: %v", err)`), unwrapped},
		{"an error in a split format", "p/a.go", body(`return fmt.Errorf("read: "+"%s", readErr)`), unwrapped},
		{"one error of two with %w", "p/a.go", body(`return fmt.Errorf("%w: %v", p.ErrX, err)`), unwrapped},
		{"the text of an error", "p/a.go", body(`return fmt.Errorf("read: %s", err.Error())`), unwrapped},
		{"an error told by Contains", "p/a.go", body(`return strings.Contains(err.Error(), "eof")`), matched},
		{"an error told by HasPrefix", "p/a.go", body(`return strings.HasPrefix(err.Error(), "eof")`), matched},
		{"an error told by a switch", "p/a.go", body(`switch err.Error() {}`), matched},
		{"an error compared", "p/a.go", body(`return err.Error() == "eof"`), compared},
		{"an error compared the other way", "p/a.go", body(`return "eof" != err.Error()`), compared},
		{"a test of a message", "p/a_test.go", body(`return strings.Contains(err.Error(), "eof") && err.Error() != ""`), ""},
		{"a judge of messages", "internal/oracle/a.go", body(`return strings.Contains(err.Error(), "eof")`), ""},
		{"generated code", "p/a.go", "// Code generated by x. DO NOT EDIT.\n\npackage p\n// " + unfinished[0] + "\n", ""},
		{"test data", "p/testdata/a.go", "package p\n", ""},
		{"a hidden directory", ".cache/a.go", "package p\n", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			faults, _ := check(t, map[string]string{test.file: test.text})
			if got := strings.Join(faults, "\n"); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestOneCommentServesThePackageAndItsTests(t *testing.T) {
	faults, _ := check(t, map[string]string{
		"p/doc.go":    fixture(""),
		"p/a.go":      "package p\n",
		"p/a_test.go": "package p_test\n",
		"q/a.go":      "package q\n",
		"q/b.go":      "package q\n",
	})
	if diff := cmp.Diff([]string{"q/a.go:1: package q has no package comment"}, faults); diff != "" {
		t.Error(diff)
	}
}

func TestAnotherModuleInsideIsNotRead(t *testing.T) {
	faults, _ := check(t, map[string]string{"p/doc.go": fixture(""), "tools/go.mod": "module x", "tools/a.go": "package x\n"})
	if len(faults) > 0 {
		t.Error(faults)
	}
}

func TestAnExceptionExcusesOnePlaceAndMustBeNeeded(t *testing.T) {
	long := "() {\n" + strings.Repeat("\t_ = 0\n", maxFunctionLines) + "}\n"
	files := map[string]string{
		"p/a.go": fixture("func f" + long + "func (x *T) g" + long + "func (x T) h" + long),
		"p/b.go": fixture(strings.Repeat("\n", maxFileLines)),
	}
	stale := Exception{"p k", "k is short now"}
	faults, unused := check(t, files,
		Exception{"p f", "hot loop"}, Exception{"p (*T).g", "hot loop"}, Exception{"p/b.go", "a table"}, stale)
	if diff := cmp.Diff([]string{"p/a.go:128: function T.h of 62 lines: at most 60, split it"}, faults); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]Exception{stale}, unused); diff != "" {
		t.Error(diff)
	}
}

func TestAFileThatDoesNotParseIsAnError(t *testing.T) {
	if _, err := Read(fstest.MapFS{"p/a.go": {Data: []byte("package")}}); err == nil {
		t.Error("read it")
	}
}
