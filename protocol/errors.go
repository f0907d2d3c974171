package protocol

import (
	"errors"
	"fmt"
)

// Code is the numbered class of an error. The numbers are part of the protocol and never change (SPEC.md).
type Code uint8

// The codes. Whether a request may be sent again unchanged is part of a code's meaning: see Retryable.
const (
	CodeOK               Code = 0
	CodeBadRequest       Code = 1  // the request is wrong: a value, a limit, a name that cannot be
	CodeUnknownIndicator Code = 2  // an indicator or field that the table does not have
	CodeNotFound         Code = 3  // an unknown table or topic, or a subject without rows
	CodeUnauthenticated  Code = 4  // no or wrong credentials
	CodeForbidden        Code = 5  // the credentials do not allow it
	CodeTooLarge         Code = 6  // the request, or what it would answer, is over a limit
	CodeOverloaded       Code = 7  // a queue or limit is full; again later. Retryable
	CodeDeadline         Code = 8  // the deadline passed before the request was answered
	CodeNotMaster        Code = 9  // this node does not order writes; Detail is the master's native address, or ""
	CodeUnavailable      Code = 10 // the node cannot answer now: starting, draining, no quorum. Retryable
	CodeInternal         Code = 11 // a fault of ours
	CodeUnsupported      Code = 12 // an operation, version or flag that this node does not speak
	CodeProtocol         Code = 13 // the frame or message is malformed; the connection closes
	CodeWrongCluster     Code = 14 // Hello named another cluster
	CodeUnknownOutcome   Code = 15 // of a write that was begun: nobody knows yet whether it will have been carried out
	CodeUnknownHandle    Code = 16 // no query is prepared under that handle on this connection; prepare it again
)

var codeNames = [...]string{
	"ok", "bad request", "unknown indicator", "not found", "unauthenticated", "forbidden", "too large", "overloaded",
	"deadline exceeded", "not master", "unavailable", "internal error", "unsupported", "protocol error", "wrong cluster",
	"unknown outcome", "unknown handle",
}

// String returns the code's name for people.
func (c Code) String() string {
	if int(c) < len(codeNames) {
		return codeNames[c]
	}
	return fmt.Sprintf("code %d", uint8(c))
}

// Retryable tells whether the same request may be sent again, to this node later or to another one now.
func (c Code) Retryable() bool { return c == CodeOverloaded || c == CodeUnavailable }

// Error is an error as it travels: a code, a message for people, and for some codes a detail for programs.
// errors.Is matches it against the sentinels below by code.
type Error struct {
	Code    Code
	Message string
	Detail  string // CodeNotMaster: the master's native address
}

// Error returns the message, or the code's name where there is none.
func (e *Error) Error() string {
	if e.Message == "" {
		return e.Code.String()
	}
	return e.Message
}

// Is reports whether target is an Error of the same code.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// Sentinels, one per code, for errors.Is. They carry no message of their own.
var (
	ErrBadRequest       = &Error{Code: CodeBadRequest}
	ErrUnknownIndicator = &Error{Code: CodeUnknownIndicator}
	ErrNotFound         = &Error{Code: CodeNotFound}
	ErrUnauthenticated  = &Error{Code: CodeUnauthenticated}
	ErrForbidden        = &Error{Code: CodeForbidden}
	ErrTooLarge         = &Error{Code: CodeTooLarge}
	ErrOverloaded       = &Error{Code: CodeOverloaded}
	ErrDeadline         = &Error{Code: CodeDeadline}
	ErrNotMaster        = &Error{Code: CodeNotMaster}
	ErrUnavailable      = &Error{Code: CodeUnavailable}
	ErrInternal         = &Error{Code: CodeInternal}
	ErrUnsupported      = &Error{Code: CodeUnsupported}
	ErrProtocol         = &Error{Code: CodeProtocol}
	ErrWrongCluster     = &Error{Code: CodeWrongCluster}
	ErrUnknownOutcome   = &Error{Code: CodeUnknownOutcome}
	ErrUnknownHandle    = &Error{Code: CodeUnknownHandle}
)

// Errorf returns an Error of the code with a formatted message, which should name what was wrong, where, and what to do.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// AsError returns err as it should travel: the *Error in its chain, with the whole chain's text as message, or an
// internal error.
func AsError(err error) *Error {
	var e *Error
	if !errors.As(err, &e) {
		return &Error{Code: CodeInternal, Message: err.Error()}
	}
	if err == error(e) {
		return e
	}
	return &Error{Code: e.Code, Message: err.Error(), Detail: e.Detail}
}
