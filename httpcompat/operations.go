package httpcompat

import (
	_ "embed"
	"errors"

	"github.com/valyala/fasthttp"
)

// description is the answer of /openapi.json.
//
//go:embed openapi.json
var description []byte

const textType = "text/plain; charset=utf-8"

// health is GET /health.
func (x *exchange) health() error {
	h := x.h.backend.Health()
	x.out = append(x.out, `{"status":"ok"`...)
	if h.Gateway {
		x.out = appendTexts(append(x.out, `,"nodes":`...), h.Nodes)
		x.out = appendInteger(x.out, `,"count":`, int64(len(h.Nodes)))
	}
	x.out = append(x.out, '}')
	return nil
}

// livez tells that the process is up.
func (x *exchange) livez() error {
	x.http.Response.Header.SetContentType(textType)
	x.out = append(x.out, "ok\n"...)
	return nil
}

// errDraining is why a server that is told to end is not ready.
var errDraining = errors.New("the server is shutting down")

// readyz tells whether queries may be sent here: 200, or 503 with what is not well. With ?verbose every check is listed,
// as those of Kubernetes and etcd are.
func (x *exchange) readyz() error {
	x.http.Response.Header.SetContentType(textType)
	checks := x.h.backend.Ready(x.h.base)
	if x.h.draining.Load() {
		checks = append(checks[:len(checks):len(checks)], Check{Name: "server", Err: errDraining})
	}
	verbose, ready := x.http.QueryArgs().Has("verbose"), true
	for _, c := range checks {
		if c.Err != nil {
			ready = false
			x.out = append(append(x.out, "[-]"...), c.Name...)
			x.out = append(append(x.out, " failed: "...), c.Err.Error()...)
			x.out = append(x.out, '\n')
		} else if verbose {
			x.out = append(append(append(x.out, "[+]"...), c.Name...), " ok\n"...)
		}
	}
	switch {
	case !ready:
		x.code = fasthttp.StatusServiceUnavailable
		x.http.SetStatusCode(x.code)
		x.out = append(x.out, "not ready\n"...)
	case verbose:
		x.out = append(x.out, "ready\n"...)
	default:
		x.out = append(x.out, "ok\n"...)
	}
	return nil
}

// stats is GET /stats.
func (x *exchange) stats() error {
	ctx, cancel := x.querying()
	defer cancel()
	s, err := x.h.backend.Stats(ctx)
	if err != nil {
		return err
	}
	x.out = appendFigures(append(x.out, '{'), s.Figures)
	if x.h.backend.Health().Gateway {
		if len(s.Figures) > 0 {
			x.out = append(x.out, ',')
		}
		x.out = append(x.out, `"nodes":{`...)
		for i, n := range s.Nodes {
			if i > 0 {
				x.out = append(x.out, ',')
			}
			x.out = append(appendText(x.out, n.Node), ":{"...)
			x.out = append(appendFigures(x.out, n.Figures), '}')
		}
		x.out = append(x.out, '}')
	}
	x.out = append(x.out, '}')
	return nil
}

// dataStats is GET /kamaitachi/api/data/v1/stats.
func (x *exchange) dataStats() error {
	ctx, cancel := x.querying()
	defer cancel()
	s, err := x.h.backend.Stats(ctx)
	if err != nil {
		return err
	}
	health := x.h.backend.Health()
	if !health.Gateway {
		x.out = appendRecords(x.out, s.Figures)
		return nil
	}
	x.out = appendTexts(append(x.out, `{"nodes":`...), health.Nodes)
	x.out = append(x.out, `,"per_node":{`...)
	for i, n := range s.Nodes {
		if i > 0 {
			x.out = append(x.out, ',')
		}
		x.out = appendRecords(append(appendText(x.out, n.Node), ':'), n.Figures)
	}
	x.out = appendRecords(append(x.out, `},"aggregate":`...), s.Figures)
	x.out = append(x.out, '}')
	return nil
}

// resetCache is POST /kamaitachi/api/data/v1/cache/reset.
func (x *exchange) resetCache() error {
	ctx, cancel := x.updating()
	defer cancel()
	return x.h.backend.ResetCache(ctx)
}

// breakers shows the circuit breakers.
func (x *exchange) breakers() error {
	x.out = appendBreakers(x.out, append(x.h.backend.Breakers(), x.h.breakers.show()...))
	return nil
}

// openapi is GET /openapi.json.
func (x *exchange) openapi() error {
	x.out = append(x.out, description...)
	return nil
}
