package loops

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
)

// gnetLogger passes on what gnet logs. Its chatter is debug here, and what it calls errors are mostly peers that went.
type gnetLogger struct {
	log  *slog.Logger
	ends *atomic.Bool // the engine is being stopped, and says so in words of failure
}

func (g gnetLogger) print(level slog.Level, format string, args []any) {
	if g.log.Enabled(context.Background(), level) {
		g.log.Log(context.Background(), level, "gnet: "+fmt.Sprintf(format, args...))
	}
}

func (g gnetLogger) Debugf(format string, args ...any) { g.print(slog.LevelDebug, format, args) }
func (g gnetLogger) Infof(format string, args ...any)  { g.print(slog.LevelDebug, format, args) }
func (g gnetLogger) Warnf(format string, args ...any)  { g.print(slog.LevelDebug, format, args) }
func (g gnetLogger) Errorf(format string, args ...any) {
	level := slog.LevelWarn
	if g.ends.Load() {
		level = slog.LevelDebug
	}
	g.print(level, format, args)
}

// Fatalf ends the process, as gnet expects.
func (g gnetLogger) Fatalf(format string, args ...any) {
	g.print(slog.LevelError, format, args)
	os.Exit(1)
}
