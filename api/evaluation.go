package api

import (
	"strconv"

	"github.com/avowhq/avow"
)

// The bounds of a decision request.
const (
	maxDecisionBody = 256 << 10 // bytes
	maxBatch        = 1000      // evaluations in one call
	maxData         = 64        // categories and fields in one question
)

// question is one access evaluation as asked (authzen:1.0#6.1). AuthZEN's subject
// is who asks; here that is the holder of the token, and a subject in the body may
// only repeat it. Its resource is the data: whose, of which policy, which.
type question struct {
	subjectType, subjectID string

	action string // the act: use, send, disclose …

	resourceType string // `data-subject` or `visitor`
	resourceID   string // the id of a data subject
	policy       string
	data         []string // categories or category.field
	kind, region string   // of a visitor

	purpose, recipient, role, place string
	cookie                          string // the name of one that is to be set or read
	onEvent                         bool
	signals                         []string

	has parts
}

// parts says which of the four parts a question carried; those it did not carry
// come from the defaults of a batch (authzen:1.0#7.1.1).
type parts struct{ subject, action, resource, context bool }

// semantic says when a batch stops (authzen:1.0#7.1.2.1).
type semantic uint8

const (
	executeAll semantic = iota
	denyOnFirstDeny
	permitOnFirstPermit
)

type batch struct {
	defaults question
	each     []question
	listed   bool // the member `evaluations` was there
	semantic semantic
}

// readQuestion reads one question.
func readQuestion(body []byte) (question, error) {
	var q question
	s := scanner{b: body}
	s.object(func(key string) { s.part(&q, key) })
	s.end()
	return q, s.err
}

// readBatch reads many.
func readBatch(body []byte) (batch, error) {
	var b batch
	s := scanner{b: body}
	s.object(func(key string) {
		switch key {
		case "evaluations":
			b.listed = true
			s.array(func() { s.batched(&b) })
		case "options":
			s.options(&b)
		default:
			s.part(&b.defaults, key)
		}
	})
	s.end()
	if s.err == nil {
		for i := range b.each {
			b.each[i].fill(b.defaults)
		}
	}
	return b, s.err
}

func (s *scanner) batched(b *batch) {
	if len(b.each) == maxBatch {
		s.err = avow.Errorf(avow.TooLarge, "a batch holds at most %d evaluations", maxBatch)
		return
	}
	var q question
	s.object(func(key string) { s.part(&q, key) })
	b.each = append(b.each, q)
}

func (s *scanner) options(b *batch) {
	s.object(func(key string) {
		if key != "evaluations_semantic" {
			s.skip()
			return
		}
		switch name := s.text(); name {
		case "execute_all", "":
		case "deny_on_first_deny":
			b.semantic = denyOnFirstDeny
		case "permit_on_first_permit":
			b.semantic = permitOnFirstPermit
		default:
			s.fail("evaluations_semantic is execute_all, deny_on_first_deny or permit_on_first_permit")
		}
	})
}

func (s *scanner) part(q *question, key string) {
	switch key {
	case "subject":
		q.has.subject = true
		s.entity(&q.subjectType, &q.subjectID, nil)
	case "action":
		q.has.action = true
		s.object(func(key string) {
			if key == "name" {
				q.action = s.text()
				return
			}
			s.skip()
		})
	case "resource":
		q.has.resource = true
		s.entity(&q.resourceType, &q.resourceID, func(key string) { s.resourceProperty(q, key) })
	case "context":
		q.has.context = true
		s.object(func(key string) { s.contextMember(q, key) })
	default:
		s.skip()
	}
}

func (s *scanner) entity(kind, id *string, property func(key string)) {
	s.object(func(key string) {
		switch {
		case key == "type":
			*kind = s.text()
		case key == "id":
			*id = s.text()
		case key == "properties" && property != nil:
			s.object(property)
		default:
			s.skip()
		}
	})
}

func (s *scanner) resourceProperty(q *question, key string) {
	switch key {
	case "policy":
		q.policy = s.text()
	case "data":
		q.data = s.texts(maxData)
	case "kind":
		q.kind = s.text()
	case "region":
		q.region = s.text()
	default:
		s.skip()
	}
}

func (s *scanner) contextMember(q *question, key string) {
	switch key {
	case "purpose":
		q.purpose = s.text()
	case "recipient":
		q.recipient = s.text()
	case "role":
		q.role = s.text()
	case "place":
		q.place = s.text()
	case "on_event":
		q.onEvent = s.yes()
	case "cookie":
		q.cookie = s.text()
	case "signals":
		q.signals = s.texts(8)
	default:
		s.skip()
	}
}

// fill takes from the defaults what the question does not carry.
func (q *question) fill(d question) {
	if !q.has.subject {
		q.subjectType, q.subjectID, q.has.subject = d.subjectType, d.subjectID, d.has.subject
	}
	if !q.has.action {
		q.action, q.has.action = d.action, d.has.action
	}
	if !q.has.resource {
		q.resourceType, q.resourceID, q.policy, q.data, q.kind, q.region = d.resourceType, d.resourceID, d.policy, d.data, d.kind, d.region
		q.has.resource = d.has.resource
	}
	if !q.has.context {
		q.purpose, q.recipient, q.role, q.place, q.onEvent, q.cookie, q.signals = d.purpose, d.recipient, d.role, d.place, d.onEvent, d.cookie, d.signals
		q.has.context = d.has.context
	}
}

// complete says what a question lacks (authzen:1.0#6.1 demands subject, action and resource).
func (q *question) complete() error {
	switch {
	case !q.has.subject || q.subjectType == "" || q.subjectID == "":
		return avow.FieldErrorf("subject", "name who asks: {\"type\": \"service\", \"id\": …}")
	case q.action == "":
		return avow.FieldErrorf("action.name", "name the act: use, collect, keep, send, combine, disclose or transfer")
	case q.resourceType != "data-subject" && q.resourceType != "visitor":
		return avow.FieldErrorf("resource.type", "must be data-subject or visitor")
	case q.resourceType == "data-subject" && q.resourceID == "":
		return avow.FieldErrorf("resource.id", "name the data subject")
	case q.purpose == "" && q.cookie == "":
		return avow.FieldErrorf("context.purpose", "name the purpose; a use with no stated purpose is refused")
	case len(q.data) == 0 && q.cookie == "":
		return avow.FieldErrorf("resource.properties.data", "name the data: categories, or fields as category.field")
	}
	return nil
}

// answer is one decision as told (authzen:1.0#6.2): yes or no, and in the context why.
type answer struct {
	allowed     bool
	reason      string // the gate's word for it
	says        string // one sentence for a person
	basis       string
	policy      string
	version     int
	clause      string
	line        int
	obligations []string
	status      int // of a question that could not be asked; 0 for one that could
}

// append writes the answer as JSON.
func (a *answer) append(b []byte) []byte {
	b = append(b, `{"decision":`...)
	b = strconv.AppendBool(b, a.allowed)
	b = append(b, `,"context":{"reason":`...)
	b = appendText(b, a.reason)
	b = append(b, `,"says":`...)
	b = appendText(b, a.says)
	if a.status != 0 {
		b = append(b, `,"error":{"status":`...)
		b = strconv.AppendInt(b, int64(a.status), 10)
		b = append(b, `,"message":`...)
		b = appendText(b, a.says)
		return append(b, `}}}`...)
	}
	b = append(b, `,"basis":`...)
	b = appendText(b, a.basis)
	b = append(b, `,"policy":`...)
	b = appendText(b, a.policy)
	b = append(b, `,"version":`...)
	b = strconv.AppendInt(b, int64(a.version), 10)
	b = append(b, `,"clause":`...)
	b = appendText(b, a.clause)
	b = append(b, `,"line":`...)
	b = strconv.AppendInt(b, int64(a.line), 10)
	b = append(b, `,"obligations":[`...)
	for i, o := range a.obligations {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendText(b, o)
	}
	return append(b, `]}}`...)
}

const hexDigits = "0123456789abcdef"

// appendText writes a JSON string. Our own texts and ids are valid UTF-8.
func appendText(b []byte, s string) []byte {
	b = append(b, '"')
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < 0x20 || c == '<' || c == '>' || c == '&':
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}
