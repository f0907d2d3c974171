package compare

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
)

// firstFigure is the column of the canonical CSV of a made-up market with which the indicators begin.
const firstFigure = 12

// countLines returns how many lines a file has.
func countLines(path string) (int, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	buf, n := make([]byte, 1<<20), 0
	for {
		got, err := f.Read(buf)
		n += bytes.Count(buf[:got], []byte{'\n'})
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return 0, err
		}
	}
}

// header returns the columns that the first line of a CSV names.
func header(path string) ([]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	line, err := bufio.NewReader(f).ReadString('\n')
	if err != nil {
		return nil, err
	}
	return strings.Split(strings.TrimSpace(line), ","), nil
}
