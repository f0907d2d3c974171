// Package archtest holds the house rules that a compiler does not: which room may import which (imports.go), and what
// source looks like (style.go). Its test reads the whole module with go/parser and fails with file, line and rule.
//
// The rules are tested too: each has a fixture that breaks it, and an exception that nothing needs any more fails.
package archtest

import (
	"bytes"
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Module is the path that begins every import of ours.
const Module = "github.com/kamaitachi/kamaitachi"

// Fault is one place that breaks a rule.
type Fault struct {
	Path string // of the file, below the module's root
	Line int
	Rule string // what is wrong, and what to do
}

// String returns it as compilers do: path:line: what.
func (f Fault) String() string { return fmt.Sprintf("%s:%d: %s", f.Path, f.Line, f.Rule) }

// Source is one parsed Go file.
type Source struct {
	Path   string // below the module's root, with slashes
	Lines  int
	Syntax *ast.File
	Set    *token.FileSet
}

// Dir is the path of the file's package below the module's root.
func (s *Source) Dir() string { return path.Dir(s.Path) }

// Test tells whether only tests are built from the file.
func (s *Source) Test() bool { return strings.HasSuffix(s.Path, "_test.go") }

// judges are the packages that no program links and that, like tests, list cases and say what a message must be.
var judges = []string{"internal/oracle/..."}

// Judges tells whether the file is a test or part of what tests judge with.
func (s *Source) Judges() bool { return s.Test() || matchesAny(judges, s.Dir()) }

// line returns the line of a position.
func (s *Source) line(pos token.Pos) int { return s.Set.Position(pos).Line }

// Read parses every Go file of the module whose root is fsys, in path order. Like the go command it passes over
// testdata, vendor, other modules and directories that begin with a dot or an underscore. Generated files are left out.
func Read(fsys fs.FS) ([]*Source, error) {
	var sources []*Source
	err := fs.WalkDir(fsys, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return enter(fsys, name)
		}
		if path.Ext(name) != ".go" {
			return nil
		}
		s, err := parse(fsys, name)
		if err != nil {
			return err
		}
		if !ast.IsGenerated(s.Syntax) {
			sources = append(sources, s)
		}
		return nil
	})
	return sources, err
}

// enter returns fs.SkipDir for a directory that holds no package of the module.
func enter(fsys fs.FS, name string) error {
	if name == "." {
		return nil
	}
	base := path.Base(name)
	if base == "testdata" || base == "vendor" || base[0] == '.' || base[0] == '_' {
		return fs.SkipDir
	}
	if _, err := fs.Stat(fsys, path.Join(name, "go.mod")); err == nil {
		return fs.SkipDir
	}
	return nil
}

func parse(fsys fs.FS, name string) (*Source, error) {
	text, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil, err
	}
	set := token.NewFileSet()
	syntax, err := parser.ParseFile(set, name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	lines := bytes.Count(text, []byte("\n"))
	return &Source{Path: name, Lines: lines, Syntax: syntax, Set: set}, nil
}

// Exception excuses one place from a length rule.
type Exception struct {
	Name   string // path of the file, or package directory and function: "server/engine rank", "server/engine (*Engine).Apply"
	Reason string
}

// Check returns every fault of the sources, in path and line order, and the exceptions that excused nothing.
func Check(sources []*Source, exceptions []Exception) (faults []Fault, unused []Exception) {
	excused := map[string]bool{}
	for _, e := range exceptions {
		excused[e.Name] = false
	}
	excuse := func(name string) bool {
		_, listed := excused[name]
		if listed {
			excused[name] = true
		}
		return listed
	}
	faults = packageComments(sources)
	for _, s := range sources {
		faults = append(faults, imports(s)...)
		faults = append(faults, lengths(s, excuse)...)
		faults = append(faults, comments(s)...)
		faults = append(faults, errorTexts(s)...)
	}
	slices.SortStableFunc(faults, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Line, b.Line))
	})
	unused = slices.DeleteFunc(slices.Clone(exceptions), func(e Exception) bool { return excused[e.Name] })
	return faults, unused
}
