package torture

import (
	"testing"

	"github.com/anishathalye/porcupine"
)

// The judge must be able to say no, and must know what an unknown outcome allows.
func TestHistoriesOfARegisterAreJudged(t *testing.T) {
	wrote := func(value float64, began, ended int64) operation {
		return operation{write: true, value: value, began: began, ended: ended}
	}
	lost := func(value float64, began, ended int64) operation {
		return operation{write: true, value: value, began: began, ended: ended, unknown: true}
	}
	read := func(value float64, began, ended int64) operation {
		return operation{value: value, began: began, ended: ended}
	}
	for _, test := range []struct {
		name    string
		history []operation
		want    bool
	}{
		{"a read of what was written", []operation{wrote(1, 0, 1), read(1, 2, 3)}, true},
		{"a read of what was there before", []operation{wrote(1, 0, 1), read(0, 2, 3)}, false},
		{"a read beside the write sees either", []operation{wrote(1, 0, 9), read(0, 2, 3), read(1, 4, 5)}, true},
		{"a read beside the write goes back", []operation{wrote(1, 0, 9), read(1, 2, 3), read(0, 4, 5)}, false},
		{"a value that nobody wrote", []operation{read(7, 2, 3)}, false},
		{"a lost write that nobody sees", []operation{lost(1, 0, 1), read(0, 2, 3)}, true},
		{"a lost write that takes effect late", []operation{lost(1, 0, 1), read(0, 2, 3), wrote(2, 4, 5), read(1, 6, 7)}, true},
		{"a lost write that takes effect twice", []operation{lost(1, 0, 1), read(1, 2, 3), wrote(2, 4, 5), read(1, 6, 7)}, false},
	} {
		b := bank{round: test.history}
		if got := porcupine.CheckOperations(registerModel(0), b.history(0)); got != test.want {
			t.Errorf("%s: judged %t, want %t", test.name, got, test.want)
		}
	}
}
