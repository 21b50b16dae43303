package avow

import (
	"errors"
	"fmt"
	"strings"
)

// ErrorKind sorts errors by what the person who meets one can do. Each face maps
// a kind to its own status once (HTTP status, exit code, SMTP reply).
type ErrorKind uint8

const (
	// Internal is the zero value: our fault, or the machine's. Its text never reaches a person.
	Internal     ErrorKind = iota
	Invalid                // the input is wrong; the message says where and what to do
	NotFound               // there is no such thing
	Conflict               // it exists already, or changed meanwhile
	Refused                // understood and not allowed; the message cites the promise
	Unauthorized           // who is asking is not known
	Forbidden              // who is asking is known and may not
	TooLarge               // past a bound; the message names it
	TooMany                // too often; try later
	Unavailable            // a part that is needed is away; nothing was done
	Canceled               // the caller went away
)

var errorKindNames = [...]string{"internal", "invalid", "not-found", "conflict", "refused", "unauthorized",
	"forbidden", "too-large", "too-many", "unavailable", "canceled"}

func (k ErrorKind) String() string { return nameOf(errorKindNames[:], int(k)) }

// Error is an error meant for a person. Message says what happened and what to
// do, without a personal value and without internals; Field names the input it is about.
type Error struct {
	Kind    ErrorKind
	Message string
	Field   string
	Err     error // the cause, for logs only
}

func (e *Error) Error() string {
	s := e.Message
	if e.Field != "" {
		s = e.Field + ": " + s
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// Errorf makes an Error. A %w verb keeps the cause for errors.Is without showing it to a person.
func Errorf(kind ErrorKind, format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	causes := causesOf(err)
	e := &Error{Kind: kind, Message: err.Error()}
	for _, cause := range causes {
		e.Message = without(e.Message, cause.Error())
	}
	switch len(causes) {
	case 0:
	case 1:
		e.Err = causes[0]
	default:
		e.Err = err
	}
	return e
}

func causesOf(err error) []error {
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		return several.Unwrap()
	}
	if cause := errors.Unwrap(err); cause != nil {
		return []error{cause}
	}
	return nil
}

// without takes a cause out of a message, and what joined it to the rest at the end.
func without(message, cause string) string {
	if cause == "" {
		return message
	}
	return strings.TrimRight(strings.ReplaceAll(message, cause, ""), " :")
}

// FieldErrorf makes an Invalid error about one named input.
func FieldErrorf(field, format string, args ...any) error {
	return &Error{Kind: Invalid, Field: field, Message: fmt.Sprintf(format, args...)}
}

// KindOf finds the kind of an error; an error that is not ours is Internal.
func KindOf(err error) ErrorKind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

// MessageOf is what a person may read of an error. An Internal error says nothing but that it happened.
func MessageOf(err error) string {
	var e *Error
	if !errors.As(err, &e) || e.Kind == Internal || e.Message == "" {
		return "Something went wrong on our side. Nothing was changed. Please try again later."
	}
	if e.Field != "" {
		return e.Field + ": " + e.Message
	}
	return e.Message
}
