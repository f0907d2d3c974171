// Package httpcompat serves the JSON endpoints (docs: http-api.md) over an interface that it declares itself, Backend. A node
// and the gateway both plug into it; it knows neither. Plain requests are read and answered on event loops (package
// express), all others by fasthttp's server; both call the same Handler.
//
// # The way of a request
//
//	express -> looping.Serve, fasthttp -> Handler.Serve -> route table -> rate limit of its group -> decode (reader, body) -> Backend -> append
//
// One table (routes.go) says for each path its method, operation, rate limit group, envelope and handler. A handler
// appends the value of "data" and returns an error or nil; what surrounds it, and which status an error becomes, is
// the envelope's business (envelope.go).
//
// # How bodies are read
//
// A hand-written reader over the body's bytes decodes requests without reflection and, where a string needs no
// unescaping, without copying it. It accepts what encoding/json accepts as syntax, with these rules on top:
//
//   - Field names match exactly, case included. Unknown fields are skipped.
//   - null is the same as leaving the field out. Of a repeated field the last one counts.
//   - Values nest at most 32 deep; a list has at most 131,072 items.
//   - Bytes that are not UTF-8, and lone surrogates, are replaced by U+FFFD, as encoding/json does.
//   - A list is a JSON list of strings or one string; either is split at commas (semantics 7).
//   - Two spellings of one thing (ids, indicators, indicator_codes; subjects, subject_keys; field, order_by; report_type,
//     report_types) must agree. All spellings of lists are read on every query path.
//   - Anything but space after the value is an error.
//
// # How answers are printed
//
// Numbers are exactly what encoding/json prints for a float64; strings are what it prints with HTML escaping off: quotes,
// backslashes, control characters, U+2028 and U+2029 are escaped, bytes that are not UTF-8 become \ufffd.
//
// An answer that shows data carries the header X-Kamaitachi-Applied: the applied index of the moment that it shows, or
// of the write that it acknowledges. Every answer carries X-Request-Id: the client's, or a new one.
package httpcompat
