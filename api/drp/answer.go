package drp

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/avowhq/avow"
)

// fault is something wrong with a message. Fatal: sending it again is of no use.
type fault struct {
	code    int
	message string
	fatal   bool
}

// Error is what the agent reads.
func (f fault) Error() string { return f.message }

func invalid(format string, args ...any) error {
	return fault{http.StatusBadRequest, fmt.Sprintf(format, args...), true}
}

// kindOf is the kind of an error of the rooms; a fault is Invalid.
func kindOf(err error) avow.ErrorKind {
	if _, ok := err.(fault); ok {
		return avow.Invalid
	}
	return avow.KindOf(err)
}

// failure is an error as agents read it (drp:1.0#3.06).
type failure struct {
	Code    string `json:"code" doc:"the status, for programs that do not see it"`
	Message string `json:"message"`
	Fatal   bool   `json:"fatal,omitempty" doc:"sending the same again is of no use"`
}

// codes is this face's one map from kinds of errors to statuses, and whether sending the same again is of no use.
var codes = map[avow.ErrorKind]fault{
	avow.Invalid:      {http.StatusBadRequest, "", true},
	avow.NotFound:     {http.StatusNotFound, "", true},
	avow.Conflict:     {http.StatusConflict, "", true},
	avow.Refused:      {http.StatusConflict, "", true}, // it has been begun, and is finished
	avow.Forbidden:    {http.StatusForbidden, "", true},
	avow.Unauthorized: {http.StatusUnauthorized, "", false},
	avow.TooLarge:     {http.StatusRequestEntityTooLarge, "", true},
	avow.TooMany:      {http.StatusTooManyRequests, "", false},
	avow.Unavailable:  {http.StatusServiceUnavailable, "", false},
	avow.Canceled:     {http.StatusServiceUnavailable, "", false},
}

func faultOf(err error) fault {
	if f, ok := err.(fault); ok {
		return f
	}
	f, ok := codes[avow.KindOf(err)]
	if !ok {
		f.code = http.StatusInternalServerError
	}
	f.message = avow.MessageOf(err)
	return f
}

func writeError(w http.ResponseWriter, err error) {
	f := faultOf(err)
	switch f.code {
	case http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", `Bearer realm="drp"`)
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", "30")
	}
	writeJSON(w, f.code, failure{strconv.Itoa(f.code), f.message, f.fatal})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	b, err := encode(v)
	if err != nil {
		status, b = http.StatusInternalServerError, []byte(`{"code":"500","message":"something went wrong here"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	w.Write(b)
}

// encode writes JSON in which an address stands as it is.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// bearer is the token of a request; empty where there is none.
func bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	token = strings.TrimSpace(token)
	if !strings.EqualFold(scheme, "bearer") || len(token) > mostToken {
		return ""
	}
	return token
}

// uuidOf writes the id of a request as a UUID, as drp:1.0#3.03 would have it.
func uuidOf(id avow.ID) string {
	h := hex.EncodeToString(id[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// readUUID reads what uuidOf wrote, in either case of letters.
func readUUID(text string) (id avow.ID, ok bool) {
	if len(text) != 36 {
		return id, false
	}
	b, err := hex.DecodeString(strings.ReplaceAll(text, "-", ""))
	if err != nil || len(b) != len(id) || !strings.EqualFold(uuidOf(avow.ID(b)), text) {
		return id, false
	}
	return avow.ID(b), true
}
