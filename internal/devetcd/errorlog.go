package devetcd

import (
	"log/slog"
	"sync/atomic"

	"go.uber.org/zap/zapcore"
)

// errorLog is a zapcore.Core that hands etcd's errors to a slog.Logger. Its warnings are left out: each start has some
// that concern nobody here. So are its errors once it was told to end, for then it reports its own listeners as broken.
// A fatal message reaches the log before zap ends the process.
type errorLog struct {
	log   *slog.Logger
	ended *atomic.Bool // it was told to end
}

// Enabled implements zapcore.LevelEnabler.
func (e errorLog) Enabled(l zapcore.Level) bool { return l >= zapcore.ErrorLevel && !e.ended.Load() }

// With implements zapcore.Core.
func (e errorLog) With(fields []zapcore.Field) zapcore.Core {
	return errorLog{e.log.With(attrs(fields)...), e.ended}
}

// Check implements zapcore.Core.
func (e errorLog) Check(m zapcore.Entry, checked *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if e.Enabled(m.Level) {
		return checked.AddCore(m, e)
	}
	return checked
}

// Write implements zapcore.Core.
func (e errorLog) Write(m zapcore.Entry, fields []zapcore.Field) error {
	e.log.Error("etcd: "+m.Message, attrs(fields)...)
	return nil
}

// Sync implements zapcore.Core.
func (e errorLog) Sync() error { return nil }

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
