package engine

import (
	"strings"
	"sync"
)

// dictionary numbers the distinct texts of a column that repeats a few of them (report types, periods). Numbers are
// given by the one writer and never taken back; readers see the texts that their root's slice holds.
type dictionary struct {
	numbers sync.Map // string -> uint32
	texts   []string // writer only; roots hold prefixes of it
}

// linearNames is up to how many texts a reader searches one by one, which needs no allocation.
const linearNames = 64

// intern returns the number of text, giving it one if need be. Only the writer calls it.
func (d *dictionary) intern(text string) uint32 {
	if n, ok := d.numbers.Load(text); ok {
		return n.(uint32)
	}
	if len(d.texts) == maxNames {
		// 33 million distinct names need gigabytes of rows first; beyond that no answer could be right.
		panic("engine: more than 33 million distinct report types or periods")
	}
	text = strings.Clone(text)
	n := uint32(len(d.texts))
	d.texts = append(d.texts, text)
	d.numbers.Store(text, n)
	return n
}

// find returns the number of text if it is among texts, a prefix of d.texts as a root holds it.
func (d *dictionary) find(texts []string, text string) (uint32, bool) {
	if len(texts) <= linearNames {
		for i, t := range texts {
			if t == text {
				return uint32(i), true
			}
		}
		return 0, false
	}
	n, ok := d.numbers.Load(text)
	if !ok || n.(uint32) >= uint32(len(texts)) {
		return 0, false
	}
	return n.(uint32), true
}
