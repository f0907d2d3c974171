package dataset

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"

	"github.com/kamaitachi/kamaitachi/conf/maps"
	"github.com/kamaitachi/kamaitachi/protocol"
	"gopkg.in/ini.v1"
)

// Mapping tells what the columns of a foreign CSV are. conf/maps/README.md lists the keys of its file.
type Mapping struct {
	name       string
	uses       map[string][]*action // by column
	constants  protocol.SubjectUpdate
	reportType string            // constant
	period     string            // constant
	indicators map[string]string // column -> indicator
	ignored    map[string]bool

	skipNoSubject bool
	skipNoDate    bool
	join          *join
}

// join names the file that says what subjects are called.
type join struct {
	file, key, name string
}

// LoadMapping returns the shipped mapping of that name (maps.Names), else the one in the file at that path.
func LoadMapping(name string) (*Mapping, error) {
	if text, ok := maps.Text(name); ok {
		return ParseMapping(text, name)
	}
	f, err := os.Open(name)
	if os.IsNotExist(err) {
		return nil, fmt.Errorf("%w %s: no such file; shipped are %s", ErrMapping, name, strings.Join(maps.Names(), ", "))
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMapping, err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, MaxMappingBytes+1))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMapping, err)
	}
	return ParseMapping(text, name)
}

// ParseMapping reads a mapping. The name is how errors call it.
func ParseMapping(text []byte, name string) (*Mapping, error) {
	if len(text) > MaxMappingBytes {
		return nil, fmt.Errorf("%w %s: larger than %d bytes", ErrMapping, name, MaxMappingBytes)
	}
	file, err := ini.LoadSources(ini.LoadOptions{
		KeyValueDelimiters:         "=",
		IgnoreContinuation:         true,
		AllowShadows:               true, // to see what is given twice
		AllowDuplicateShadowValues: true,
	}, text)
	if err != nil {
		return nil, fmt.Errorf("%w %s: %w", ErrMapping, name, err)
	}
	m := &Mapping{name: name, uses: map[string][]*action{}, indicators: map[string]string{}, ignored: map[string]bool{}}
	p := mappingParser{Mapping: m, file: file}
	if err := p.parse(); err != nil {
		return nil, fmt.Errorf("%w %s: %w", ErrMapping, name, err)
	}
	return m, nil
}

// mappingParser reads the sections of a mapping file.
type mappingParser struct {
	*Mapping
	file *ini.File
}

// section reads one section.
type section struct {
	name   string
	values map[string]string
	order  []string
}

// freeSections have keys of the user's choice; the others list theirs.
var fixedKeys = map[string]string{
	"rows":         "without_subject without_report_date",
	"subject":      "column prefix",
	"report_date":  "column layout",
	"declare_date": "column layout time time_layout",
	"report_type":  "column default",
	"period":       "column default",
	"year":         "column min max",
	"names":        "file key name column",
	"ignore":       "columns",
}

// freeSections are those with keys of the user's choice.
const freeSections = "report_type.values period.values constants attributes indicators"

func (p *mappingParser) parse() error {
	for _, s := range p.file.Sections() {
		if s.Name() == ini.DefaultSection && len(s.Keys()) == 0 {
			continue
		}
		if err := checkSection(s); err != nil {
			return fmt.Errorf("[%s]: %w", s.Name(), err)
		}
	}
	for _, step := range []struct {
		section string
		read    func(section) error
	}{
		{"rows", p.rows}, {"subject", p.subject}, {"report_date", p.reportDate}, {"declare_date", p.declareDate},
		{"report_type", p.reportTypes}, {"period", p.periods}, {"year", p.year}, {"constants", p.constant},
		{"attributes", p.attributes}, {"names", p.names}, {"indicators", p.values}, {"ignore", p.ignore},
	} {
		if err := step.read(p.section(step.section)); err != nil {
			return fmt.Errorf("[%s]: %w", step.section, err)
		}
	}
	return nil
}

// checkSection refuses what this version does not know.
func checkSection(s *ini.Section) error {
	fixed, ok := fixedKeys[s.Name()]
	if !ok && !hasWord(freeSections, s.Name()) {
		return fmt.Errorf("unknown section")
	}
	for _, k := range s.Keys() {
		if len(k.ValueWithShadows()) > 1 {
			return fmt.Errorf("%s is given twice", k.Name())
		}
		if ok && !hasWord(fixed, k.Name()) {
			return fmt.Errorf("unknown key %s; known are %s", k.Name(), strings.ReplaceAll(fixed, " ", ", "))
		}
	}
	return nil
}

func hasWord(words, word string) bool {
	for w := range strings.FieldsSeq(words) {
		if w == word {
			return true
		}
	}
	return false
}

// section returns a section's keys and raw values; without such a section there are none.
func (p *mappingParser) section(name string) section {
	s := section{name: name, values: map[string]string{}}
	if !p.file.HasSection(name) {
		return s
	}
	for _, k := range p.file.Section(name).Keys() {
		s.values[k.Name()] = k.Value()
		s.order = append(s.order, k.Name())
	}
	return s
}

// partOf matches a column of which only a part is meant: focus[4:], acceptance[0:8].
var partOf = regexp.MustCompile(`^(.+)\[(\d*):(\d*)\]$`)

// use gives a column an action.
func (p *mappingParser) use(column string, act action) error {
	if match := partOf.FindStringSubmatch(column); match != nil {
		column = match[1]
		act.from, _ = strconv.Atoi(match[2]) // empty = 0
		act.to, _ = strconv.Atoi(match[3])
		if act.from >= MaxRowBytes || act.to >= MaxRowBytes || act.to != 0 && act.from >= act.to {
			return fmt.Errorf("%s: there is nothing from byte %s to byte %s", match[0], match[2], match[3])
		}
	}
	act.column = column
	p.uses[column] = append(p.uses[column], &act)
	return nil
}

// skip reads reject or skip.
func (s section) skip(key string) (bool, error) {
	switch s.values[key] {
	case "", "reject":
		return false, nil
	case "skip":
		return true, nil
	}
	return false, fmt.Errorf("%s = %s: expected reject or skip", key, s.values[key])
}

func (p *mappingParser) rows(s section) (err error) {
	if p.skipNoSubject, err = s.skip("without_subject"); err == nil {
		p.skipNoDate, err = s.skip("without_report_date")
	}
	return err
}
