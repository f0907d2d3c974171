package engine

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// newCatalog indexes tables by name and number.
func newCatalog(tables []*protocol.Table, version uint64) *catalog {
	c := &catalog{
		version: version,
		tables:  tables,
		columns: make([]*names, len(tables)),
		byName:  make(map[string]int, len(tables)),
		byNum:   make(map[uint32]int, len(tables)),
	}
	for slot, t := range tables {
		c.byName[t.Name], c.byNum[t.Number] = slot, slot
		c.columns[slot] = namesOf(t)
	}
	return c
}

// names are the ids and codes of a table's indicators. Each query looks up a few: in a map those were 3 % of a ranking of 50.
type names struct {
	keys    *keyTable // name -> its place in the lists
	list    []string
	columns []int
}

func namesOf(t *protocol.Table) *names {
	n := &names{keys: newKeyTable(randomSeed(), 64)}
	for col, ind := range t.Indicators {
		n.add(ind.ID, col)
		if ind.Code != "" {
			n.add(ind.Code, col)
		}
	}
	return n
}

// add adds a name. An indicator may have its id as its code.
func (n *names) add(name string, column int) {
	if _, ok := n.column(name); ok {
		return
	}
	n.keys = n.keys.insert(name, uint32(len(n.list)))
	n.list, n.columns = append(n.list, name), append(n.columns, column)
}

func (n *names) at(i uint32) string { return n.list[i] }

func (n *names) column(name string) (column int, ok bool) {
	i, ok := n.keys.find(name, n.at)
	if !ok {
		return 0, false
	}
	return n.columns[i], true
}

// growCatalog returns c grown by a write, or why it cannot be; c is left as it is. Tables keep their slots.
func growCatalog(c *catalog, p *protocol.PutTables, version uint64) (*catalog, error) {
	tables := slices.Clone(c.tables)
	for i := range p.Tables {
		var err error
		if tables, err = growTables(tables, &p.Tables[i]); err != nil {
			return nil, fmt.Errorf("table %q: %w", p.Tables[i].Name, err)
		}
	}
	return newCatalog(tables, version), nil
}

// growTables returns tables with t created or grown.
func growTables(tables []*protocol.Table, t *protocol.Table) ([]*protocol.Table, error) {
	slot := slices.IndexFunc(tables, func(have *protocol.Table) bool { return have.Name == t.Name })
	if slot < 0 {
		fresh, err := createTable(tables, t)
		if err != nil {
			return nil, err
		}
		slot, tables = len(tables), append(tables, fresh)
	} else if t.Number != 0 && t.Number != tables[slot].Number {
		return nil, badRequest("has number %d, not %d", tables[slot].Number, t.Number)
	}
	grown := *tables[slot]
	grown.Indicators = slices.Clone(grown.Indicators)
	for i := range t.Indicators {
		if err := addIndicator(&grown, t.Indicators[i]); err != nil {
			return nil, err
		}
	}
	tables[slot] = &grown
	return tables, nil
}

// createTable returns t as a new table without indicators.
func createTable(tables []*protocol.Table, t *protocol.Table) (*protocol.Table, error) {
	if err := checkName("table name", t.Name); err != nil {
		return nil, err
	}
	if allDigits(t.Name) {
		return nil, badRequest("a name of digits would be taken for a number")
	}
	if len(tables) >= protocol.MaxTables {
		return nil, badRequest("there are %d tables already, at most %d are allowed", len(tables), protocol.MaxTables)
	}
	fresh := &protocol.Table{Number: t.Number, Name: strings.Clone(t.Name), DefaultReportType: protocol.DefaultReportType}
	if t.DefaultReportType != "" {
		if err := checkName("default report type", t.DefaultReportType); err != nil {
			return nil, err
		}
		fresh.DefaultReportType = strings.Clone(t.DefaultReportType)
	}
	greatest := uint32(0)
	for _, have := range tables {
		if have.Number == t.Number {
			return nil, badRequest("number %d is that of table %q", t.Number, have.Name)
		}
		greatest = max(greatest, have.Number)
	}
	if fresh.Number == 0 {
		fresh.Number = greatest + 1
	}
	if fresh.Number == 0 {
		return nil, badRequest("no table number is free")
	}
	return fresh, nil
}

// addIndicator appends an indicator unless the table has one of that id.
func addIndicator(t *protocol.Table, ind protocol.Indicator) error {
	if slices.ContainsFunc(t.Indicators, func(have protocol.Indicator) bool { return have.ID == ind.ID }) {
		return nil
	}
	if err := checkIndicatorName("indicator id", ind.ID); err != nil {
		return err
	}
	if ind.Code != "" {
		if err := checkIndicatorName("indicator code", ind.Code); err != nil {
			return err
		}
	}
	for _, text := range []string{ind.Title, ind.Unit} {
		if err := checkText("indicator "+strconv.Quote(ind.ID), text); err != nil {
			return err
		}
	}
	for _, have := range t.Indicators {
		if have.Code == ind.ID || ind.Code != "" && (have.ID == ind.Code || have.Code == ind.Code) {
			return badRequest("indicator %q with code %q: the name is taken by %q with code %q",
				ind.ID, ind.Code, have.ID, have.Code)
		}
	}
	if len(t.Indicators) >= protocol.MaxIndicators {
		return badRequest("indicator %q: at most %d indicators are allowed", ind.ID, protocol.MaxIndicators)
	}
	t.Indicators = append(t.Indicators, protocol.Indicator{
		ID: strings.Clone(ind.ID), Code: strings.Clone(ind.Code),
		Title: strings.Clone(ind.Title), Unit: strings.Clone(ind.Unit),
	})
	return nil
}

func checkIndicatorName(what, name string) error {
	return refused(what, name, protocol.CheckIndicator(name))
}
