package files

import (
	"errors"
	"net"
	"net/http"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect/inside"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager"
)

// onlyIf has a store put an object in its place only while that is still as it was. What is no
// store of S3 takes no notice.
func onlyIf(etag string) func(as func(any) bool) error {
	return func(as func(any) bool) error {
		var upload *transfermanager.UploadObjectInput
		if etag != "" && as(&upload) {
			upload.IfMatch = aws.String(etag)
		}
		return nil
	}
}

// answered is what a store says in its answer.
type answered interface{ ErrorCode() string }

// unconditional reports whether a store refused to put an object on a condition because it knows none.
func unconditional(err error) bool {
	var api answered
	return errors.As(err, &api) && api.ErrorCode() == "NotImplemented"
}

// conflicted reports whether others put the same object at the same moment.
func conflicted(err error) bool {
	var api answered
	return errors.As(err, &api) && (api.ErrorCode() == "ConditionalRequestConflict" || api.ErrorCode() == "OperationAborted")
}

// storeFault explains what a store, or the way to it, said; nil where it is about the object. Its own words are
// dropped: they repeat keys and names.
func storeFault(system string) func(error, string) error {
	return func(err error, right string) error {
		var api answered
		code := ""
		if errors.As(err, &api) {
			code = api.ErrorCode()
		}
		switch code {
		case "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "ExpiredToken", "TokenRefreshRequired", "InvalidSecurity", "UnrecognizedClientException":
			return avow.Errorf(avow.Forbidden, "%s: the store does not accept the key; look at access-key, secret-key and session-token of its credentials", system)
		case "RequestTimeTooSkewed":
			return avow.Errorf(avow.Forbidden, "%s: the store does not accept the request for its time; set the clock of this machine", system)
		case "AccessDenied", "Forbidden":
			return avow.Errorf(avow.Forbidden, "%s: the key may not do this; what is missing is: %s on the bucket and what is in it", system, right)
		case "NoSuchBucket":
			return avow.Errorf(avow.NotFound, "%s: there is no such bucket; look at `at`", system)
		case "PermanentRedirect", "MovedPermanently", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException":
			return avow.Errorf(avow.Invalid, "%s: the bucket is in another region; look at `at`", system)
		case "SlowDown", "ServiceUnavailable", "InternalError", "RequestTimeout", "Throttling", "ThrottlingException":
			return avow.Errorf(avow.Unavailable, "%s: the store is away or too busy; try again later", system)
		}
		return storeAway(system, err)
	}
}

// storeAway explains what went wrong on the way to a store, or which status it answered with; nil where it is about the object.
func storeAway(system string, err error) error {
	var status interface{ HTTPStatusCode() int }
	var network *net.OpError
	switch why := inside.Distrust(err, "ca=FILE, in `at`"); {
	case errors.Is(err, inside.Err):
		return avow.Errorf(avow.Invalid, "%s: the address of the bucket leads into a private network, which is refused; the operator can allow the host by name (--inside HOST)", system)
	case why != "":
		return avow.Errorf(avow.Unavailable, "%s: %s", system, why)
	case errors.As(err, &network):
		return avow.Errorf(avow.Unavailable, "%s: the store cannot be reached; look at `at`, or at the network", system)
	case !errors.As(err, &status):
		return nil
	}
	switch code := status.HTTPStatusCode(); {
	case code == http.StatusUnauthorized || code == http.StatusForbidden:
		return avow.Errorf(avow.Forbidden, "%s: the store does not accept the key, or not for this", system)
	case code == http.StatusTooManyRequests || code >= http.StatusInternalServerError:
		return avow.Errorf(avow.Unavailable, "%s: the store is away or too busy; try again later", system)
	case code != http.StatusNotFound && code >= http.StatusMultipleChoices:
		return avow.Errorf(avow.Unavailable, "%s: the store answered %d; look at `at`: it may be no store of S3, or another region", system, code)
	}
	return nil
}
