package dataset

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// compile gives each column of a foreign header its actions, and the assembler what the mapping says besides. Every
// column must have a use or be ignored, and every column that the mapping uses must be there.
func (m *Mapping) compile(header []string, a *assembler, o *SourceOptions) ([][]*action, error) {
	unused := maps.Clone(m.uses)
	values := maps.Clone(m.indicators)
	var plan [][]*action
	for _, name := range header {
		var actions []*action
		for _, act := range m.uses[name] {
			own := *act // a mapping may serve several sources
			actions = append(actions, &own)
		}
		if id, ok := m.indicators[name]; ok {
			act, err := a.valueAction(name, id)
			if err != nil {
				return nil, err
			}
			actions = append(actions, act)
		}
		if actions == nil && !m.ignored[name] {
			return nil, fmt.Errorf("%w %q: mapping %s does not mention it; list it under [indicators] or [ignore]",
				ErrUnknownColumn, name, m.name)
		}
		plan = append(plan, actions)
		delete(unused, name)
		delete(values, name)
	}
	if missing := append(slices.Sorted(maps.Keys(unused)), slices.Sorted(maps.Keys(values))...); len(missing) > 0 {
		return nil, fmt.Errorf("%w %s: the file has no column %s", ErrMapping, m.name, strings.Join(missing, ", "))
	}
	a.constants, a.reportType, a.period = m.constants, m.reportType, m.period
	a.skipNoSubject, a.skipNoDate = m.skipNoSubject, m.skipNoDate
	return plan, m.readNames(a, o)
}

// valueAction returns the action of a column that is an indicator under another name.
func (a *assembler) valueAction(column, id string) (*action, error) {
	slot, old, err := a.columns.resolve(id)
	if err == nil && old {
		err = fmt.Errorf("%w: column %q is the indicator %s, which another column already is", ErrHeader, column, id)
	}
	return &action{kind: kindValue, column: column, slot: slot}, err
}

// readNames reads the file that says what the subjects are called.
func (m *Mapping) readNames(a *assembler, o *SourceOptions) error {
	if m.join == nil {
		return nil
	}
	if o.Names == nil {
		return fmt.Errorf("%w %s: it needs the file of names %s, which cannot be opened here", ErrMapping, m.name, m.join.file)
	}
	in, err := o.Names(m.join.file)
	if err != nil {
		return fmt.Errorf("%w %s: file of names (without it, take [names] out of the mapping): %w", ErrMapping, m.name, err)
	}
	defer in.Close()
	if a.names, err = m.join.read(in); err != nil {
		return fmt.Errorf("file of names %s: %w", m.join.file, err)
	}
	return nil
}

// read returns the names by key. Of several names of one key the last counts; a bad row is an error.
func (j *join) read(in Input) (map[string]string, error) {
	s, header, err := openCSV(in)
	if err != nil {
		return nil, err
	}
	key, name := slices.Index(header, j.key), slices.Index(header, j.name)
	if key < 0 || name < 0 {
		return nil, fmt.Errorf("%w: it needs the columns %s and %s", ErrHeader, j.key, j.name)
	}
	names := map[string]string{}
	for {
		fields, err := s.readRecord()
		if err == io.EOF {
			return names, nil
		}
		if err == nil && len(fields) != len(header) {
			err = ErrFields
		}
		if err == nil && len(names) >= MaxNames {
			err = ErrTooMany
		}
		if err == nil {
			err = protocol.CheckText(borrow(fields[name]))
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", s.line, err)
		}
		if len(fields[name]) > 0 {
			names[trim(string(fields[key]))] = string(fields[name])
		}
	}
}
