// Package maps holds the mappings that ship with the product: how `kamaitachi import -map NAME` reads CSV files that were
// not made for it. It imports nothing; internal/dataset understands them.
package maps

import (
	"embed"
	"io/fs"
	"slices"
	"strings"
)

//go:embed *.ini
var files embed.FS

// extension ends the file names, and is no part of a mapping's name.
const extension = ".ini"

// Names returns the names of the shipped mappings, sorted.
func Names() []string {
	paths, err := fs.Glob(files, "*"+extension)
	if err != nil {
		panic("BUG: the pattern is constant and good: " + err.Error())
	}
	for i := range paths {
		paths[i] = strings.TrimSuffix(paths[i], extension)
	}
	slices.Sort(paths)
	return paths
}

// Text returns the text of a shipped mapping, and whether there is one of that name.
func Text(name string) ([]byte, bool) {
	text, err := files.ReadFile(name + extension)
	return text, err == nil
}
