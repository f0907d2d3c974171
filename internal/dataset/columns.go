package dataset

import (
	"fmt"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// columns knows which names are indicators of the table and gives each one that a file uses its place in
// Report.Values.
type columns struct {
	table   string
	create  bool
	known   map[string]int // id or code -> place in the table; created ones follow behind
	width   int            // of the table, with created ones
	places  map[int]int    // place in the table -> column
	ids     []string       // per column the name that was used first
	created []string
}

func newColumns(t *protocol.Table, create bool) *columns {
	c := &columns{table: t.Name, create: create, known: map[string]int{}, places: map[int]int{}, width: len(t.Indicators)}
	for i := range t.Indicators {
		c.known[t.Indicators[i].ID] = i
		if code := t.Indicators[i].Code; code != "" {
			c.known[code] = i
		}
	}
	return c
}

// resolve returns the column of an indicator, and whether it was there already, perhaps by its other name.
func (c *columns) resolve(name string) (column int, old bool, err error) {
	place, ok := c.known[name]
	if !ok {
		if place, err = c.add(name); err != nil {
			return 0, false, err
		}
	}
	if column, old = c.places[place]; old {
		return column, true, nil
	}
	column = len(c.ids)
	c.places[place] = column
	c.ids = append(c.ids, name)
	return column, false, nil
}

// add makes an unknown name a new indicator, where that is asked for.
func (c *columns) add(name string) (place int, err error) {
	if err := protocol.CheckIndicator(name); err != nil {
		return 0, fmt.Errorf("%w %q: it cannot be an indicator: %w", ErrUnknownColumn, name, err)
	}
	if !c.create {
		return 0, fmt.Errorf("%w %q: table %s has no such indicator; -create adds it", ErrUnknownColumn, name, c.table)
	}
	if c.width >= protocol.MaxIndicators {
		return 0, fmt.Errorf("%w %q: table %s has %d indicators, and more are not allowed", ErrUnknownColumn, name,
			c.table, c.width)
	}
	place = c.width
	c.known[name] = place
	c.created = append(c.created, name)
	c.width++
	return place, nil
}
