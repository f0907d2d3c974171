package dataset

import (
	"fmt"
	"strings"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// layoutTokens are what a date layout is made of, and what time.Parse calls them.
var layoutTokens = strings.NewReplacer("YYYY", "2006", "MM", "01", "DD", "02", "hh", "15", "mm", "04", "ss", "05")

// secondsLayout is the layout of UTC seconds.
const secondsLayout = "seconds"

// parseLayout reads a layout such as YYYY-MM-DD, DD.MM.YYYY, YYYYMMDDhhmmss or seconds. Empty is canonical.
func parseLayout(text string) (layout, error) {
	if text == secondsLayout {
		return layout{seconds: true}, nil
	}
	rest := strings.NewReplacer("YYYY", "", "MM", "", "DD", "", "hh", "", "mm", "", "ss", "").Replace(text)
	if strings.Trim(rest, "-./: T") != "" {
		return layout{}, fmt.Errorf("layout %q: expected YYYY, MM, DD, hh, mm, ss with - . / : T or a space between, or seconds", text)
	}
	return layout{pattern: layoutTokens.Replace(text)}, nil
}

func (p *mappingParser) subject(s section) error {
	if s.values["column"] == "" {
		return fmt.Errorf("column is missing")
	}
	return p.use(s.values["column"], action{kind: kindSubject, prefix: s.values["prefix"]})
}

func (p *mappingParser) reportDate(s section) error {
	if s.values["column"] == "" {
		return fmt.Errorf("column is missing")
	}
	return p.date(kindReportDate, s.values["column"], s.values["layout"])
}

func (p *mappingParser) declareDate(s section) error {
	if column := s.values["column"]; column != "" {
		if err := p.date(kindDeclareDate, column, s.values["layout"]); err != nil {
			return err
		}
	} else if len(s.order) > 0 {
		return fmt.Errorf("column is missing")
	}
	if column := s.values["time"]; column != "" {
		if s.values["time_layout"] == "" {
			return fmt.Errorf("time_layout is missing")
		}
		return p.date(kindDeclareTime, column, s.values["time_layout"])
	}
	return nil
}

func (p *mappingParser) date(k kind, column, text string) error {
	l, err := parseLayout(text)
	if err != nil {
		return err
	}
	return p.use(column, action{kind: k, layout: l})
}

func (p *mappingParser) reportTypes(s section) (err error) {
	p.reportType, err = p.translated(s, kindReportType)
	return err
}

func (p *mappingParser) periods(s section) (err error) {
	p.period, err = p.translated(s, kindPeriod)
	return err
}

// translated reads a section whose column may have values translated. It returns the constant where there is no column.
func (p *mappingParser) translated(s section, k kind) (constant string, err error) {
	act := action{kind: k, fallback: s.values["default"]}
	if act.fallback != "" {
		if err := protocol.CheckName(act.fallback); err != nil {
			return "", fmt.Errorf("default = %s: %w", act.fallback, err)
		}
	}
	if values := p.section(s.name + ".values"); len(values.values) > 0 {
		act.values = values.values
		for from, to := range act.values {
			if err := protocol.CheckName(to); err != nil {
				return "", fmt.Errorf("values: %s = %s: %w", from, to, err)
			}
		}
	}
	if s.values["column"] != "" {
		return "", p.use(s.values["column"], act)
	}
	if act.values != nil {
		return "", fmt.Errorf("column is missing")
	}
	return act.fallback, nil
}

func (p *mappingParser) year(s section) error {
	act := action{kind: kindYear}
	for _, key := range []string{"min", "max"} {
		text := s.values[key]
		if text == "" {
			continue
		}
		year, err := parseYear(text)
		if err != nil || year == 0 {
			return fmt.Errorf("%s = %s: expected a year from 1 to %d", key, text, protocol.MaxYear)
		}
		if key == "min" {
			act.min, act.max = year, protocol.MaxYear
		} else {
			act.max = year
		}
	}
	if act.min > act.max {
		return fmt.Errorf("min = %d is after max = %d", act.min, act.max)
	}
	if s.values["column"] == "" {
		if len(s.order) > 0 {
			return fmt.Errorf("column is missing")
		}
		return nil
	}
	return p.use(s.values["column"], act)
}

// constant reads what every subject has. The assembler of one empty row does the work, so that a constant is held to
// what a field is held to.
func (p *mappingParser) constant(s section) error {
	var a assembler
	for _, key := range s.order {
		act, err := attributeAction(key)
		if err == nil {
			err = a.set(act, s.values[key])
		}
		if err != nil {
			return fmt.Errorf("%s = %s: %w", key, s.values[key], err)
		}
	}
	p.constants = a.update
	return nil
}

func (p *mappingParser) attributes(s section) error {
	for _, key := range s.order {
		act, err := attributeAction(key)
		if err == nil && s.values[key] == "" {
			err = fmt.Errorf("column is missing")
		}
		if err == nil {
			err = p.use(s.values[key], *act)
		}
		if err != nil {
			return fmt.Errorf("%s = %s: %w", key, s.values[key], err)
		}
	}
	return nil
}

// attributeAction returns the action of an attribute of subjects.
func attributeAction(name string) (*action, error) {
	if tag, ok := strings.CutPrefix(name, protocol.TagPrefix); ok {
		return &action{kind: kindTag, tag: tag}, protocol.CheckName(tag)
	}
	if k := canonical[name]; k >= kindName && k <= kindTopics {
		return &action{kind: k}, nil
	}
	return nil, fmt.Errorf("no such attribute; known are name, status, listing_date, category, topics and %sKIND", protocol.TagPrefix)
}

func (p *mappingParser) names(s section) error {
	if len(s.order) == 0 {
		return nil
	}
	for _, key := range []string{"file", "key", "name", "column"} {
		if s.values[key] == "" {
			return fmt.Errorf("%s is missing", key)
		}
	}
	p.join = &join{file: s.values["file"], key: s.values["key"], name: s.values["name"]}
	return p.use(s.values["column"], action{kind: kindJoin})
}

func (p *mappingParser) values(s section) error {
	for _, column := range s.order {
		if err := protocol.CheckIndicator(s.values[column]); err != nil {
			return fmt.Errorf("%s = %s: %w", column, s.values[column], err)
		}
		p.indicators[column] = s.values[column]
	}
	return nil
}

func (p *mappingParser) ignore(s section) error {
	for _, column := range strings.Split(s.values["columns"], ",") {
		if column = strings.TrimSpace(column); column == "" {
			continue
		}
		if _, ok := p.indicators[column]; ok || p.uses[column] != nil {
			return fmt.Errorf("column %s has a use", column)
		}
		p.ignored[column] = true
	}
	return nil
}
