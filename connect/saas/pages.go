package saas

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/avowhq/avow"
)

// errSplit asks for fewer values at once: the request would be too long, or its answer
// has more rows than the service gives.
var errSplit = errors.New("too much at once")

// pages gives every row of a request's answers. With split a request that asks too much
// ends in errSplit before a row of it was given.
func (s *Source) pages(ctx context.Context, q *request, sc *scope, b *budget, split bool, each func(item any) error) error {
	r, err := s.render(q, sc)
	if err != nil {
		return err
	}
	next, err := r.call(q.page.start())
	if err != nil {
		return err
	}
	if q.long(next) {
		if split {
			return errSplit
		}
		return avow.Errorf(avow.Invalid, "a request to %s of system %q would be longer than the service takes", s.d.name, s.config.System)
	}
	walk := &walk{r: r, from: q.page.start()}
	for next != nil {
		a, err := s.c.send(ctx, next, b)
		if err != nil {
			return err
		}
		if err := q.tooMany(a, split); err != nil {
			return err
		}
		if !q.tells(a) {
			return avow.Errorf(avow.Unavailable, "%s of system %q answered with something else than its description says, so that nobody can tell which rows there are", s.d.name, s.config.System)
		}
		if list, ok := q.part.of(a.body).([]any); ok && len(list) > 0 && len(q.part) > 0 {
			return avow.Errorf(avow.Invalid, "%s of system %q gives only a part of what belongs to one row, and the description knows no way to the rest", s.d.name, s.config.System)
		}
		rows := q.rows.rows(a.body)
		for _, item := range rows {
			if ctx.Err() != nil {
				return s.c.ended(ctx)
			}
			if err := each(item); err != nil {
				return err
			}
		}
		if next, err = walk.next(a, len(rows)); err != nil {
			return err
		}
	}
	return nil
}

// tells reports whether an answer says which rows there are, if only that there are none. One with an error in it, with
// half of what was asked for or with nothing at all does not: it is never taken for the answer that there is nobody.
func (q *request) tells(a *answer) bool {
	if a.status == http.StatusNoContent || a.status/100 != 2 { // what is judged fine says that nothing is there
		return true
	}
	v := a.body
	for i, part := range q.rows {
		if part == "[" {
			_, list := v.([]any)
			return list || v == nil && i > 0
		}
		keys, ok := v.(map[string]any)
		if !ok {
			return false
		}
		if v, ok = keys[part]; !ok {
			return false
		}
	}
	switch v.(type) {
	case map[string]any, []any:
		return true
	}
	return v == nil && len(q.rows) > 0 // some write no rows as null
}

// tooMany reports that a service will not give all rows it says there are.
func (q *request) tooMany(a *answer, split bool) error {
	if q.page == nil || q.page.most == 0 {
		return nil
	}
	n, _ := q.page.total.of(a.body).(json.Number)
	total, _ := n.Int64()
	switch {
	case total <= int64(q.page.most):
		return nil
	case split:
		return errSplit
	}
	return avow.Errorf(avow.Invalid, "the service finds %d rows at once and gives only %d of them; find them by another column", total, q.page.most)
}

// walk goes from page to page.
type walk struct {
	r     *rendered
	from  any
	given int64
}

// counts reports whether rows or pages are counted on, so that only a short page is known to be the last. Where the
// service names the next one, it knows better.
func (p *page) counts() bool { return p.kind == "offset" || p.kind == "number" }

// start is what the first request says of its page; nil when it says nothing.
func (p *page) start() any {
	switch {
	case p == nil:
	case p.kind == "offset":
		return int64(0)
	case p.kind == "number":
		return int64(p.first)
	}
	return nil
}

// next is the call for the page after an answer; nil when it was the last.
func (w *walk) next(a *answer, rows int) (*call, error) {
	p := w.r.q.page
	if p == nil || p.counts() && rows < p.size {
		return nil, nil
	}
	w.given += int64(rows)
	to := p.after(w, a)
	text := plain(to)
	if text == "" || text == "false" {
		return nil, nil
	}
	if text == plain(w.from) || len(text) > 8<<10 || strings.ContainsFunc(text, control) {
		return nil, avow.Errorf(avow.Unavailable, "%s of system %q leads from a page to itself, or nowhere", w.r.c.d.name, w.r.c.system)
	}
	w.from = to
	if p.kind == "next" || p.kind == "link" {
		return w.r.follow(text)
	}
	return w.r.call(to)
}

// after names the page after an answer.
func (p *page) after(w *walk, a *answer) any {
	switch p.kind {
	case "link":
		return nextLink(a.header)
	case "offset":
		return w.given
	case "number":
		n, _ := w.from.(int64)
		return n + 1
	}
	return p.at.of(a.body)
}

// nextLink reads the relation `next` of a Link header (rfc:8288#3).
func nextLink(h http.Header) string {
	for _, line := range h.Values("Link") {
		for link := range strings.SplitSeq(line, ",") {
			target, parameters, ok := strings.Cut(strings.TrimSpace(link), ">")
			if !ok || !strings.HasPrefix(target, "<") {
				continue
			}
			for p := range strings.SplitSeq(parameters, ";") {
				name, v, _ := strings.Cut(strings.TrimSpace(p), "=")
				if strings.EqualFold(name, "rel") && contains(strings.Fields(strings.Trim(v, `"`)), "next") {
					return target[1:]
				}
			}
		}
	}
	return ""
}
