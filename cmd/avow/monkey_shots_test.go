package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/avowhq/avow"
)

// shot is one request that a monkey sends.
type shot struct {
	method, path string
	query, body  string
	kind         string // of the body
	headers      [][2]string
	stays        time.Duration // for the answer; 0: as long as it takes
}

// odd is texts that programs stumble over.
var odd = []string{"", " ", "\x00", "a\x00b", "\xff\xfe", "\xc3", "e\u0301", "\u202eabc", "\ufffd", "\u200b", "😀", "\r\nX-Odd: 1", "\n", "\t", "-1", "0", "1", "99999999999999999999", "1e400", "NaN", "null", "true", "[]", "{}",
	"'; DROP TABLE vault_subjects; --", `"`, `\`, "<script>alert(1)</script>", "../../etc/passwd", "%00", "%", "%zz", "quay\x00", "QUAY", "quay.pdf", "harbour", "nothing", "contact.", ".email", ".", "..", "contact.email.x", "contact.nothing", "orders",
	"ann@", "@visitor.example", "a@b", `"a b"@visitor.example`, "ann@[127.0.0.1]", "ann@xn--", "ann@xn--a.example", "ann@@visitor.example", "ann@visitor.example\x00", "ANN@VISITOR.EXAMPLE", "ann@visitor.example, bob@visitor.example",
	"ünï@ïdn.example", "ann@" + strings.Repeat("a", 300) + ".example", strings.Repeat("a", 65) + "@visitor.example", "+31", "+", "00000000", "tel:+31206241111;ext=1", "+99999999999999999", "0000-00-00", "9999-12-31", "2026-02-30", "12:00",
	strings.Repeat("x", 201), strings.Repeat("é", 2001), strings.Repeat("z", 5000), strings.Repeat("\x00", 100), strings.Repeat("😀", 4001), strings.Repeat("(", 4000), "XX", "US-ZZ", "nl", "EU", "en_US.UTF-8", "email", "phone", "yes", "no",
	"00000000-0000-0000-0000-000000000000", "00000000000000000000000000", "zzzzzzzzzzzzzzzzzzzzzzzzzz", "0000-0000", "1234-5678", "email:", ":", "a:b:c", "email:\x00", "system", "officer", "constructor", "__proto__"}

// oddJSON is values that stand where others are expected.
var oddJSON = []string{`null`, `true`, `false`, `0`, `-1`, `-0`, `1.5`, `1e999`, `-9223372036854775809`, `123456789012345678901234567890`, `""`, `"\u0000"`, `"a\u0000b"`, `"\ud800"`, `"\ud800\udc00"`, "\"\xff\"", "\"\xc3\x28\"", `[]`, `{}`, `[null]`,
	`[[]]`, `[{}]`, `{"a":{}}`, `{"":""}`, `["a","a"]`, `[1,"a",null,{}]`, strings.Repeat("[", 2000) + strings.Repeat("]", 2000), strings.Repeat(`{"a":`, 500) + "1" + strings.Repeat("}", 500), `"` + strings.Repeat("y", 70000) + `"`,
	`[` + strings.Repeat(`"x",`, 300) + `"x"]`, `tru`, `'x'`, `"`, `0x10`, `01`, `[1,]`, `{"a":1,}`, `"\x"`, "\"\n\"", ``}

// aim makes a request for a door: mostly with something wrong in it.
func (m *monkey) aim(r *rand.Rand, d door) shot {
	s := shot{method: d.method, path: m.fill(r, d.path)}
	fields := m.filled(r, d.fields).(map[string]any)
	switch {
	case d.signed:
		s.kind = "text/plain"
		s.body = m.signed(r, fields)
	case d.asJSON:
		s.kind = "application/json"
		s.body = m.json(r, fields)
	case d.method == get:
		s.query = m.form(r, map[string]any{"t": m.fill(r, "{token}"), "k": m.fill(r, "{token}"), "number": m.fill(r, "{number}"), "policy": "quay", "done": "choice", "ended": "true", "offset": "0", "limit": "10"})
		if r.IntN(2) == 0 {
			s.query = ""
		}
	default:
		s.kind = formType
		s.body = m.form(r, fields)
	}
	if d.token || d.forPrograms() && r.IntN(3) == 0 {
		s.headers = append(s.headers, m.authorization(r))
	}
	if d.signed || strings.Contains(d.path, "{uuid}") {
		name, value, _ := strings.Cut(m.slip.bearer(), ": ")
		s.headers = append(s.headers, [2]string{name, value})
	}
	m.twist(r, &s)
	return s
}

// signed is an agent's message: its envelope, and what is said in it, with the signature.
func (m *monkey) signed(r *rand.Rand, fields map[string]any) string {
	all := m.slip.envelope(nil)
	maps.Copy(all, fields)
	text := m.json(r, all)
	if r.IntN(6) == 0 {
		return text
	}
	return m.slip.signText(text)
}

func (m *monkey) authorization(r *rand.Rand) [2]string {
	h := m.tokens[1] // an officer's: it opens most
	if r.IntN(4) == 0 {
		h = pick(r, m.tokens)
	}
	if r.IntN(12) == 0 {
		h = "Authorization: " + pick(r, []string{"", "Bearer", "Bearer ", "bearer x", "Basic YTpi", "Bearer " + strings.Repeat("a", 3000), "Bearer a b c", "Digest x", "Bearer é"})
	}
	name, value, _ := strings.Cut(h, ": ")
	return [2]string{name, value}
}

// twist is what may be wrong about a request as such.
func (m *monkey) twist(r *rand.Rand, s *shot) {
	if r.IntN(12) == 0 {
		s.method = pick(r, []string{"HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "GET", "POST"})
	}
	if r.IntN(12) == 0 {
		s.path = m.bend(r, s.path)
	}
	if r.IntN(10) == 0 {
		s.kind = pick(r, []string{"", "text/plain", "application/json", "application/json; charset=utf-16", "application/jsonx", "application/x-www-form-urlencoded; charset=\xff", "multipart/form-data", "multipart/form-data; boundary=x", "multipart/form-data; boundary=",
			"multipart/mixed; boundary=x", "application/xml", "application/cbor", "/", ";", "application/x-www-form-urlencoded"})
	}
	if r.IntN(12) == 0 { // whoever asked goes away
		s.stays = 1 + time.Duration(r.Int64N(int64(8*time.Millisecond)))
	}
	for r.IntN(5) == 0 {
		s.headers = append(s.headers, pick(r, [][2]string{{"Sec-GPC", "1"}, {"DNT", "1"}, {"DNT", ""}, {"Sec-GPC", "\xff"}, {"Accept", "application/cbor"}, {"Accept", "*/*;q=x"}, {"Accept-Encoding", "gzip"}, {"Content-Encoding", "gzip"},
			{"Idempotency-Key", pick(r, []string{"k1", "k2", "", strings.Repeat("k", 300), "\xff"})}, {"If-None-Match", `"x"`}, {"Range", "bytes=0-1"}, {"Expect", "100-continue"}, {"X-Request-ID", "<script>"}, {"Cookie", "avow=x; avow=y; avow-request=~~~"},
			{"Cookie", "avow=" + strings.Repeat("z", 5000)}, {"Cookie", "avow-request=\"a\x01b\""}, {"Origin", "null"}, {"Origin", "https://elsewhere.example"}, {"Sec-Fetch-Site", "cross-site"}, {"Host", "elsewhere.example"}, {"X-HTTP-Method-Override", "DELETE"},
			{"Transfer-Encoding", "chunked"}, {"Upgrade", "h2c"}, {"Access-Control-Request-Method", "POST"}, {"Accept-Language", "\x80"}, {"Prefer", "respond-async"}, {"Traceparent", "00-x"}, {"Content-Length", "5"}}))
	}
}

// bend writes a path in another way, or makes another of it.
func (m *monkey) bend(r *rand.Rand, path string) string {
	switch r.IntN(9) {
	case 0:
		i := 1 + r.IntN(len(path))
		if i == len(path) {
			return path + "%2e"
		}
		return path[:i] + fmt.Sprintf("%%%02x", path[i]) + path[i+1:]
	case 1:
		return path + "/"
	case 2:
		return "/" + path
	case 3:
		return path + "/../" + path
	case 4:
		return path + url.PathEscape(pick(r, odd))
	case 5:
		return strings.ToUpper(path)
	case 6:
		return path + ";x=1"
	case 7:
		return path + "%00"
	}
	i := strings.LastIndexByte(path, '/')
	return path[:i+1] + url.PathEscape(pick(r, odd))
}

// form writes fields as a form does, with something missing, twice, or odd.
func (m *monkey) form(r *rand.Rand, fields map[string]any) string {
	v := url.Values{}
	for name, value := range fields {
		v.Set(name, fmt.Sprint(value))
	}
	names := slices.Sorted(maps.Keys(v))
	for len(names) > 0 && r.IntN(2) == 0 {
		name := pick(r, names)
		switch r.IntN(6) {
		case 0:
			v.Del(name)
		case 1:
			v.Add(name, pick(r, odd))
		case 2:
			v.Add(pick(r, odd), pick(r, odd))
		default:
			v.Set(name, pick(r, odd))
		}
	}
	text := v.Encode()
	switch r.IntN(40) {
	case 0:
		return text + "&%zz=%"
	case 1:
		return text + ";a=b"
	case 2:
		return text + "&x=" + strings.Repeat("a", 140<<10)
	case 3:
		return strings.Repeat("a=&", 3000) + text
	}
	return text
}

// json writes an object, with something missing, twice, or odd.
func (m *monkey) json(r *rand.Rand, fields map[string]any) string {
	holes := map[string]string{}
	for r.IntN(2) == 0 {
		m.hole(r, fields, holes)
	}
	b, err := json.Marshal(fields)
	if err != nil {
		panic(err)
	}
	text := string(b)
	for mark, value := range holes {
		text = strings.Replace(text, `"`+mark+`"`, value, 1)
	}
	if r.IntN(16) > 0 {
		return text
	}
	switch r.IntN(7) {
	case 0:
		return text[:r.IntN(len(text)+1)]
	case 1:
		return text + text
	case 2:
		return strings.Replace(text, ":", ":"+pick(r, oddJSON)+",", 1)
	case 3:
		return strings.Replace(text, "{", `{"policy":`+pick(r, oddJSON)+",", 1)
	case 4:
		return pick(r, oddJSON)
	case 5:
		return "\ufeff" + text
	}
	return strings.Replace(text, "{", "{"+strings.Repeat(" ", 140<<10), 1)
}

// hole puts something odd in the place of a value somewhere below, takes it out, or puts more beside it.
func (m *monkey) hole(r *rand.Rand, in any, holes map[string]string) {
	mark := fmt.Sprint("hole ", len(holes))
	value := pick(r, oddJSON)
	if r.IntN(2) == 0 {
		b, _ := json.Marshal(pick(r, odd))
		value = string(b)
	}
	switch in := in.(type) {
	case map[string]any:
		names := slices.Sorted(maps.Keys(in))
		if len(names) == 0 || r.IntN(12) == 0 {
			in[pick(r, odd)] = mark
			holes[mark] = value
			return
		}
		name := pick(r, names)
		if below(in[name]) && r.IntN(3) > 0 {
			m.hole(r, in[name], holes)
			return
		}
		if r.IntN(5) == 0 {
			delete(in, name)
			return
		}
		in[name], holes[mark] = mark, value
	case []any:
		i := r.IntN(len(in))
		if below(in[i]) && r.IntN(3) > 0 {
			m.hole(r, in[i], holes)
			return
		}
		in[i], holes[mark] = mark, value
	}
}

// below tells whether something stands below a value.
func below(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		return len(v) > 0
	case []any:
		return len(v) > 0
	}
	return false
}

// fill puts what the monkeys have met in the place of names in braces.
func (m *monkey) fill(r *rand.Rand, text string) string {
	for _, name := range []string{"address", "token", "number", "request", "event", "uuid"} {
		if strings.Contains(text, "{"+name+"}") {
			text = strings.ReplaceAll(text, "{"+name+"}", m.some(r, name))
		}
	}
	return strings.ReplaceAll(text, "{once}", fmt.Sprint(r.IntN(50)))
}

func (m *monkey) filled(r *rand.Rand, v any) any {
	switch v := v.(type) {
	case string:
		return m.fill(r, v)
	case map[string]any:
		out := map[string]any{}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			out[name] = m.filled(r, v[name])
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = m.filled(r, v[i])
		}
		return out
	}
	return v
}

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

// some is something of a kind that was met, or one that nobody has.
func (m *monkey) some(r *rand.Rand, kind string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if list := m.met[kind]; len(list) > 0 && r.IntN(10) > 0 {
		return pick(r, list)
	}
	switch kind {
	case "address":
		return fmt.Sprintf("nobody%d@visitor.example", r.IntN(1000))
	case "number":
		return fmt.Sprintf("%04d-%04d", r.IntN(10000), r.IntN(10000))
	case "uuid":
		return "01234567-89ab-7cde-8f01-23456789abcd"
	case "token":
		return strings.Repeat("t", 43)
	}
	return avow.NewID(time.Now()).String()
}

// send sends a request to one of the servers and gives the answer; an error that is the sender's own gives none.
func (m *monkey) send(r *rand.Rand, c *http.Client, s shot) (reply, bool) {
	u, err := url.Parse(pick(r, m.servers).url)
	if err != nil {
		m.t.Error(err)
		return reply{}, false
	}
	u.Opaque = "//" + u.Host + s.path
	u.RawQuery = s.query
	ctx := context.Background()
	if s.stays > 0 {
		var cancel func()
		ctx, cancel = context.WithTimeout(ctx, s.stays)
		defer cancel()
	}
	req, err := http.NewRequestWithContext(ctx, s.method, "http://"+u.Host+"/", strings.NewReader(s.body))
	if err != nil {
		return reply{}, false
	}
	req.URL = u
	for _, h := range s.headers {
		if h[0] == "Host" {
			req.Host = h[1]
			continue
		}
		req.Header.Set(h[0], h[1])
	}
	if s.kind != "" {
		req.Header.Set("Content-Type", s.kind)
	}
	req.Header.Set("X-Forwarded-For", fmt.Sprintf("10.%d.%d.%d", r.IntN(256), r.IntN(256), r.IntN(256)))
	res, err := c.Do(req)
	if err != nil {
		if ue := err.(*url.Error); ue.Timeout() && s.stays == 0 {
			m.fault("no answer in %v: %s %s", c.Timeout, s.method, s.path)
		}
		return reply{}, false // the client refuses to send it
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil && s.stays == 0 {
		m.fault("half an answer: %s %s: %v", s.method, s.path, err)
	}
	if err != nil {
		return reply{}, false
	}
	return reply{res.StatusCode, res.Header, string(b)}, true
}
