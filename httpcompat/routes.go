package httpcompat

import (
	"bytes"
	"sort"
	"strings"

	"github.com/kamaitachi/kamaitachi/internal/breaker"
)

// route is one row of the table of what is served.
type route struct {
	method    string
	path      string // a path that ends with /{subject} takes all that follows as the subject's key
	operation string // its name in metrics and logs
	group     group
	envelope  envelope
	handle    func(*exchange) error // appends the value of "data", or all of a bare answer
	query     bool                  // a body asks it, and it may be answered on an event loop
}

// routes is everything that is served. HEAD is GET without its body.
var routes = []route{
	{"POST", "/kamaitachi/api/data/v1/snapshot", "snapshot", groupSnapshot, dataA, (*exchange).snapshot, true},
	{"POST", "/kamaitachi/api/data/v1/period", "period", groupPeriod, dataA, (*exchange).period, true},
	{"POST", "/api/v1/snapshot/recent", "recent", groupRecent, dataA, (*exchange).recent, true},
	{"POST", "/kamaitachi/api/selection/v1/snapshot", "select_snapshot", groupSelection, selectionA, (*exchange).selectSnapshot, true},
	{"POST", "/kamaitachi/api/selection/v1/period", "select_period", groupSelection, selectionA, (*exchange).selectPeriod, true},

	{"POST", "/data/v1/save", "save", groupRows, dataB, (*exchange).saveRows, false},
	{"GET", "/data/v1/get/{subject}", "get", groupRows, dataB, (*exchange).get, false},
	{"DELETE", "/data/v1/delete/{subject}", "delete", groupRows, dataB, (*exchange).delete, false},
	{"POST", "/data/v1/search", "search", groupRows, dataB, (*exchange).search, true},

	{"GET", "/api/v1/tables", "tables", groupDefault, dataA, (*exchange).tables, false},
	{"GET", "/api/v1/subjects", "subjects", groupDefault, dataA, (*exchange).subjects, false},
	{"POST", "/api/v1/subjects", "put_subjects", groupDefault, dataA, (*exchange).putSubjects, false},

	{"GET", "/health", "health", groupDefault, bare, (*exchange).health, false},
	{"GET", "/livez", "livez", unlimited, bare, (*exchange).livez, false},
	{"GET", "/readyz", "readyz", unlimited, bare, (*exchange).readyz, false},
	{"GET", "/stats", "stats", groupDefault, bare, (*exchange).stats, false},
	{"GET", "/kamaitachi/api/data/v1/stats", "data_stats", groupDefault, dataA, (*exchange).dataStats, false},
	{"POST", "/kamaitachi/api/data/v1/cache/reset", "cache_reset", groupDefault, statusA, (*exchange).resetCache, false},
	{"GET", "/metrics/circuit_breaker", "breakers", groupDefault, bare, (*exchange).breakers, false},
	{"GET", "/monitor/circuitbreaker", "breakers_monitor", groupDefault, dataB, (*exchange).breakers, false},
	{"GET", "/monitor/status", "monitor_status", groupDefault, dataB, (*exchange).breakers, false},
	{"GET", "/metrics", "metrics", unlimited, bare, (*exchange).metrics, false},
	{"GET", "/openapi.json", "openapi", groupDefault, bare, (*exchange).openapi, false},
}

const subjectParameter = "{subject}"

// endpoint is a route at work: with its limiter and counters.
type endpoint struct {
	*route
	limiter  *limiter
	breaker  *breaker.Breaker // nil = none
	counters *counters
	kind     byte // tells it apart from all others
}

// breaks tells whether the operation may have a breaker: those about the process and the catalog have none.
func (r *route) breaks() bool { return r.group > groupDefault }

// site is what is served at one path: an endpoint for each method.
type site struct {
	path      string // of a route with a parameter: what comes before it
	endpoints []*endpoint
	allow     string // the methods, as the header Allow lists them
}

// by returns the endpoint of a method, or nil.
func (s *site) by(method []byte) *endpoint {
	if string(method) == "HEAD" {
		method = []byte("GET")
	}
	for _, e := range s.endpoints {
		if e.method == string(method) {
			return e
		}
	}
	return nil
}

// siteMap finds the site of a path.
type siteMap struct {
	fixed  map[string]*site
	open   []*site // those whose path ends with a parameter
	prefix []byte
}

func newSiteMap(endpoints []*endpoint, prefix string) *siteMap {
	m := &siteMap{fixed: map[string]*site{}, prefix: []byte(prefix)}
	for _, e := range endpoints {
		path, parameter := strings.CutSuffix(e.path, subjectParameter)
		s := m.fixed[path]
		if s == nil {
			s = &site{path: path}
			m.fixed[path] = s
		}
		s.endpoints = append(s.endpoints, e)
		s.allow = allowed(s.endpoints)
		if parameter {
			delete(m.fixed, path)
			m.open = append(m.open, s)
		}
	}
	return m
}

// allowed lists the methods of endpoints.
func allowed(endpoints []*endpoint) string {
	var methods []string
	for _, e := range endpoints {
		methods = append(methods, e.method)
		if e.method == "GET" {
			methods = append(methods, "HEAD")
		}
	}
	sort.Strings(methods)
	return strings.Join(methods, ", ")
}

// find returns the site of a path as it stands in the request, and what stands where the path has a parameter. One slash
// at the end does not count.
func (m *siteMap) find(path []byte) (s *site, parameter []byte) {
	if n := len(path); n > 1 && path[n-1] == '/' {
		path = path[:n-1]
	}
	if s, parameter = m.exact(path); s == nil && len(m.prefix) > 0 && bytes.HasPrefix(path, m.prefix) {
		return m.exact(path[len(m.prefix):])
	}
	return s, parameter
}

func (m *siteMap) exact(path []byte) (s *site, parameter []byte) {
	if s := m.fixed[string(path)]; s != nil {
		return s, nil
	}
	for _, s := range m.open {
		if len(path) > len(s.path) && string(path[:len(s.path)]) == s.path {
			return s, path[len(s.path):]
		}
	}
	return nil, nil
}

// envelopeOf returns the envelope of a path that may not exist: by its beginning.
func (m *siteMap) envelopeOf(path []byte) envelope {
	if s, _ := m.find(path); s != nil {
		return s.endpoints[0].envelope
	}
	path = bytes.TrimPrefix(path, m.prefix)
	if bytes.HasPrefix(path, []byte("/kamaitachi/")) || bytes.HasPrefix(path, []byte("/api/v1/")) {
		return dataA
	}
	return dataB
}
