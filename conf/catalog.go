package conf

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// LoadCatalog returns the tables of the catalog file at path ("" = the built-in catalog.ini), by number:
//
//	[table.finance]
//	number = 1                                             ; greater than 0, of one table alone
//	default_report_type = 0408
//	[table.finance.indicators]
//	operating_income = 1001 | operating income | CNY      ; id = code | title | unit, in the table's order
//
// Code, title and unit may be empty. The error names the first thing that is wrong: file, section and key.
func LoadCatalog(path string) ([]protocol.Table, error) {
	data, source, err := readSource(path, "catalog.ini")
	if err != nil {
		return nil, err
	}
	return parseCatalog(data, source)
}

// The names of a table's two sections are tablePrefix + name, and the same + indicatorsSuffix.
const (
	tablePrefix      = "table."
	indicatorsSuffix = ".indicators"
)

func parseCatalog(data []byte, source string) ([]protocol.Table, error) {
	sections, err := parseINI(data, source)
	if err != nil {
		return nil, err
	}
	p := catalogParser{source: source, indicators: map[string][]protocol.Indicator{}}
	for _, s := range sections {
		name, isTable := strings.CutPrefix(s.name, tablePrefix)
		owner, isIndicators := strings.CutSuffix(name, indicatorsSuffix)
		switch {
		case !isTable:
			err = p.fault(s.name, "", fmt.Errorf("%w; expected [%sNAME] or [%sNAME%s]",
				ErrUnknownSection, tablePrefix, tablePrefix, indicatorsSuffix))
		case isIndicators:
			p.indicators[owner], err = p.readIndicators(s)
		default:
			err = p.readTable(s, name)
		}
		if err != nil {
			return nil, err
		}
	}
	return p.join()
}

// catalogParser gathers the two sections of each table.
type catalogParser struct {
	source     string
	tables     []protocol.Table
	indicators map[string][]protocol.Indicator // by table name
}

// fault returns an *Error about a section, or about one of its keys.
func (p *catalogParser) fault(section, key string, err error) error {
	return &Error{Source: p.source, Section: section, Key: key, NoValue: true, Err: err}
}

// bad returns an *Error about a value.
func (p *catalogParser) bad(section, key, value, expect string) error {
	return &Error{Source: p.source, Section: section, Key: key, Value: value,
		Err: fmt.Errorf("%w: expected %s", ErrBadValue, expect)}
}

// refuse returns an *Error about a value, a part of which is refused for a reason of protocol's.
func (p *catalogParser) refuse(section string, v parsedValue, part string, reason error) error {
	return &Error{Source: p.source, Section: section, Key: v.key, Value: v.text,
		Err: fmt.Errorf("%w: %s: %w", ErrBadValue, part, reason)}
}

// readTable reads [table.NAME].
func (p *catalogParser) readTable(s parsedSection, name string) error {
	if err := protocol.CheckName(name); err != nil {
		return p.fault(s.name, "", fmt.Errorf("%w: the name of a table: %w", ErrBadValue, err))
	}
	if isDigits(name) {
		return p.fault(s.name, "", fmt.Errorf("%w: expected a name of a table that is not digits alone", ErrBadValue))
	}
	t := protocol.Table{Name: name}
	for _, v := range s.values {
		switch v.key {
		case "number":
			n, err := strconv.ParseUint(v.text, 10, 32)
			if err != nil || n == 0 {
				return p.bad(s.name, v.key, v.text, "a whole number from 1")
			}
			t.Number = uint32(n)
		case "default_report_type":
			if err := protocol.CheckName(v.text); err != nil {
				return p.refuse(s.name, v, "a report type", err)
			}
			t.DefaultReportType = v.text
		default:
			return p.fault(s.name, v.key, fmt.Errorf("%w; known are number and default_report_type", ErrUnknownKey))
		}
	}
	if t.Number == 0 {
		return p.fault(s.name, "number", ErrMissing)
	}
	if t.DefaultReportType == "" {
		return p.fault(s.name, "default_report_type", ErrMissing)
	}
	if i := slices.IndexFunc(p.tables, func(o protocol.Table) bool { return o.Number == t.Number }); i >= 0 {
		return &Error{Source: p.source, Section: s.name, Key: "number", Value: fmt.Sprint(t.Number),
			Err: fmt.Errorf("%w: [%s%s] has this number", ErrConflict, tablePrefix, p.tables[i].Name)}
	}
	p.tables = append(p.tables, t)
	return nil
}

// readIndicators reads [table.NAME.indicators]. Ids and codes share one namespace.
func (p *catalogParser) readIndicators(s parsedSection) ([]protocol.Indicator, error) {
	if len(s.values) > protocol.MaxIndicators {
		return nil, p.fault(s.name, "", fmt.Errorf("%w: %d indicators; expected at most %d",
			ErrBadValue, len(s.values), protocol.MaxIndicators))
	}
	list := make([]protocol.Indicator, 0, len(s.values))
	owner := map[string]string{} // id or code -> id
	for _, v := range s.values {
		ind, err := p.readIndicator(s.name, v)
		if err != nil {
			return nil, err
		}
		names := []string{ind.ID, ind.Code}
		if ind.Code == "" || ind.Code == ind.ID {
			names = names[:1]
		}
		for _, name := range names {
			if other, taken := owner[name]; taken {
				return nil, &Error{Source: p.source, Section: s.name, Key: v.key, Value: v.text,
					Err: fmt.Errorf("%w: %s is the id or code of %s", ErrConflict, name, other)}
			}
			owner[name] = ind.ID
		}
		list = append(list, ind)
	}
	return list, nil
}

// readIndicator reads id = code | title | unit.
func (p *catalogParser) readIndicator(section string, v parsedValue) (protocol.Indicator, error) {
	if err := checkKey(v.key); err != nil {
		return protocol.Indicator{}, p.fault(section, v.key, fmt.Errorf("%w: the id of an indicator: %w", ErrBadValue, err))
	}
	parts := strings.Split(v.text, "|")
	if len(parts) > 3 {
		return protocol.Indicator{}, p.bad(section, v.key, v.text, "code | title | unit")
	}
	parts = append(parts, "", "")
	ind := protocol.Indicator{
		ID:    v.key,
		Code:  strings.TrimSpace(parts[0]),
		Title: strings.TrimSpace(parts[1]),
		Unit:  strings.TrimSpace(parts[2]),
	}
	if ind.Code != "" {
		if err := protocol.CheckIndicator(ind.Code); err != nil {
			return ind, p.refuse(section, v, "the code", err)
		}
	}
	if err := protocol.CheckText(ind.Title); err != nil {
		return ind, p.refuse(section, v, "the title", err)
	}
	if err := protocol.CheckText(ind.Unit); err != nil {
		return ind, p.refuse(section, v, "the unit", err)
	}
	return ind, nil
}

// join gives the tables their indicators and sorts them by number.
func (p *catalogParser) join() ([]protocol.Table, error) {
	for i := range p.tables {
		t := &p.tables[i]
		list, ok := p.indicators[t.Name]
		if !ok || len(list) == 0 {
			return nil, p.fault(tablePrefix+t.Name+indicatorsSuffix, "", fmt.Errorf("%w: a table needs indicators", ErrMissing))
		}
		t.Indicators = list
		delete(p.indicators, t.Name)
	}
	for _, name := range slices.Sorted(maps.Keys(p.indicators)) {
		return nil, p.fault(tablePrefix+name, "", fmt.Errorf("%w: its indicators are there", ErrMissing))
	}
	if len(p.tables) == 0 || len(p.tables) > protocol.MaxTables {
		return nil, fmt.Errorf("%s: %w: %d tables; expected 1 to %d", p.source, ErrBadValue, len(p.tables), protocol.MaxTables)
	}
	slices.SortFunc(p.tables, func(a, b protocol.Table) int { return int(int64(a.Number) - int64(b.Number)) })
	return p.tables, nil
}

// errComment refuses a name that no file can hold in front of a line. ini.v1 makes such a name of a lone dash.
var errComment = errors.New("it begins with a #, as a comment does")

// checkKey tells why text cannot be the id of an indicator.
func checkKey(text string) error {
	if strings.HasPrefix(text, "#") {
		return errComment
	}
	return protocol.CheckIndicator(text)
}

func isDigits(text string) bool {
	return strings.Trim(text, "0123456789") == ""
}
