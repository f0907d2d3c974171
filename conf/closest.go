package conf

import (
	"fmt"
	"slices"
)

func (l *loader) hasSection(name string) bool {
	return slices.ContainsFunc(l.keys, func(k Key) bool { return k.Section == name })
}

// unknownSection returns the error for a section that is not there; it names the closest one.
func (l *loader) unknownSection(name string) error {
	near := closest(name, l.keys, func(k *Key) string { return k.Section })
	return fmt.Errorf("%w; the closest known is [%s]", ErrUnknownSection, near.Section)
}

// unknownKey returns the error for a key that is not in the section; it names the key of that name in another section,
// or else the closest one in this section.
func (l *loader) unknownKey(section, name string) error {
	i := slices.IndexFunc(l.keys, func(k Key) bool { return k.Name == name })
	if i >= 0 {
		return fmt.Errorf("%w; it is known in [%s]", ErrUnknownKey, l.keys[i].Section)
	}
	own := slices.DeleteFunc(slices.Clone(l.keys), func(k Key) bool { return k.Section != section })
	near := closest(name, own, func(k *Key) string { return k.Name })
	return fmt.Errorf("%w; the closest known is %s", ErrUnknownKey, near.Name)
}

// closest returns the key of which one name (as nameOf tells it) is the fewest edits away from name; of several, the
// first. keys must not be empty.
func closest(name string, keys []Key, nameOf func(*Key) string) *Key {
	name = shorten(name) // what is longer is like nothing; the cut bounds the work
	best, fewest := &keys[0], -1
	for i := range keys {
		if d := edits(name, nameOf(&keys[i])); fewest < 0 || d < fewest {
			best, fewest = &keys[i], d
		}
	}
	return best
}

// edits counts the bytes to insert, delete or replace that turn a into b (Levenshtein).
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
