package cli

import (
	"github.com/kamaitachi/kamaitachi/conf"
	"github.com/kamaitachi/kamaitachi/internal/breaker"
	"github.com/kamaitachi/kamaitachi/server/wire"
)

// nativeLimits translates the limits of the native protocol's clients.
func nativeLimits(l *conf.Limits) wire.Limits {
	return wire.Limits{
		MaxRequest: int(l.MaxRequest), MaxReply: int(l.MaxReply), MaxConns: l.MaxConnections,
		MaxInFlight: l.MaxInFlight, MaxInFlightTotal: l.MaxInFlightTotal, MaxInFlightBytes: int(l.MaxInFlightBytes),
		MaxQueuedBytes: int(l.MaxQueuedBytes), MaxQueuedTotal: int(l.MaxQueuedTotal),
		MaxPrepared: l.MaxPrepared, MaxPreparedBytes: int(l.MaxPreparedBytes), MaxPreparedTotal: int(l.MaxPreparedTotal),
		HelloTimeout: l.HelloTimeout, HalfFrameTimeout: l.HalfFrameTimeout, IdleTimeout: orNever(l.IdleTimeout),
		MaxWait: l.MaxWait,
	}
}

// breakerOptions translates when breakers open and close.
func breakerOptions(b *conf.Breaker) *breaker.Options {
	return &breaker.Options{
		Window: b.Window, MinRequests: b.Requests, FailurePercent: b.FailurePercent, Pause: b.Pause, Probes: b.Probes,
	}
}
