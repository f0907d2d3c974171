package conf

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"gopkg.in/ini.v1"
)

// MaxFileBytes is the largest configuration or catalog that is read.
const MaxFileBytes = 1 << 20

//go:embed *.ini
var builtin embed.FS

// readSource returns the text of the file at path, or of the built-in file when path is "", and how errors name it.
func readSource(path, builtinName string) (data []byte, source string, err error) {
	source = sourceName(path, builtinName)
	if path == "" {
		data, err = builtin.ReadFile(builtinName)
	} else {
		data, err = readBounded(path)
	}
	switch {
	case err != nil:
		return nil, source, fmt.Errorf("%w %s: %w", ErrUnreadable, source, err)
	case len(data) > MaxFileBytes:
		return nil, source, fmt.Errorf("%w %s: it is larger than %s", ErrUnreadable, source, formatSize(MaxFileBytes))
	case !utf8.Valid(data) || bytes.IndexByte(data, 0) >= 0:
		return nil, source, fmt.Errorf("%w %s: it is not UTF-8 text", ErrUnreadable, source)
	}
	return data, source, nil
}

// sourceName is how errors name a file.
func sourceName(path, builtinName string) string {
	if path == "" {
		return "built-in " + builtinName
	}
	return path
}

// readBounded reads one byte more than is allowed at most.
func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, reason(err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, MaxFileBytes+1))
	return data, reason(err)
}

// reason strips the operation and path from an error of os: the message that it becomes part of has the path.
func reason(err error) error {
	if e, ok := errors.AsType[*os.PathError](err); ok {
		return e.Err
	}
	return err
}

// parsedSection is a section of a file with its values in their order.
type parsedSection struct {
	name   string
	values []parsedValue
}

// parsedValue is one key = value line, without its comment and quotation marks.
type parsedValue struct {
	key, text string
}

// noSection is the name under which ini.v1 keeps the keys that stand before the first section.
const noSection = "DEFAULT"

// parseINI reads a file. Sections of one name are one section; a key that is given twice is an *Error.
func parseINI(data []byte, source string) ([]parsedSection, error) {
	last, err := loadINI(data, false)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %s", source, ErrSyntax, oneLine(strings.TrimSpace(err.Error())))
	}
	first, err := loadINI(data, true)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %s", source, ErrSyntax, oneLine(strings.TrimSpace(err.Error())))
	}
	var sections []parsedSection
	for _, s := range last.Sections() {
		keys, twins := s.Keys(), first.Section(s.Name()).Keys() // each call copies
		if s.Name() == noSection && len(keys) == 0 {
			continue
		}
		parsed := parsedSection{name: s.Name()}
		for i, k := range keys {
			if twin := twins[i]; twin.Value() != k.Value() || len(twin.ValueWithShadows()) > 1 {
				return nil, &Error{Source: source, Section: s.Name(), Key: k.Name(), NoValue: true, Err: ErrDuplicateKey}
			}
			parsed.values = append(parsed.values, parsedValue{k.Name(), cleanValue(k.Value())})
		}
		sections = append(sections, parsed)
	}
	return sections, nil
}

// loadINI runs ini.v1. Without keepFirst the last of several equal keys counts, with it the first: ini.v1 has no
// setting that refuses them.
//
// Values come out raw: ini.v1 takes "a ; b # c" apart at the #, so comments and quotation marks are cleanValue's.
func loadINI(data []byte, keepFirst bool) (*ini.File, error) {
	return ini.LoadSources(ini.LoadOptions{
		KeyValueDelimiters:         "=",
		IgnoreContinuation:         true,
		IgnoreInlineComment:        true,
		PreserveSurroundedQuote:    true,
		AllowShadows:               keepFirst,
		AllowDuplicateShadowValues: keepFirst,
	}, data)
}

// cleanValue returns what a value line means: the text between a first quotation mark and the next one of its kind, if
// nothing but a comment follows; else the text before a comment. A comment begins with ; or # in front, after a space, or
// after the closing mark.
func cleanValue(line string) string {
	line = strings.TrimSpace(line)
	if line != "" && (line[0] == '"' || line[0] == '\'') {
		if inside, rest, closed := strings.Cut(line[1:], line[:1]); closed && uncomment(" "+rest) == "" {
			return inside
		}
	}
	return uncomment(" " + line)
}

// uncomment cuts a comment and the spaces around what remains.
func uncomment(line string) string {
	for i := 1; i < len(line); i++ {
		if (line[i] == ';' || line[i] == '#') && (line[i-1] == ' ' || line[i-1] == '\t') {
			line = line[:i]
		}
	}
	return strings.TrimSpace(line)
}

// quoteValue writes text so that cleanValue reads it back. The text is a line (isLine).
func quoteValue(text string) string {
	plain := cleanValue(text) == text && !strings.HasPrefix(text, "`") && !strings.HasPrefix(text, `"""`)
	switch {
	case plain:
		return text
	case strings.Contains(text, `"`):
		return "'" + text + "'"
	}
	return `"` + text + `"`
}
