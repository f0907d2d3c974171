package store

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"github.com/cockroachdb/pebble/v2"
)

// pebbleLogger hands Pebble's messages to slog. What Pebble calls information is our debug level.
type pebbleLogger struct {
	log *slog.Logger
}

var _ pebble.Logger = pebbleLogger{}

// Infof logs at debug level.
func (l pebbleLogger) Infof(format string, args ...any) {
	if l.log.Enabled(context.Background(), slog.LevelDebug) {
		l.log.Debug(fmt.Sprintf(format, args...))
	}
}

// Errorf logs at error level.
func (l pebbleLogger) Errorf(format string, args ...any) { l.log.Error(fmt.Sprintf(format, args...)) }

// Fatalf logs and ends the process with status 1. Pebble calls it when it cannot go on, for example when the log or the
// manifest cannot be written; if it returned, Pebble would go on with a state that is not on disk.
func (l pebbleLogger) Fatalf(format string, args ...any) {
	l.log.Error("the store cannot go on, the process ends: " + fmt.Sprintf(format, args...))
	os.Exit(1)
}
