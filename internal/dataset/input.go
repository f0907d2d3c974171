package dataset

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
)

// Input is an open file, unpacked where it was packed.
type Input interface {
	io.ReadCloser
	// Position returns how many bytes of the file were read, before unpacking. It may be called at any time.
	Position() int64
}

// stream is an Input over any reader.
type stream struct {
	io.Reader
	under io.Closer // nil = nothing to close
	count *counter
}

func (s *stream) Position() int64 { return s.count.read.Load() }

func (s *stream) Close() error {
	if s.under == nil {
		return nil
	}
	return s.under.Close()
}

// counter counts what is read through it.
type counter struct {
	r    io.Reader
	read atomic.Int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.read.Add(int64(n))
	return n, err
}

// packedMark begins every gzip file.
var packedMark = []byte{0x1f, 0x8b}

// NewInput returns r as an Input, unpacked if it is gzip. Close closes r if that is an io.Closer and owned.
func NewInput(r io.Reader, owned bool) (Input, error) {
	s := &stream{count: &counter{r: r}}
	if c, ok := r.(io.Closer); ok && owned {
		s.under = c
	}
	buffered := bufio.NewReaderSize(s.count, 64<<10)
	s.Reader = buffered
	head, err := buffered.Peek(len(packedMark))
	if err != nil && err != io.EOF {
		return nil, err
	}
	if bytes.Equal(head, packedMark) {
		if s.Reader, err = gzip.NewReader(buffered); err != nil {
			return nil, fmt.Errorf("unpack gzip: %w", err)
		}
	}
	return s, nil
}

// openFile opens a file and returns its length on disk.
func openFile(path string) (Input, int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = fmt.Errorf("%s: %w: it is a directory", path, ErrFormat)
	}
	var in Input
	if err == nil {
		in, err = NewInput(f, true)
	}
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return in, info.Size(), nil
}

// Format is the form of a file.
type Format string

// The forms that Open reads. The SQLite file of the reference is sqlitedb's.
const (
	FormatAuto   Format = "" // by the name: .ndjson, .jsonl and .json are NDJSON, all else is CSV
	FormatCSV    Format = "csv"
	FormatNDJSON Format = "ndjson"
)

// FormatOf returns the form that a file name tells, .gz left aside.
func FormatOf(path string) Format {
	switch strings.ToLower(filepath.Ext(strings.TrimSuffix(path, ".gz"))) {
	case ".ndjson", ".jsonl", ".json":
		return FormatNDJSON
	}
	return FormatCSV
}

// Stdin is the path that stands for standard input.
const Stdin = "-"

// File is a Source that has a file to close.
type File struct {
	Source
	input Input
}

// Close closes the file.
func (f *File) Close() error { return f.input.Close() }

// Open opens a CSV or NDJSON file, packed or not; the path Stdin reads stdin, which stays open. Name, Size and Names of o
// are set by it where they are not given: a mapping finds its file of names beside the file.
func Open(path string, stdin io.Reader, format Format, o SourceOptions) (*File, error) {
	if o.Name == "" {
		o.Name = path
	}
	var in Input
	var err error
	if path == Stdin {
		in, err = NewInput(stdin, false)
	} else {
		in, o.Size, err = openFile(path)
	}
	if err != nil {
		if e, ok := errors.AsType[*fs.PathError](err); ok {
			err = e.Err // the message has the path
		}
		return nil, fmt.Errorf("open %s: %w", o.Name, err)
	}
	if o.Names == nil {
		o.Names = besideOf(path)
	}
	f := &File{input: in}
	if f.Source, err = newSource(in, path, format, o); err != nil {
		in.Close()
		return nil, err
	}
	return f, nil
}

// newSource picks the reader.
func newSource(in Input, path string, format Format, o SourceOptions) (Source, error) {
	if format == FormatAuto {
		format = FormatOf(path)
	}
	switch {
	case format == FormatCSV:
		return NewCSV(in, o)
	case format == FormatNDJSON && o.Mapping != nil:
		return nil, fmt.Errorf("%s: %w: a mapping is for CSV, not for NDJSON", o.Name, ErrFormat)
	case format == FormatNDJSON:
		return NewNDJSON(in, o)
	}
	return nil, fmt.Errorf("%s: %w %q; known are csv and ndjson", o.Name, ErrFormat, format)
}

// besideOf returns how a file of names is opened: in the directory of the file that it belongs to.
func besideOf(path string) func(string) (Input, error) {
	dir := "."
	if path != Stdin {
		dir = filepath.Dir(path)
	}
	return func(name string) (Input, error) {
		in, _, err := openFile(filepath.Join(dir, name))
		return in, err
	}
}
