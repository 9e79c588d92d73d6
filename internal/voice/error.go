package voice

import (
	"errors"
	"fmt"
)

// Kind classifies an error; programs act on the kind and never on the text.
type Kind string

// The kinds. A dialect maps each to its vendor's codes, httpapi to HTTP status.
const (
	Invalid     Kind = "invalid"     // the input is wrong; Field says which part
	NotExist    Kind = "not exist"   // no such thing for this tenant
	Exists      Kind = "exists"      // the name or id is taken
	Permission  Kind = "permission"  // the credential does not allow it
	Conflict    Kind = "conflict"    // the state does not allow it now
	Busy        Kind = "busy"        // the thing is in use
	HungUp      Kind = "hung up"     // the party has left the call
	Unavailable Kind = "unavailable" // a needed service does not answer
	Limit       Kind = "limit"       // a bound was reached
	Expired     Kind = "expired"     // the time set for the flow is over
	Ordered     Kind = "ordered"     // an order from outside ended it
	Redirected  Kind = "redirected"  // an order from outside took the call elsewhere
	Interrupted Kind = "interrupted" // a command to the call took the place of what it did
	Internal    Kind = "internal"    // anything else
)

// Error is an error with its operation and kind.
type Error struct {
	Op    string // what was attempted: "store.CreateApp"
	Kind  Kind
	Field string // for Invalid: the field at fault, as its author wrote it
	Err   error  // the reason in words
}

// Error gives "op: reason", lower case.
func (e *Error) Error() string {
	if e.Err == nil {
		return e.Op + ": " + string(e.Kind)
	}
	return e.Op + ": " + e.Err.Error()
}

// Unwrap gives the reason.
func (e *Error) Unwrap() error { return e.Err }

// E makes an Error from its operation, kind and reason.
func E(op string, kind Kind, err error) *Error { return &Error{Op: op, Kind: kind, Err: err} }

// Errorf makes an Error whose reason is formatted.
func Errorf(op string, kind Kind, format string, args ...any) *Error {
	return &Error{Op: op, Kind: kind, Err: fmt.Errorf(format, args...)}
}

// InvalidField makes an Invalid error that names the field at fault.
func InvalidField(op, field, format string, args ...any) *Error {
	return &Error{Op: op, Kind: Invalid, Field: field, Err: fmt.Errorf(format, args...)}
}

// KindOf gives the kind of the outermost Error in err's chain: Internal when
// there is none, and "" for a nil error.
func KindOf(err error) Kind {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}

// IsKind reports whether err is an Error of kind k.
func IsKind(err error, k Kind) bool { return err != nil && KindOf(err) == k }

// Reason gives the words of err without the chain of operations, for people.
func Reason(err error) string {
	for {
		e, ok := errors.AsType[*Error](err)
		if !ok {
			return err.Error()
		}
		if e.Err == nil {
			return string(e.Kind)
		}
		err = e.Err
	}
}
