package archtest

import (
	"os"
	"testing"
)

// exceptions excuse what is longer than the rules allow. Each says why it may be.
var exceptions = []Exception{}

func TestTheModuleKeepsTheHouseRules(t *testing.T) {
	sources, err := Read(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	if len(sources) < 10 {
		t.Fatalf("read %d files: this is not the module", len(sources))
	}
	faults, unused := Check(sources, exceptions)
	for _, f := range faults {
		t.Error(f)
	}
	for _, e := range unused {
		t.Errorf("the exception %q excuses nothing: take it out", e.Name)
	}
}
