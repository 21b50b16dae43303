package cases_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/rights/cases"
)

// What was found again and is planned anew is approved again when it is done where nobody approved anything; in the
// places that were approved it goes on.
func TestWhatIsFoundLaterIsApprovedToo(t *testing.T) {
	tuned(t, func(c *cases.Config) { c.TwoPeople = []law.Right{law.Remove} }, func(h *house) {
		for system, again := range map[string]cases.State{"shop": cases.Checking, "crm": cases.Approval} {
			address := system + "@mail.example"
			h.shelves.put("shop", address, "Ann Visitor")
			once := false
			h.shelves.cut = func(string) {
				if !once {
					once = true
					h.shelves.put(system, strings.ToUpper(address[:1])+address[1:], "Ann again") // came in between
				}
			}
			r := h.ask(law.Remove, address)
			h.prove(address)
			h.run()
			h.is(r, cases.Approval)
			h.Check(h.desk.Approve(bg, r.ID, "max"))
			h.run()
			h.is(r, again)
			if n := h.shelves.count(system, "lower(email) = ?", address); n != map[cases.State]int{cases.Checking: 0, cases.Approval: 1}[again] {
				t.Errorf("%s: %d rows before it was approved", system, n)
			}
			if again == cases.Approval {
				h.Check(h.desk.Approve(bg, r.ID, "max"))
				h.run()
			}
			h.finishTasks(r)
			h.is(r, cases.Closed)
			if n := h.shelves.count(system, "lower(email) = ?", address); n != 0 {
				t.Errorf("%s: %d rows in the end", system, n)
			}
		}
	})
}

// A request under another policy is about other systems, and stays apart.
func TestPoliciesAreNotMerged(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		text, err := os.ReadFile(filepath.Join("testdata", "policy.yaml"))
		h.Check(err)
		other := filepath.Join(t.TempDir(), "other.yaml")
		h.Check(os.WriteFile(other, []byte(strings.Replace(string(text), "policy: site", "policy: other", 1)), 0o600))
		h.Publish(other)
		h.shelves.setAway("crm", true)
		first := h.ask(law.Remove, ann)
		h.prove(ann)
		second := h.ask(law.Remove, ann, func(a *cases.Ask) { a.Policy = "other" })
		h.prove(ann)
		h.is(first, cases.Planning)
		h.is(second, cases.Planning)
	})
}
