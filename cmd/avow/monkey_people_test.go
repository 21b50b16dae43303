package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// monkeyPerson is somebody whose acts come one after the other, each acknowledged, so that what is true of them is known.
type monkeyPerson struct {
	m       *monkey
	r       *rand.Rand
	address string
	c       *http.Client

	yes     bool            // consent to the newsletter counts
	news    bool            // its topic was stopped since
	no      map[string]bool // purposes they objected to
	gone    bool
	history []string
}

func newMonkeyPerson(m *monkey, i int) *monkeyPerson {
	return &monkeyPerson{m: m, r: rand.New(rand.NewPCG(monkeySeed, uint64(1000+i))), address: fmt.Sprintf("person%d@visitor.example", i), c: monkeyClient(), no: map[string]bool{}}
}

func plainForm(fields map[string]any) string {
	v := url.Values{}
	for name, value := range fields {
		v.Set(name, fmt.Sprint(value))
	}
	return v.Encode()
}

// live is a life: they subscribe and confirm, come in, and change their mind.
func (p *monkeyPerson) live() {
	if !p.subscribe() {
		p.m.fault("%s could not subscribe", p.address)
		return
	}
	if !p.twice("/privacy/open", func() { p.do("/privacy/link", 200, "address", p.address) }, http.StatusSeeOther) {
		return
	}
	for range 12 + p.r.IntN(8) {
		if p.gone {
			p.afterwards()
			return
		}
		p.act()
	}
}

// do posts a form until it is not answered with too many, and tells whether the answer is the one that was wanted.
func (p *monkeyPerson) do(path string, want int, fields ...string) bool {
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		a, ok := p.m.post(p.r, p.c, path, fields...)
		if !ok || a.status == http.StatusTooManyRequests {
			continue
		}
		p.history = append(p.history, fmt.Sprintf("%s %v: %d", path, fields, a.status))
		if a.status != want {
			p.m.fault("%s: %s %v is answered with %d, not %d, after %q: %.700s", p.address, path, fields, a.status, want, p.history, mainOf(a.body))
		}
		return a.status == want
	}
	p.m.fault("%s: %s is never answered", p.address, path)
	return false
}

func mainOf(page string) string {
	_, after, _ := strings.Cut(page, "<main")
	return after
}

func (p *monkeyPerson) subscribe() bool {
	return p.twice("/confirm", func() {
		p.do("/collect/newsletter", 200, "policy", "quay", "contact.email", p.address, "consent.newsletter", "yes")
		p.yes = true
	}, 200)
}

// twice uses a link that a letter brings in three places at once: it works in one.
func (p *monkeyPerson) twice(page string, ask func(), want int) bool {
	before := len(p.m.q.office.to(p.address))
	ask()
	token := ""
	for end := time.Now().Add(30 * time.Second); token == "" && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		letters := p.m.q.office.to(p.address)
		for _, l := range letters[:len(letters)-before] {
			if _, after, ok := strings.Cut(l.Text, page+"?t="); ok {
				token, _, _ = strings.Cut(after, "\n")
				token = strings.TrimSpace(token)
			}
		}
	}
	if token == "" {
		p.m.fault("%s got no letter with %s", p.address, page)
		return false
	}
	var all sync.WaitGroup
	var got [3]int
	for i := range got {
		r := rand.New(rand.NewPCG(p.r.Uint64(), uint64(i)))
		all.Go(func() {
			a, _ := p.m.post(r, p.c, page, "t", token)
			got[i] = a.status
		})
	}
	all.Wait()
	worked := 0
	for _, status := range got {
		if status == want {
			worked++
		} else if status != http.StatusUnauthorized {
			p.m.fault("%s: a link that is used at the same time is answered with %d", page, status)
		}
	}
	if worked != 1 {
		p.m.fault("%s: a link worked %d times: %v", page, worked, got)
	}
	return worked == 1
}

func (p *monkeyPerson) act() {
	switch p.r.IntN(14) {
	case 0, 1:
		if p.do("/privacy/choices", 303, "policy", "quay", "withdraw", "newsletter") {
			p.yes = false
		}
	case 2, 3:
		if p.do("/privacy/choices", 303, "policy", "quay", "give", "newsletter") {
			p.yes, p.news = true, false
		}
	case 4:
		if p.do("/privacy/choices", 303, "policy", "quay", "stop-topic", "news") {
			p.news = true
		}
	case 5:
		if p.do("/privacy/choices", 303, "policy", "quay", "allow-topic", "news") {
			p.news = false
		}
	case 6, 7:
		purpose := []string{"debts", "answer"}[p.r.IntN(2)]
		if p.do("/privacy/choices", 303, "policy", "quay", "object", purpose) {
			p.no[purpose] = true
		}
	case 8:
		purpose := []string{"debts", "answer"}[p.r.IntN(2)]
		if p.do("/privacy/choices", 303, "policy", "quay", "allow", purpose) {
			p.no[purpose] = false
		}
	case 9:
		if p.say("/api/v1/withdrawals", `"purpose":"newsletter"`) {
			p.yes = false
		}
	case 10:
		if p.say("/api/v1/objections", `"topic":"news"`) {
			p.news = true
		}
	case 11:
		p.see()
	case 12:
		p.many()
	case 13:
		if p.r.IntN(2) == 0 {
			p.erase()
		}
	}
}

// say has a program record what the person said, with two of nobody at the same time.
func (p *monkeyPerson) say(path, what string) bool {
	var all sync.WaitGroup
	got := 0
	for i, address := range []string{p.address, fmt.Sprintf("a%d@nobody.example", p.r.IntN(1000)), fmt.Sprintf("b%d@nobody.example", p.r.IntN(1000))} {
		r := rand.New(rand.NewPCG(p.r.Uint64(), uint64(i)))
		all.Go(func() {
			name, value, _ := strings.Cut(p.m.shop, ": ")
			s := shot{method: post, path: path, kind: "application/json", body: `{"policy":"quay","email":"` + address + `",` + what + `,"way":"by post"}`, headers: [][2]string{{name, value}}}
			a, ok := p.m.send(r, p.c, s)
			if ok {
				p.m.hold(s, a)
			}
			if a.status != http.StatusNoContent {
				p.m.fault("%s: %d %s", path, a.status, a.body)
			}
			if i == 0 {
				got = a.status
			}
		})
	}
	all.Wait()
	p.history = append(p.history, fmt.Sprint(path, what, got))
	return got == http.StatusNoContent
}

// see looks at what is held.
func (p *monkeyPerson) see() {
	s := shot{method: get, path: "/privacy/me"}
	if a, ok := p.m.send(p.r, p.c, s); ok {
		p.m.hold(s, a)
		if a.status != 200 || !strings.Contains(a.body, p.address) {
			p.m.fault("%s sees %d, after %q", p.address, a.status, p.history)
		}
	}
	p.do("/privacy/copy", 200)
}

// many presses several buttons at once; what is the last of it nobody knows, so one more is pressed.
func (p *monkeyPerson) many() {
	var all sync.WaitGroup
	for i := range 4 {
		r := rand.New(rand.NewPCG(p.r.Uint64(), uint64(i)))
		all.Go(func() {
			p.m.post(r, p.c, "/privacy/choices", "policy", "quay", []string{"give", "withdraw"}[i%2], "newsletter")
		})
	}
	all.Wait()
	if p.do("/privacy/choices", 303, "policy", "quay", "withdraw", "newsletter") {
		p.yes = false
	}
}

// erase has them erased while buttons are pressed: those count before it, or the visit is over.
func (p *monkeyPerson) erase() {
	var all sync.WaitGroup
	for i := range 6 {
		r := rand.New(rand.NewPCG(p.r.Uint64(), uint64(i)))
		all.Go(func() {
			a, ok := p.m.post(r, p.c, "/privacy/choices", "policy", "quay", choiceNames[i][0], choiceNames[i][1])
			if ok && a.status != http.StatusSeeOther && a.status != http.StatusUnauthorized {
				p.m.fault("a choice during an erasure is answered with %d: %.300s", a.status, mainOf(a.body))
			}
		})
	}
	p.gone = p.do("/privacy/erase", 200, "sure", "yes")
	all.Wait()
}

// afterwards tries what somebody can no longer do who was erased.
func (p *monkeyPerson) afterwards() {
	p.do("/privacy/choices", 401, "policy", "quay", "give", "newsletter")
	p.do("/privacy/copy", 401)
}

// check holds what the gates of all servers say of them to what they said last.
func (p *monkeyPerson) check() {
	for _, q := range []struct {
		act, purpose string
		want         bool
	}{{"send", "newsletter", !p.gone && p.yes && !p.news}, {"use", "answer", !p.gone && !p.no["answer"]}, {"use", "debts", !p.gone && !p.no["debts"]}} {
		for i, s := range p.m.servers {
			c := newCaller(p.m.t, s)
			r := c.do(post, "/access/v1/evaluation", fmt.Sprintf(`{"subject":{"type":"service","id":"shop"},"action":{"name":%q},"resource":{"type":"data-subject","id":"email:%s","properties":{"policy":"quay","data":["contact.email"]}},"context":{"purpose":%q}}`,
				q.act, p.address, q.purpose), jsonType, p.m.shop)
			var d decided
			if err := json.Unmarshal([]byte(r.body), &d); err != nil || r.status != 200 || d.Decision != q.want {
				p.m.fault("%s, %s: server %d says %d %s, want %v, after %q", p.address, q.purpose, i, r.status, r.body, q.want, p.history)
			}
		}
	}
}
