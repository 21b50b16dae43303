package rights

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/policy"
	"github.com/avowhq/avow/policy/notice"
	"github.com/avowhq/avow/rights/pack"
	"github.com/avowhq/avow/store"
)

// history opens the events of the person, the newest first: some of them, or, when
// limit is 0, all with the receipts of those that can still be opened.
func (d *Desk) history(tx *store.Tx, w *words, rec *Record, limit int) error {
	family, err := d.Vault.Family(tx, rec.Subject)
	if err != nil {
		return err
	}
	entries, err := d.Ledger.BySubject(tx, family...)
	if err != nil {
		return err
	}
	if limit > 0 && len(entries) > limit {
		rec.Earlier = len(entries) - limit
		entries = entries[rec.Earlier:]
	}
	for _, e := range slices.Backward(entries) {
		h := Happening{ID: e.ID, Index: e.Index, At: e.At, Type: e.Type, Policy: e.Policy, Version: e.Version}
		event, err := d.Ledger.Open(tx, e)
		if err != nil && avow.KindOf(err) != avow.NotFound {
			return err
		}
		if err == nil {
			h.Body, h.Opens = event.Body, true
		}
		h.Words = w.event(h)
		rec.History = append(rec.History, h)
		if limit > 0 || err != nil {
			continue
		}
		receipt, err := d.Ledger.Receipt(tx, e)
		if err != nil {
			return err
		}
		rec.Receipts = append(rec.Receipts, receipt)
	}
	return nil
}

var eventWords = map[ledger.Type]string{
	ledger.Collected:           "You gave data, or it was collected about you",
	ledger.ConsentGiven:        "Consent was given",
	ledger.ConsentConfirmed:    "You confirmed a consent",
	ledger.ConsentWithdrawn:    "You took a consent back",
	ledger.ConsentRefused:      "You said no when you were asked",
	ledger.Objected:            "You objected",
	ledger.ObjectionOverridden: "An objection was weighed, and the use goes on",
	ledger.ObjectionEnded:      "You allowed it again",
	ledger.Restricted:          "The use of your data was restricted",
	ledger.Unrestricted:        "The restriction was lifted",
	ledger.SignalSeen:          "Your browser asked not to be followed",
	ledger.LinkSent:            "A one-time link was sent to your address",
	ledger.IdentityVerified:    "You showed that the address is yours",
	ledger.Joined:              "What came in under your address was joined with what was known of you",
	ledger.RequestMade:         "You made a request",
	ledger.RequestAnswered:     "You looked at your data",
	ledger.RequestRefused:      "Your request was refused",
	ledger.CopyHandedOver:      "You took a copy of your data",
	ledger.Corrected:           "Data was corrected",
	ledger.Erased:              "Data was erased",
	ledger.Expired:             "Data was erased because its time was over",
	ledger.Used:                "Your data was used",
	ledger.UsedOnce:            "Your data was used once",
	ledger.Sent:                "Something was sent to you",
	ledger.Disclosed:           "Your data was given to somebody",
	ledger.RecipientsTold:      "Recipients were told of a change",
	ledger.LookedAt:            "Staff looked at your data",
	ledger.Imported:            "Data about you was brought in from a file",
	ledger.Told:                "You were told that data about you is held",
	"request-moved":            "Your request went on",
	"request-turned":           "What you asked was changed by a switch of yours",
	"restriction-end-told":     "You were told that the restriction of your data ends, and why",
	AddressAdded:               "You named another address of yours, and a link goes to it",
	AddressRemoved:             "You removed an address of yours",
	Unjoined:                   "You had been taken for one with somebody else, and that was undone",

	// Of the room that keeps what people say.
	"fact-shown":          "Something that decides what applies to you was shown",
	"region-shown":        "Where you live was recorded",
	"objections-recalled": "What you had stopped before was remembered",
	"consents-lapsed":     "Your consents ended, because you asked to be erased",
	"choices-joined":      "What was said under your address was brought together",
	"choices-merged":      "Your choices were brought together with those of somebody taken for you",
	"choices-split":       "Your choices were parted again from somebody else's",
	"choices-carried":     "Your choices were taken over as they stood",
}

// requestWords say where a request of theirs went; they hold its number.
var requestWords = map[string]string{
	"received":   "Your request %s came in",
	"verifying":  "Your request %s waited for you to show who you are",
	"planning":   "What concerns you was looked for, for your request %s",
	"approval":   "Your request %s went to a second person, who looks at what is to be done",
	"running":    "Your request %s was being carried out",
	"checking":   "What was done for your request %s was checked",
	"delivering": "The answer to your request %s was made ready",
	"closed":     "Your request %s was answered",
	"refused":    "Your request %s was refused",
	"cancelled":  "Your request %s was cancelled",
	"appealed":   "You appealed against the answer to your request %s",
	"merged":     "Your request %s was joined to an earlier one of yours",
	"lapsed":     "Your request %s lapsed: nobody had shown who asked",
}

// besideMoves are events of a request that moved it nowhere.
var besideMoves = []ledger.Type{ledger.CopyHandedOver, ledger.RecipientsTold, "request-turned", "restriction-end-told"}

// receiptWords is for the copy of a single receipt.
const receiptWords = "You took a receipt"

// said is what the bodies of all rooms' events may hold.
type said struct {
	Request  string   `json:"request"`
	Number   string   `json:"number"`
	State    string   `json:"state"`
	Purpose  string   `json:"purpose"`
	Topic    string   `json:"topic"`
	Point    string   `json:"point"`
	By       string   `json:"by"`
	Fields   []string `json:"fields"`
	Purposes []struct {
		Purpose string `json:"purpose"`
		Title   string `json:"title"`
	} `json:"purposes"`
}

// event says what happened, with the names that the policy has for things.
func (w *words) event(h Happening) string {
	line := orElse(eventWords[h.Type], pack.Spaced(string(h.Type)))
	var s said
	if len(h.Body) == 0 || json.Unmarshal(h.Body, &s) != nil {
		return line
	}
	if h.Type == ledger.CopyHandedOver && s.Request == theReceipt {
		line = receiptWords
	}
	if moved := requestWords[s.State]; moved != "" && s.Number != "" {
		if slices.Contains(besideMoves, h.Type) {
			line += ", by request " + s.Number
		} else {
			line = fmt.Sprintf(moved, s.Number)
		}
	}
	if about := about(w.policy(h.Policy, h.Version), s); len(about) > 0 {
		line += ": " + strings.Join(about, ", ")
	}
	if s.By != "" && s.By != thePerson {
		line += " (by: " + s.By + ")"
	}
	return line
}

// about names what an event is about. p is nil when no policy is named.
func about(p *policy.Policy, s said) (out []string) {
	for _, u := range s.Purposes {
		out = with(out, orElse(u.Title, u.Purpose))
	}
	for _, f := range s.Fields {
		out = with(out, fieldTitle(p, f))
	}
	if p == nil {
		return out
	}
	if i, ok := p.Purpose(s.Purpose); ok {
		out = with(out, p.Purposes[i].Title)
	}
	if i, ok := p.Topic(s.Topic); ok {
		out = with(out, orElse(p.Topics[i].Title, s.Topic))
	}
	if i, ok := p.Point(s.Point); ok && p.Points[i].Title != "" {
		out = append(out, "at “"+p.Points[i].Title+"”")
	}
	return out
}

func fieldTitle(p *policy.Policy, path string) string {
	_, name, ok := strings.Cut(path, ".")
	if p == nil || !ok {
		return path
	}
	return strings.ToLower(notice.FieldTitle(p, name, ""))
}
