package api

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/avowhq/avow"
)

const askedBody = `{"subject":{"type":"service","id":"shop"},"action":{"name":"send"},
 "resource":{"type":"data-subject","id":"x","properties":{"policy":"website","data":["contact","website.usage"],"other":{"a":[1,2.5e3,null]}}},
 "context":{"purpose":"newsletter","on_event":true,"signals":["dnt"],"unknown":"é\u00e9\"\\"}}`

func TestReadQuestion(t *testing.T) {
	q, err := readQuestion([]byte(askedBody))
	if err != nil {
		t.Fatal(err)
	}
	if q.subjectID != "shop" || q.action != "send" || q.policy != "website" || len(q.data) != 2 || q.data[1] != "website.usage" ||
		q.purpose != "newsletter" || !q.onEvent || len(q.signals) != 1 || q.complete() != nil {
		t.Fatalf("read %+v", q)
	}
}

func TestReadBatchFillsFromDefaults(t *testing.T) {
	b, err := readBatch([]byte(`{"subject":{"type":"service","id":"shop"},"action":{"name":"use"},"context":{"purpose":"p"},
	 "evaluations":[{"resource":{"type":"visitor","properties":{"data":"ip"}}},{"action":{"name":"send"},"resource":{"type":"visitor"}}],
	 "options":{"evaluations_semantic":"deny_on_first_deny"}}`))
	if err != nil || len(b.each) != 2 || b.semantic != denyOnFirstDeny {
		t.Fatalf("%v %+v", err, b)
	}
	if q := b.each[0]; q.action != "use" || q.purpose != "p" || q.subjectID != "shop" || q.data[0] != "ip" || q.complete() != nil {
		t.Errorf("first: %+v", q)
	}
	if q := b.each[1]; q.action != "send" || q.complete() == nil {
		t.Errorf("second should lack its data: %+v", q)
	}
}

func TestBadJSONIsRefused(t *testing.T) {
	for _, bad := range []string{``, `{`, `[]`, `{"a":}`, `{"subject":{"type":1}}`, askedBody + `x`, `{"a":"` + "\x01" + `"}`, `{"a":"\q"}`, "{\"a\":\"\xff\"}",
		`{"a":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`, `{"a":01}`, `{"context":{"on_event":"yes"}}`, `{"a":"unfinished`, `{"a":"b\`} {
		if _, err := readQuestion([]byte(bad)); avow.KindOf(err) != avow.Invalid {
			t.Errorf("%.40q: got %v, want an invalid-input error", bad, err)
		}
	}
}

// What is wrong is named by where it stands.
func TestWhereJSONIsWrong(t *testing.T) {
	for bad, field := range map[string]string{
		`{"subject":{"type":1}}`: "subject.type", `{"context":{"purpose":"a","on_event":"yes"}}`: "context.on_event", `{"resource":[]}`: "resource",
		`{"resource":{"id":"a","properties":{"data":["a",{}]}}}`: "resource.properties.data", `{"action":{"name":"a"},`: "", `[]`: "",
		`{"other":{"a":[{"b":1},{"b":x}]}}`: "other.a.b", "{\"\xff\":\"a\"}": "",
	} {
		_, err := readQuestion([]byte(bad))
		var e *avow.Error
		if !errors.As(err, &e) || e.Kind != avow.Invalid || e.Field != field {
			t.Errorf("%.60q: %v, want the field %q", bad, err, field)
		}
	}
	_, err := readBatch([]byte(`{"evaluations":[{},{"action":7}]}`))
	var e *avow.Error
	if !errors.As(err, &e) || e.Field != "evaluations.action" {
		t.Errorf("in a batch: %v", err)
	}
}

// FuzzScan holds the scanner against encoding/json: it accepts nothing that is
// not JSON, and reads the same texts.
func FuzzScan(f *testing.F) {
	for _, s := range []string{askedBody, `{}`, `{"context":{"purpose":"a\nb"}}`, `{"a":[{"b":null}]}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		q, err := readQuestion(body)
		if err != nil {
			return
		}
		if !json.Valid(body) {
			t.Fatalf("accepted what is not JSON: %q", body)
		}
		a := answer{says: q.purpose, reason: q.action}
		if out := a.append(nil); !json.Valid(out) {
			t.Fatalf("wrote what is not JSON: %q", out)
		}
	})
}
