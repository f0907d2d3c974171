package devetcd

import (
	"context"
	"log/slog"

	"go.uber.org/zap/zapcore"
)

// warnings is a zapcore.Core that hands what etcd warns of to a slog.Logger. What it merely tells is left out: it says
// more in a second than a cache in a day. A fatal message reaches the log before zap ends the process.
type warnings struct{ log *slog.Logger }

// Enabled implements zapcore.LevelEnabler.
func (w warnings) Enabled(l zapcore.Level) bool { return l >= zapcore.WarnLevel }

// With implements zapcore.Core.
func (w warnings) With(fields []zapcore.Field) zapcore.Core {
	return warnings{w.log.With(attrs(fields)...)}
}

// Check implements zapcore.Core.
func (w warnings) Check(e zapcore.Entry, checked *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if w.Enabled(e.Level) {
		return checked.AddCore(e, w)
	}
	return checked
}

// Write implements zapcore.Core.
func (w warnings) Write(e zapcore.Entry, fields []zapcore.Field) error {
	level := slog.LevelWarn
	if e.Level > zapcore.WarnLevel {
		level = slog.LevelError
	}
	w.log.Log(context.Background(), level, "etcd: "+e.Message, attrs(fields)...)
	return nil
}

// Sync implements zapcore.Core.
func (w warnings) Sync() error { return nil }

func attrs(fields []zapcore.Field) []any {
	m := zapcore.NewMapObjectEncoder()
	for _, f := range fields {
		f.AddTo(m)
	}
	list := make([]any, 0, len(m.Fields))
	for name, value := range m.Fields {
		list = append(list, slog.Any(name, value))
	}
	return list
}
