package conf

import (
	"errors"
	"os"
	"testing"
)

// isKnown tells whether err wraps one of the sentinels of this package.
func isKnown(err error) bool {
	for _, sentinel := range []error{ErrUnreadable, ErrSyntax, ErrUnknownSection, ErrUnknownKey, ErrDuplicateKey, ErrBadValue,
		ErrConflict, ErrInsecure, ErrUnsupported, ErrMissing} {
		if errors.Is(err, sentinel) {
			return true
		}
	}
	return false
}

// FuzzLoad feeds files, environments and flags: what is refused is refused by name, what loads prints and loads again.
func FuzzLoad(f *testing.F) {
	for _, name := range shipped {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text), "KAMAITACHI_SERVER_PORT=0", "log.level=debug")
	}
	f.Add("[log]\nfile = `a` ; b\n[log]\nfile = \"\"\"x\ny\"\"\"", "KAMAITACHI_=", ".=")
	f.Add("\xef\xbb\xbf[server]\r\nport = 1\r\n- = 2", "KAMAITACHI_LOG_FILE='\"", "a.b.c==")
	f.Fuzz(func(t *testing.T, text, env, set string) {
		c, err := load([]byte(text), "", "fuzz.ini", LoadOptions{Env: []string{env}, Set: []string{set}})
		if err != nil {
			if !isKnown(err) {
				t.Fatalf("no sentinel: %v", err)
			}
			return
		}
		again, err := load([]byte(printed(t, c)), "", "printed.ini", LoadOptions{})
		if err != nil {
			t.Fatalf("%v\n%s", err, printed(t, c))
		}
		was, is := texts(c), texts(again)
		for id := range was {
			if was[id] != is[id] {
				t.Fatalf("%s was %q, is %q", id, was[id], is[id])
			}
		}
	})
}

// FuzzCatalog feeds catalogs: what loads is what a store takes.
func FuzzCatalog(f *testing.F) {
	f.Add(goodCatalog)
	f.Add("[table.a.indicators.indicators]\n- = |||\n[table.]")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > MaxFileBytes {
			return
		}
		tables, err := parseCatalog([]byte(text), "fuzz")
		if err != nil {
			if !isKnown(err) {
				t.Fatalf("no sentinel: %v", err)
			}
			return
		}
		numbers := map[uint32]bool{}
		for _, table := range tables {
			if table.Number == 0 || numbers[table.Number] || isDigits(table.Name) || len(table.Indicators) == 0 {
				t.Fatalf("loaded %+v", tables)
			}
			numbers[table.Number] = true
			checkIndicators(t, table.Name, len(table.Indicators), func(i int) (string, string) {
				return table.Indicators[i].ID, table.Indicators[i].Code
			})
		}
	})
}

// checkIndicators fails when an id or code names two indicators of a table.
func checkIndicators(t *testing.T, table string, n int, at func(int) (id, code string)) {
	t.Helper()
	owner := map[string]int{}
	for i := range n {
		id, code := at(i)
		for _, name := range []string{id, code} {
			if name == "" {
				continue
			}
			if other, taken := owner[name]; taken && other != i {
				t.Fatalf("table %s: %q names two indicators", table, name)
			}
			owner[name] = i
		}
	}
}
