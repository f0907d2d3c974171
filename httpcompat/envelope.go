package httpcompat

import (
	"strconv"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// envelope is what surrounds the answer of a path.
type envelope uint8

const (
	bare       envelope = iota // nothing; errors as in dataB
	dataA                      // {"status_code":0,"status_msg":"success","data":...}
	selectionA                 // dataA, in which every client error is -1
	statusA                    // dataA without data
	dataB                      // {"code":200,"message":"success","data":...}
)

// opening is what comes before a successful answer.
var opening = [...]string{
	bare:       "",
	dataA:      `{"status_code":0,"status_msg":"success","data":`,
	selectionA: `{"status_code":0,"status_msg":"success","data":`,
	statusA:    `{"status_code":0,"status_msg":"success"`,
	dataB:      `{"code":200,"message":"success","data":`,
}

// isA tells whether the envelope is a form of A.
func (e envelope) isA() bool { return e == dataA || e == selectionA || e == statusA }

// appendError appends an answer without data.
func (e envelope) appendError(dst []byte, code int, message string) []byte {
	if !e.isA() {
		dst = strconv.AppendInt(append(dst, `{"code":`...), int64(code), 10)
		return append(appendText(append(dst, `,"message":`...), message), `,"data":null}`...)
	}
	if e == selectionA && code >= 400 && code < 500 {
		code = -1
	}
	dst = strconv.AppendInt(append(dst, `{"status_code":`...), int64(code), 10)
	dst = appendText(append(dst, `,"status_msg":`...), message)
	if e == statusA {
		return append(dst, '}')
	}
	return append(dst, `,"data":null}`...)
}

// httpStatus returns the HTTP status under which the envelope carries the code of an operation that failed: envelope A
// hides those that the reference's clients take from its status_code (semantics 23).
func (e envelope) httpStatus(code int) int {
	if e.isA() && (code == 400 || code == 404 || code == 500) {
		return 200
	}
	return code
}

// outcome is how a request ended, for metrics.
type outcome uint8

const (
	succeeded   outcome = iota
	clientFault         // the request was wrong, or asked for what is not there
	limited             // over a rate limit
	unavailable         // overload, no quorum, deadline, open circuit: later
	serverFault         // ours
	outcomeCount
)

var outcomeNames = [outcomeCount]string{"success", "client_error", "rate_limited", "unavailable", "server_error"}

// statusOf returns the code that an error is told with.
func statusOf(code protocol.Code) int {
	switch code {
	case protocol.CodeBadRequest, protocol.CodeUnknownIndicator:
		return 400
	case protocol.CodeUnauthenticated:
		return 401
	case protocol.CodeForbidden:
		return 403
	case protocol.CodeNotFound:
		return 404
	case protocol.CodeTooLarge:
		return 413
	case protocol.CodeOverloaded, protocol.CodeDeadline, protocol.CodeNotMaster, protocol.CodeUnavailable:
		return 503
	}
	return 500
}

// outcomeOf returns the outcome that goes with a code.
func outcomeOf(code int) outcome {
	switch {
	case code < 400:
		return succeeded
	case code == 429:
		return limited
	case code < 500:
		return clientFault
	case code == 503:
		return unavailable
	}
	return serverFault
}
