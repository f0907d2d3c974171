package e2e_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// compared is what the tests read of a report.
type compared struct {
	Contests []struct {
		ID    string
		Sides []struct {
			Label    string
			Missing  string
			Requests int
			Failed   int
		}
		Lines []struct{ What, Verdict, Why string }
	}
}

// compareTiny runs every comparison with tiny counts and returns its report.
func compareTiny(t *testing.T, args ...string) (status int, r compared, dir string) {
	t.Helper()
	dir = t.TempDir()
	args = append([]string{"bench", "compare", "-rounds", "1", "-time", "20ms", "-subjects", "300", "-large", "600", "-values", "100000",
		"-restart-values", "100000", "-passing", "2000", "-full", "-quiet", "-json", filepath.Join(dir, "report.json"), "-o", filepath.Join(dir, "report.md"),
		"-dir", dir}, args...)
	status, out, errs := run(t, args...)
	text, err := os.ReadFile(filepath.Join(dir, "report.json"))
	if err != nil {
		t.Fatalf("%v\n%s%s", err, out, errs)
	}
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	return status, r, dir
}

func TestAComparisonMeasuresOrNamesEverySide(t *testing.T) {
	status, r, dir := compareTiny(t)
	if status > 1 {
		t.Errorf("exit status %d", status)
	}
	failed, ids := 0, map[string]bool{}
	for _, c := range r.Contests {
		ids[c.ID] = true
		for _, s := range c.Sides {
			if s.Failed > 0 {
				t.Errorf("%s %s: %d of %d requests failed", c.ID, s.Label, s.Failed, s.Requests)
			}
			if s.Missing == "" && s.Requests == 0 && c.ID != "P13" {
				t.Errorf("%s %s: neither measured nor named as missing", c.ID, s.Label)
			}
		}
		for _, l := range c.Lines {
			if l.Verdict == "FAILED" {
				failed++
			}
			if l.Verdict == "not measured" && l.Why == "" {
				t.Errorf("%s %s: not measured without a reason", c.ID, l.What)
			}
		}
	}
	if !ids["P1"] || !ids["P13"] || !ids["Q5"] {
		t.Errorf("rows %v are not all", ids)
	}
	if (status == 1) != (failed > 0) {
		t.Errorf("exit status %d with %d figures that are not what they must be", status, failed)
	}
	left, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range left {
		if strings.HasPrefix(entry.Name(), "kamaitachi-compare-") {
			t.Errorf("%s is left behind", entry.Name())
		}
	}
}

func TestAPeerThatIsNotThereIsNamed(t *testing.T) {
	_, r, _ := compareTiny(t, "-only", "P2", "-redis", filepath.Join(t.TempDir(), "redis-server"))
	for _, c := range r.Contests {
		i := slices.IndexFunc(c.Lines, func(l struct{ What, Verdict, Why string }) bool { return strings.Contains(l.What, "redis-get") })
		if i < 0 || c.Lines[i].Verdict != "not measured" || !strings.Contains(c.Lines[i].Why, "redis-server") {
			t.Errorf("lines %+v do not name it", c.Lines)
		}
		if c.Lines[0].Verdict == "not measured" {
			t.Errorf("the others were not measured: %+v", c.Lines[0])
		}
	}
}
