package cases_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/rights/cases"
	"github.com/avowhq/avow/store"
)

const slip = "SLIP_APP"

// signed is a message of an agent that was not used yet.
func (h *house) signed(agent, what string) cases.AgentMessage {
	return cases.AgentMessage{Agent: agent, Hash: sha256.Sum256([]byte(agent + what)), Expires: h.Clock().Add(10 * time.Minute)}
}

func agentAsk(right law.Right, address, reference string) cases.AgentAsk {
	return cases.AgentAsk{Reference: reference, Exercise: "exercise of " + string(right), Callback: "https://agent.example/told/" + reference,
		Ask: cases.Ask{Right: right, Policy: "site", Region: "US-CA", By: "Slip (SLIP_APP)", Evidence: "a signed message", Identities: []cases.Identity{{Kind: "email", Value: address}}}}
}

func (h *house) from(agent string, a cases.AgentAsk) cases.AgentRequest {
	h.t.Helper()
	r, err := h.desk.TakeFrom(bg, h.signed(agent, avow.NewID(h.Clock()).String()), a)
	h.Check(err)
	return r
}

func (h *house) agentState(r cases.AgentRequest) cases.AgentRequest {
	h.t.Helper()
	r, err := h.desk.AgentRequest(bg, r.Agent, r.ID)
	h.Check(err)
	return r
}

func TestAgentTokens(t *testing.T) {
	each(t, func(h *house) {
		_, err := h.desk.AgentBy(bg, "")
		h.must(avow.Unauthorized, err)
		first := h.signed(slip, "first")
		token, err := h.desk.Admit(bg, first, []byte("key one"))
		h.Check(err)
		got, err := h.desk.AgentBy(bg, token)
		h.Check(err)
		if got.Agent != slip || string(got.Key) != "key one" {
			t.Errorf("%+v", got)
		}
		_, err = h.desk.Admit(bg, first, []byte("key one")) // somebody who listened has no token by it
		h.must(avow.Conflict, err)
		again, err := h.desk.Admit(bg, h.signed(slip, "second"), []byte("key two"))
		h.Check(err)
		_, err = h.desk.AgentBy(bg, token)
		h.must(avow.Unauthorized, err)
		other, err := h.desk.Admit(bg, h.signed("OTHER", "first"), []byte("key three"))
		h.Check(err)
		if got, err = h.desk.AgentBy(bg, other); err != nil || got.Agent != "OTHER" {
			t.Errorf("%+v %v", got, err)
		}
		if h.count(`SELECT count(agent) FROM rights_agents WHERE token = ? OR token = ?`, []byte(again), []byte(other)) != 0 {
			t.Error("a token is kept as it is")
		}
		h.Pass(3 * time.Hour)
		_, err = h.desk.Admit(bg, h.signed(slip, "third"), []byte("key two"))
		h.Check(err)
		if n := h.count(`SELECT count(hash) FROM rights_agent_messages`); n != 1 {
			t.Errorf("%d messages are kept that are refused for their age", n)
		}
	})
}

func (h *house) count(query string, args ...any) (n int) {
	h.t.Helper()
	h.Check(h.DB.Read(bg, func(tx *store.Tx) error { return tx.QueryRow(query, args...).Scan(&n) }))
	return n
}

// An agent's word opens nothing: the person shows who they are, and is told who asked.
func TestAgentAsksForACopy(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		r := h.from(slip, agentAsk(law.Copy, ann, "ref-1"))
		if r.State != cases.Verifying || r.Reference != "ref-1" || r.Exercise != "exercise of copy" || r.Lapses.IsZero() || r.Due.IsZero() || !r.Package.IsZero() {
			t.Errorf("%+v", r)
		}
		h.run()
		if got := h.agentState(r); got.State != cases.Verifying {
			t.Fatalf("%+v", got)
		}
		if l := h.letters(ann); len(l) != 1 || !strings.Contains(l[0].Text, "on your behalf by: Slip (SLIP_APP)") {
			t.Errorf("%v", l)
		}
		pass := h.prove(ann)
		h.run()
		if got := h.agentState(r); got.State != cases.Running || !got.Package.IsZero() {
			t.Errorf("%+v", got)
		}
		h.finishTasks(cases.Taken{ID: r.ID, Number: r.Number})
		got := h.agentState(r)
		if got.State != cases.Closed || got.Package.IsZero() || got.Closed.IsZero() || !got.Lapses.IsZero() {
			t.Errorf("%+v", got)
		}
		p, err := h.desk.Progress(bg, pass.Token)
		h.Check(err)
		if !p.Package || p.Number != got.Number {
			t.Errorf("%+v", p)
		}
		h.Pass(15 * 24 * time.Hour)
		h.run()
		if got = h.agentState(r); got.State != cases.Closed || !got.Package.IsZero() || got.Reference != "ref-1" {
			t.Errorf("after it was forgotten: %+v", got)
		}
		h.audit()
	})
}

// What an agent sees of somebody known and of somebody unknown is the same, until the person acts.
func TestAgentLearnsNothing(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		for _, c := range []struct {
			right  law.Right
			region avow.Region
		}{{law.Copy, "US-CA"}, {law.Remove, "US-CA"}, {law.OptOut, "US-CA"}, {law.Copy, ""}, {law.Remove, ""}, {law.OptOut, ""}} {
			right, asks := c.right, func(address string) cases.AgentAsk {
				a := agentAsk(c.right, address, "")
				a.Region = c.region
				return a
			}
			known, unknown := h.from(slip, asks(ann)), h.from(slip, asks(nobody))
			for range 3 {
				h.run()
				known, unknown = h.agentState(known), h.agentState(unknown)
				if a, b := seen(known), seen(unknown); !reflect.DeepEqual(a, b) {
					t.Errorf("%s:\n%+v\n%+v", right, a, b)
				}
				h.Pass(24 * time.Hour)
			}
			if right == law.OptOut && known.State != cases.Closed {
				t.Errorf("an opt-out waits for something: %+v", known)
			}
			h.Pass(40 * 24 * time.Hour)
			h.Check(h.desk.Watch(bg))
			if a, b := h.agentState(known), h.agentState(unknown); a.State != b.State || right == law.Copy && a.State != cases.Lapsed {
				t.Errorf("%s: %s, %s", right, a.State, b.State)
			}
		}
	})
}

// seen is what an agent sees, without what names the request.
func seen(r cases.AgentRequest) cases.AgentRequest {
	r.ID, r.Number, r.Received, r.Due, r.Lapses, r.Closed = avow.ID{}, "", time.Time{}, r.Due.Truncate(time.Minute), r.Lapses.Truncate(time.Minute), r.Closed.Truncate(time.Minute)
	return r
}

func TestAgentAsksOnce(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		m := h.signed(slip, "one")
		r, err := h.desk.TakeFrom(bg, m, agentAsk(law.Copy, ann, "ref"))
		h.Check(err)
		_, err = h.desk.TakeFrom(bg, m, agentAsk(law.Copy, ann, "ref"))
		h.must(avow.Conflict, err)
		again := h.from(slip, agentAsk(law.Copy, " "+ann, "ref")) // signed again, because no answer was heard
		if again.ID != r.ID || h.count(`SELECT count(id) FROM rights_cases`) != 1 {
			t.Errorf("%+v is not %+v", again, r)
		}
		_, err = h.desk.TakeFrom(bg, h.signed(slip, "two"), agentAsk(law.Copy, bob, "ref"))
		h.must(avow.Conflict, err)
		_, err = h.desk.TakeFrom(bg, h.signed(slip, "three"), agentAsk(law.Remove, ann, "ref"))
		h.must(avow.Conflict, err)
		if other := h.from("OTHER", agentAsk(law.Copy, ann, "ref")); other.ID == r.ID {
			t.Error("two agents have one request")
		}
		_, err = h.desk.AgentRequest(bg, "OTHER", r.ID)
		h.must(avow.Forbidden, err)
		_, none := h.desk.AgentRequest(bg, "OTHER", avow.NewID(h.Clock()))
		if none == nil || none.Error() != err.Error() {
			t.Errorf("%v and %v differ", none, err)
		}
		for range 3 {
			h.from(slip, agentAsk(law.Copy, ann, ""))
		}
		late := h.signed(slip, "late")
		_, err = h.desk.TakeFrom(bg, late, agentAsk(law.Copy, ann, ""))
		h.must(avow.TooMany, err)
		_, err = h.desk.TakeFrom(bg, late, agentAsk(law.Copy, bob, "")) // what was refused used nothing up
		h.Check(err)
		for _, bad := range []func(*cases.AgentAsk){
			func(a *cases.AgentAsk) { a.Identities = nil },
			func(a *cases.AgentAsk) { a.Evidence = "" },
			func(a *cases.AgentAsk) { a.Reference = strings.Repeat("x", 201) },
			func(a *cases.AgentAsk) { a.Callback = strings.Repeat("x", 2001) },
			func(a *cases.AgentAsk) { a.Right = "sell" },
		} {
			a := agentAsk(law.Copy, bob, "bad")
			bad(&a)
			if _, err := h.desk.TakeFrom(bg, h.signed(slip, "bad"), a); err == nil {
				t.Errorf("%+v was taken", a)
			}
		}
		if n := h.count(`SELECT count(case_id) FROM rights_agent_requests`); n != 6 {
			t.Errorf("%d requests", n)
		}
	})
}

func TestAgentRevokes(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		r := h.from(slip, agentAsk(law.Remove, ann, "ref"))
		_, err := h.desk.Revoke(bg, "OTHER", r.ID, nil)
		h.must(avow.Forbidden, err)
		m := h.signed(slip, "revoke")
		for _, m := range []*cases.AgentMessage{&m, nil} {
			got, err := h.desk.Revoke(bg, slip, r.ID, m)
			h.Check(err)
			if got.State != cases.Cancelled {
				t.Errorf("%+v", got)
			}
		}
		_, err = h.desk.Revoke(bg, slip, r.ID, &m)
		h.must(avow.Conflict, err)
		stopped := h.from(slip, agentAsk(law.OptOut, ann, "stop"))
		h.run()
		if _, err = h.desk.Revoke(bg, slip, stopped.ID, nil); err == nil {
			t.Error("what was done was revoked")
		}
		begun := h.from(slip, agentAsk(law.Remove, ann, "begun"))
		h.shelves.setAway("crm", true)
		h.prove(ann)
		h.run()
		if got, err := h.desk.Revoke(bg, slip, begun.ID, nil); err != nil || got.State != cases.Cancelled {
			t.Errorf("a request that is planned: %+v %v", got, err)
		}
		h.audit()
	})
}

// An agent hears the newest state, once, whatever happens on the way; of a merged request that of the earlier one.
func TestAgentsAreTold(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		var heard []string
		away := false
		tell := func(_ context.Context, r cases.AgentRequest) error {
			if away {
				return errors.New("nobody answers")
			}
			heard = append(heard, fmt.Sprintf("%s %s %t %s", r.Reference, r.State, r.Merged, r.Callback))
			return nil
		}
		hear := func(want ...string) {
			t.Helper()
			heard = nil
			h.Check(h.desk.TellAgents(bg, tell))
			slices.Sort(heard)
			if !reflect.DeepEqual(heard, want) {
				t.Errorf("heard %q, want %q", heard, want)
			}
		}
		h.shelves.setAway("crm", true)
		quiet := agentAsk(law.Copy, bob, "quiet")
		quiet.Callback = ""
		h.from(slip, quiet)
		first := h.from(slip, agentAsk(law.Copy, ann, "a"))
		hear() // the answer said so
		h.run()
		h.Pass(48 * time.Hour)
		h.Check(h.desk.Watch(bg))
		hear()
		h.Check(h.desk.Send(bg, first.Number))
		h.prove(ann)
		second := h.from(slip, agentAsk(law.Copy, ann, "b"))
		hear("a planning false https://agent.example/told/a")
		hear()
		h.prove(ann)
		if got := h.agentState(second); !got.Merged {
			t.Fatalf("%+v", got)
		}
		h.shelves.setAway("crm", false)
		h.Pass(2 * time.Hour)
		h.run()
		h.finishTasks(cases.Taken{ID: first.ID, Number: first.Number})
		away = true
		hear()
		away = false
		hear()
		h.Pass(time.Minute)
		hear("a closed false https://agent.example/told/a", "b closed true https://agent.example/told/b")
		hear()
		h.Pass(cases.KeepForAgents + time.Hour)
		hear()
		_, err := h.desk.AgentRequest(bg, slip, second.ID)
		h.must(avow.Forbidden, err)
		if n := h.count(`SELECT count(case_id) FROM rights_agent_requests`); n != 1 {
			t.Errorf("%d requests are kept; the one that waits for Bob should be", n)
		}
	})
}

// A day that moves is told, because an extension is.
func TestAgentIsToldOfMoreTime(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		r := h.from(slip, agentAsk(law.HumanReview, ann, "a"))
		h.prove(ann)
		n := 0
		tell := func(context.Context, cases.AgentRequest) error { n++; return nil }
		h.Check(h.desk.TellAgents(bg, tell))
		h.Check(h.desk.Pause(bg, r.ID, "ivy", law.Clarification, "Which decision?"))
		h.Check(h.desk.TellAgents(bg, tell))
		if got := h.agentState(r); got.Paused != "clarification" || n != 2 {
			t.Errorf("%+v, told %d times", got, n)
		}
	})
}

// Neither what an agent calls a request nor where it listens stands in the database.
func TestAgentWordsAreSealed(t *testing.T) {
	each(t, func(h *house) {
		h.from(slip, agentAsk(law.Copy, ann, "ann-at-mail"))
		var sealed []byte
		h.Check(h.DB.Read(bg, func(tx *store.Tx) error { return tx.QueryRow(`SELECT sealed FROM rights_agent_requests`).Scan(&sealed) }))
		if len(sealed) < 40 || strings.Contains(string(sealed), "ann-at-mail") {
			t.Errorf("%q", sealed)
		}
		h.Check(h.DB.Write(bg, func(tx *store.Tx) error {
			_, err := tx.Exec(`UPDATE rights_agent_requests SET sealed = ?`, append(sealed, 'x'))
			return err
		}))
		if h.count(`SELECT count(case_id) FROM rights_agent_requests WHERE agent = ?`, slip) != 1 {
			t.Fatal("no row")
		}
		if err := h.desk.TellAgents(bg, func(context.Context, cases.AgentRequest) error { return nil }); err != nil {
			t.Error(err) // nothing is untold
		}
	})
}

// Each write of an agent's requests fails once. What failed used nothing up: the same message is taken the next
// time, and counts once.
func TestEveryWriteOfAgentsFails(t *testing.T) {
	each(t, func(h *house) {
		f := fault{h}
		f.install()
		failed := 0
		for at := 1; ; at++ {
			ref := fmt.Sprint("ref-", at)
			ask := agentAsk(law.Copy, fmt.Sprintf("p%d@mail.example", at), ref)
			hello, asking, ending := h.signed(slip, "hello"+ref), h.signed(slip, "ask"+ref), h.signed(slip, "end"+ref)
			var r cases.AgentRequest
			told := 0
			f.set(at)
			hit := false
			for _, do := range []func() error{
				func() error { _, err := h.desk.Admit(bg, hello, []byte("key")); return err },
				func() (err error) { r, err = h.desk.TakeFrom(bg, asking, ask); return err },
				func() (err error) { r, err = h.desk.Revoke(bg, slip, r.ID, &ending); return err },
				func() error {
					return h.desk.TellAgents(bg, func(context.Context, cases.AgentRequest) error { told++; return nil })
				},
			} {
				if err := do(); err != nil {
					hit = true
					f.set(0)
					h.Check(do())
				}
			}
			f.set(0)
			if r.State != cases.Cancelled || r.Reference != ref || told == 0 {
				t.Errorf("write %d: %+v, told %d times", at, r, told)
			}
			if n := h.count(`SELECT count(id) FROM rights_cases`); n != at {
				t.Errorf("write %d: %d requests, not %d", at, n, at)
			}
			for _, used := range []cases.AgentMessage{hello, asking} {
				_, err := h.desk.Admit(bg, used, []byte("key"))
				h.must(avow.Conflict, err)
			}
			if !hit {
				break
			}
			failed++
		}
		if failed < 12 {
			t.Errorf("%d writes failed: the test sees little", failed)
		}
		h.audit()
	})
}

// Sent by several hands and to several nodes at once, one message counts once, and so does one name.
func TestAgentAsksAtOnce(t *testing.T) {
	each(t, func(h *house) {
		desks := []*cases.Desk{h.desk, h.newDesk()}
		m := h.signed(slip, "same")
		var same, named atomic.Int32
		var wg sync.WaitGroup
		for i := range 8 {
			mine := h.signed(slip, fmt.Sprint("of hand ", i))
			wg.Go(func() {
				if _, err := desks[i%2].TakeFrom(bg, m, agentAsk(law.Copy, ann, "")); err == nil {
					same.Add(1)
				} else if avow.KindOf(err) != avow.Conflict {
					t.Error(err)
				}
				if _, err := desks[i%2].TakeFrom(bg, mine, agentAsk(law.Copy, bob, "ref")); err == nil {
					named.Add(1)
				} else {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if n := h.count(`SELECT count(id) FROM rights_cases`); same.Load() != 1 || named.Load() != 8 || n != 2 {
			t.Errorf("one message was taken %d times, one name %d times, and %d requests came of it", same.Load(), named.Load(), n)
		}
	})
}
