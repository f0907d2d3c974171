package cli

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"gopkg.in/natefinch/lumberjack.v2"

	"github.com/kamaitachi/kamaitachi/conf"
	"github.com/kamaitachi/kamaitachi/internal/progress"
)

// openLog returns the log that the configuration asks for and what closes it.
func openLog(c *conf.Log, s Streams) (*slog.Logger, func(), error) {
	var w io.Writer = s.Err
	closer := func() {}
	if c.File != "" {
		if err := os.MkdirAll(filepath.Dir(c.File), 0o755); err != nil {
			return nil, nil, fmt.Errorf("log file %s: %w", c.File, err)
		}
		rotated := &lumberjack.Logger{Filename: c.File, MaxSize: int(max(c.MaxSize>>20, 1)), MaxBackups: c.Keep}
		w, closer = rotated, func() { rotated.Close() }
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.Level)); err != nil {
		return nil, nil, fmt.Errorf("log level %q: %w", c.Level, err)
	}
	o := &slog.HandlerOptions{Level: level}
	if c.Format == conf.LogText || c.Format == conf.LogAuto && progress.OnTerminal(w) {
		return slog.New(slog.NewTextHandler(w, o)), closer, nil
	}
	return slog.New(slog.NewJSONHandler(w, o)), closer, nil
}
