package oracletest

import (
	"regexp"
	"slices"
	"testing"
)

func TestTheOraclePassesTheDirectedCases(t *testing.T) { RunCases(t, newModelTarget) }

// TestDirectedCasesCatchMutants shows that the directed cases have teeth of their own. Left out are the mutants that
// only a large or long history meets.
func TestDirectedCasesCatchMutants(t *testing.T) {
	for _, m := range allMutants() {
		t.Run(m.name, func(t *testing.T) {
			caught := slices.ContainsFunc(Cases(), func(c Case) bool { return c.Run(m.open()) != "" })
			if needsSize := slices.Contains(onlyAtRandom, m.name); caught == needsSize {
				t.Errorf("caught by a directed case: %v, expected only at random: %v", caught, needsSize)
			}
		})
	}
}

// onlyAtRandom are mutants that no directed case is made for.
var onlyAtRandom = []string{"rows past the thousandth of a put are lost"}

func TestEveryRuleHasCases(t *testing.T) {
	rules := regexp.MustCompile(`^rule (\d+)`)
	count := map[string]int{}
	for _, c := range Cases() {
		if m := rules.FindStringSubmatch(c.Name); m != nil {
			count[m[1]]++
		}
	}
	for _, rule := range []string{
		"1", "2", "3", "4", "5", "6", "7", "8", "9", "11", "12", "13", "14", "15", "16", "17", "18", "19", "20", "21", "22",
	} {
		if count[rule] < 2 {
			t.Errorf("rule %s has %d cases, want at least 2", rule, count[rule])
		}
	}
}

func TestCaseNamesAreDistinct(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range Cases() {
		if seen[c.Name] {
			t.Errorf("two cases are called %q", c.Name)
		}
		seen[c.Name] = true
	}
}
