package mongo

import (
	"context"
	"errors"
	"slices"

	"github.com/avowhq/avow"
	"go.mongodb.org/mongo-driver/v2/mongo"
)

// The codes of errors that mean something of their own here.
var (
	codesDenied   = []int{13, 11, 8000}                 // Unauthorized, UserNotFound
	codesLogin    = []int{18}                           // AuthenticationFailed
	codesRefused  = []int{11000, 11001, 121, 66, 10334} // a unique index, a validator, a field that cannot change, too large
	codesAway     = []int{6, 7, 89, 91, 189, 10107, 11600, 11602, 13435, 13436, 9001, 262, 50}
	codesConflict = []int{112, 251} // WriteConflict, NoSuchTransaction
)

// failed turns an error of the driver into one for people. The text of a server's error
// repeats documents, so that it is not even kept for a log.
func (s *source) failed(ctx context.Context, table string, err error) error {
	var ours *avow.Error
	if errors.As(err, &ours) {
		return ours
	}
	where := s.config.System
	if table != "" {
		where += ": " + table
	}
	if ctx.Err() != nil && errors.Is(context.Cause(ctx), context.Canceled) {
		return avow.Errorf(avow.Canceled, "%s: stopped", where)
	}
	codes := errorCodes(err)
	is := func(set []int) bool {
		return slices.ContainsFunc(codes, func(c int) bool { return slices.Contains(set, c) })
	}
	switch {
	case is(codesLogin):
		return avow.Errorf(avow.Forbidden, "%s: the server does not accept the name and password", where)
	case is(codesDenied):
		return avow.Errorf(avow.Forbidden, "%s: the login may not do this; %s", where, s.grant(table, "find", "update", "remove"))
	case is(codesRefused):
		return avow.Errorf(avow.Conflict, "%s: the server refuses the change: %s", where, refusal(codes))
	case is(codesConflict):
		return avow.Errorf(avow.Conflict, "%s: others kept changing the same documents; try again", where)
	case is(codesAway), mongo.IsNetworkError(err), mongo.IsTimeout(err), errors.Is(err, context.DeadlineExceeded), errors.Is(err, mongo.ErrClientDisconnected):
		if loginFailed(err) {
			return avow.Errorf(avow.Forbidden, "%s: the server does not accept the name and password", where)
		}
		if why := distrust(err); why != "" {
			return avow.Errorf(avow.Unavailable, "%s: %s", where, why)
		}
		return avow.Errorf(avow.Unavailable, "%s: the server is away or too slow%s; it is tried again later", where, s.orNoTLS())
	}
	if len(codes) > 0 {
		return avow.Errorf(avow.Conflict, "%s: the server refuses the command with its error %d", where, codes[0])
	}
	if loginFailed(err) {
		return avow.Errorf(avow.Forbidden, "%s: the server does not accept the name and password", where)
	}
	if why := distrust(err); why != "" {
		return avow.Errorf(avow.Unavailable, "%s: %s", where, why)
	}
	return avow.Errorf(avow.Unavailable, "%s: the connection failed%s; it is tried again later", where, s.orNoTLS())
}

// loginFailed looks for a failed login below errors that only say that no server was found.
func loginFailed(err error) bool {
	var server mongo.ServerError
	return errors.As(err, &server) && server.HasErrorCode(18)
}

func errorCodes(err error) []int {
	var server mongo.ServerError
	if errors.As(err, &server) {
		return server.ErrorCodes()
	}
	return nil
}

func refusal(codes []int) string {
	switch {
	case slices.Contains(codes, 11000), slices.Contains(codes, 11001):
		return "a unique index holds the value already"
	case slices.Contains(codes, 121):
		return "the collection's validator does not accept the document"
	case slices.Contains(codes, 66):
		return "a field of the key cannot change"
	}
	return "the document would be too large"
}
