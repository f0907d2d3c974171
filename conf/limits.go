package conf

import (
	"fmt"
	"strconv"
	"time"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// Limits is [limits].
type Limits struct {
	MaxRequest       int64 // bytes of a native frame
	MaxReply         int64 // bytes of a native frame
	MaxBody          int64 // bytes of an HTTP request's body
	MaxConnections   int
	MaxInFlight      int   // requests of one connection
	MaxInFlightTotal int   // requests of all connections
	MaxInFlightBytes int64 // bytes of the requests of all connections
	MaxQueuedBytes   int64 // bytes of the replies of one connection
	MaxQueuedTotal   int64 // bytes of the replies of all connections
	MaxPrepared      int   // prepared queries of one connection
	MaxPreparedBytes int64 // bytes of the prepared queries of one connection
	MaxPreparedTotal int64 // bytes of the prepared queries of all connections
	MaxWait          time.Duration
	HelloTimeout     time.Duration
	HalfFrameTimeout time.Duration
	IdleTimeout      time.Duration // 0 = none
	HTTPReadTimeout  time.Duration
	HTTPWriteTimeout time.Duration
	HTTPIdleTimeout  time.Duration
}

const (
	maxSockets = 1 << 20 // connections, and requests in flight, that a limit can allow
	maxFrame   = 1 << 30 // bytes of a frame or body that a limit can allow
)

func (l *Limits) keys() []Key {
	return append(l.sizeKeys(), l.timeKeys()...)
}

func (l *Limits) sizeKeys() []Key {
	return []Key{
		{Name: "max_request", Default: formatSize(protocol.DefaultMaxRequest), Doc: "A request of the native protocol.",
			setting: sizeSetting{&l.MaxRequest, protocol.MaxHelloFrame, maxFrame}},
		{Name: "max_reply", Default: formatSize(protocol.DefaultMaxReply), Doc: "A reply of the native protocol; what " +
			"would be larger is answered with an error.",
			setting: sizeSetting{&l.MaxReply, 64 << 10, maxFrame}},
		{Name: "max_body", Default: "1MiB", Doc: "The body of an HTTP request; a larger one is answered with 413.",
			setting: sizeSetting{&l.MaxBody, 1 << 10, maxFrame}},
		{Name: "max_connections", Default: "10000", Doc: "Connections to one listener.",
			setting: countSetting{&l.MaxConnections, 1, maxSockets}},
		{Name: "max_in_flight", Default: "1024", Doc: "Requests of one native connection that are not answered yet.",
			setting: countSetting{&l.MaxInFlight, 1, maxSockets}},
		{Name: "max_in_flight_total", Default: "16384", Doc: "Requests of all native connections together that are not " +
			"answered yet.",
			setting: countSetting{&l.MaxInFlightTotal, 1, maxSockets}},
		{Name: "max_in_flight_bytes", Default: "256MiB", Doc: "The memory of those requests.",
			setting: sizeSetting{&l.MaxInFlightBytes, protocol.MaxHelloFrame, 1 << 40}},
		{Name: "max_queued_bytes", Default: "128MiB", Doc: "Replies that one native connection has not read; at least " +
			"twice `max_reply`, so that one can be sent while another waits. A connection that reaches it is closed.",
			setting: sizeSetting{&l.MaxQueuedBytes, 128 << 10, 1 << 40}},
		{Name: "max_queued_total", Default: "1GiB", Doc: "Replies that all native connections together have not read.",
			setting: sizeSetting{&l.MaxQueuedTotal, 128 << 10, 1 << 40}},
		{Name: "max_prepared", Default: "256", Doc: "Prepared queries of one native connection; one more is refused.",
			setting: countSetting{&l.MaxPrepared, 1, maxSockets}},
		{Name: "max_prepared_bytes", Default: "4MiB", Doc: "The memory of those queries.",
			setting: sizeSetting{&l.MaxPreparedBytes, 16 << 10, 1 << 40}},
		{Name: "max_prepared_total", Default: "256MiB", Doc: "The memory of the prepared queries of all native connections.",
			setting: sizeSetting{&l.MaxPreparedTotal, 16 << 10, 1 << 40}},
	}
}

func (l *Limits) timeKeys() []Key {
	const day = 24 * time.Hour
	return []Key{
		{Name: "hello_timeout", Default: "5s", Doc: "From connecting to the first frame of the native protocol.",
			setting: timeSetting{&l.HelloTimeout, "s", time.Millisecond, day}},
		{Name: "half_frame_timeout", Default: "10s", Doc: "From the first byte of a native frame to its last.",
			setting: timeSetting{&l.HalfFrameTimeout, "s", time.Millisecond, day}},
		{Name: "idle_timeout", Default: "10m", Doc: "A native connection that asks nothing for so long is closed; " +
			"0 = never.",
			setting: timeSetting{&l.IdleTimeout, "s", 0, 30 * day}},
		{Name: "max_wait", Default: "30s", Doc: "For a native request that must wait (a write, or a read of something " +
			"newer) and has no deadline of its own.",
			setting: timeSetting{&l.MaxWait, "s", time.Millisecond, day}},
		{Name: "http_read_timeout", Default: "5s", Doc: "From the first byte of an HTTP request to its last.",
			setting: timeSetting{&l.HTTPReadTimeout, "s", time.Millisecond, day}},
		{Name: "http_write_timeout", Default: "10s", Doc: "For a client to take the answer to its HTTP request.",
			setting: timeSetting{&l.HTTPWriteTimeout, "s", time.Millisecond, day}},
		{Name: "http_idle_timeout", Default: "1m", Doc: "A kept HTTP connection that asks nothing for so long is closed.",
			setting: timeSetting{&l.HTTPIdleTimeout, "s", time.Millisecond, day}},
	}
}

// Validate checks every value, and that what holds for one request or connection fits into what holds for more.
func (l *Limits) Validate() error {
	if err := checkBounds("limits", l.keys()); err != nil {
		return err
	}
	for _, fit := range []struct {
		key, within     string
		value, capacity int64
		show            func(int64) string
	}{
		{"max_in_flight", "max_in_flight_total", int64(l.MaxInFlight), int64(l.MaxInFlightTotal), formatCount},
		{"max_request", "max_in_flight_bytes", l.MaxRequest, l.MaxInFlightBytes, formatSize},
		{"max_reply", "half of max_queued_bytes", l.MaxReply, l.MaxQueuedBytes / 2, formatSize},
		{"max_prepared_bytes", "max_prepared_total", l.MaxPreparedBytes, l.MaxPreparedTotal, formatSize},
		{"max_queued_bytes", "max_queued_total", l.MaxQueuedBytes, l.MaxQueuedTotal, formatSize},
	} {
		if fit.value > fit.capacity {
			return &Error{Section: "limits", Key: fit.key, Value: fit.show(fit.value),
				Err: fmt.Errorf("%w: expected at most %s, which is %s", ErrConflict, fit.within, fit.show(fit.capacity))}
		}
	}
	return nil
}

func formatCount(n int64) string { return strconv.FormatInt(n, 10) }

// LogFormat is the form of a log line.
type LogFormat string

// The forms.
const (
	LogAuto LogFormat = "auto" // LogText on a terminal, else LogJSON
	LogText LogFormat = "text"
	LogJSON LogFormat = "json"
)

// LogLevel is the least level that is logged; slog.Level.UnmarshalText reads it.
type LogLevel string

// The levels.
const (
	LogDebug LogLevel = "debug"
	LogInfo  LogLevel = "info"
	LogWarn  LogLevel = "warn"
	LogError LogLevel = "error"
)

// Log is [log].
type Log struct {
	Level     LogLevel
	Format    LogFormat
	File      string        // "" = standard error
	MaxSize   int64         // bytes
	Keep      int           // older files
	AccessLog bool          // a line for each HTTP request
	SlowLog   time.Duration // 0 = off
}

func (l *Log) keys() []Key {
	return []Key{
		{Name: "level", Default: "info", Doc: "The least level that is logged.",
			setting: choiceSetting[LogLevel]{&l.Level, []LogLevel{LogDebug, LogInfo, LogWarn, LogError}}},
		{Name: "format", Default: "auto", Doc: "`auto` is text on a terminal and JSON otherwise.",
			setting: choiceSetting[LogFormat]{&l.Format, []LogFormat{LogAuto, LogText, LogJSON}}},
		{Name: "file", Default: "", Doc: "File to log to. Nothing = standard error.",
			setting: textSetting{&l.File, false, "a file"}},
		{Name: "max_size", Default: "64MiB", Doc: "A file of this size is set aside and a new one begun.",
			setting: sizeSetting{&l.MaxSize, 1 << 20, 1 << 40}},
		{Name: "keep", Default: "5", Doc: "So many files that were set aside are kept.",
			setting: countSetting{&l.Keep, 1, 10_000}},
		{Name: "access_log", Default: "false", Doc: "A line for each HTTP request.", setting: boolSetting{&l.AccessLog}},
		{Name: "slow_log", Default: "1s", Doc: "A line for each request that took longer; 0 = none.",
			setting: timeSetting{&l.SlowLog, "s", 0, 24 * time.Hour}},
	}
}

// Validate checks every value.
func (l *Log) Validate() error { return checkBounds("log", l.keys()) }
