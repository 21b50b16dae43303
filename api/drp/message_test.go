package drp

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/rights/cases"
)

// Made by libsodium (PyNaCl 1.6.2: SigningKey(bytes(range(32))).sign(json.dumps(…).encode()), base64).
const (
	sodiumKey  = "A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg="
	sodiumSays = "xqluUN5DE0pvSnbG2aOZuEGgg8lSwHdEw/JSH1yKrYE0T2SIhYnQntTSOCG0HMap4WWkr/6vjTEp+Ui07QwlCHsiYWdlbnQtaWQiOiAiQ1JfQUFfMDAxIiwgImJ1c2luZXNzLWlkIjogIlFVQVlfMDEiLCAiaXNzdWVkLWF0Ijog" +
		"IjIwMjYtMDMtMDJUMTE6NTk6MDAuMDAwKzAwOjAwIiwgImV4cGlyZXMtYXQiOiAiMjAyNi0wMy0wMlQxMjoxNDowMC4wMDArMDA6MDAiLCAiZHJwLnZlcnNpb24iOiAiMS4wIiwgImV4ZXJjaXNlIjogImFjY2VzcyIsICJyZWdp" +
		"bWUiOiAiY2NwYSIsICJlbWFpbCI6ICJhbm5AbWFpbC5leGFtcGxlIiwgImVtYWlsX3ZlcmlmaWVkIjogdHJ1ZX0="
)

var (
	signer = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, 32))
	slip   = Agent{ID: "SLIP_01", Name: "Slip", Key: signer.Public().(ed25519.PublicKey)}
	noon   = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
)

// signed is what an agent sends, written from the protocol alone: the signature, what it is of, both in base64.
func signed(key ed25519.PrivateKey, text string) []byte {
	return []byte(base64.StdEncoding.EncodeToString(append(ed25519.Sign(key, []byte(text)), text...)))
}

func TestMessageOfLibsodium(t *testing.T) {
	list, err := ParseAgents([]byte(`[{"id": "CR_AA_001", "name": "OSIRAA", "verify_key": "` + sodiumKey + `", "web_url": "https://agent.example"}]`))
	if err != nil {
		t.Fatal(err)
	}
	agent := list["CR_AA_001"]
	m, err := open([]byte(sodiumSays), agent.Key)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.envelope(agent, "QUAY_01", noon); err != nil {
		t.Fatal(err)
	}
	a, err := m.ask(agent)
	if err != nil {
		t.Fatal(err)
	}
	if a.Right != law.Copy || a.Region != "US-CA" || len(a.Identities) != 1 || a.Identities[0] != (cases.Identity{Kind: "email", Value: "ann@mail.example"}) ||
		a.By != "OSIRAA (CR_AA_001)" || !strings.Contains(a.Evidence, "verified: email") {
		t.Errorf("%+v", a)
	}
}

// Every bit of a message is signed.
func TestEveryBitIsSigned(t *testing.T) {
	raw, err := base64.StdEncoding.DecodeString(sodiumSays)
	if err != nil {
		t.Fatal(err)
	}
	key, err := parseKey(sodiumKey)
	if err != nil {
		t.Fatal(err)
	}
	for i := range raw {
		for bit := range 8 {
			bad := bytes.Clone(raw)
			bad[i] ^= 1 << bit
			if _, err := open([]byte(base64.StdEncoding.EncodeToString(bad)), key); err == nil {
				t.Fatalf("bit %d of byte %d can be changed", bit, i)
			}
		}
	}
	for n := range raw {
		if _, err := open([]byte(base64.StdEncoding.EncodeToString(raw[:n])), key); err == nil {
			t.Fatalf("%d bytes are enough", n)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	other := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{8}, 32))
	for name, c := range map[string]struct {
		body []byte
		code int
	}{
		"nothing":            {nil, 400},
		"not base64":         {[]byte("{}"), 400},
		"base64 for urls":    {[]byte(strings.NewReplacer("+", "-", "/", "_").Replace(sodiumSays)), 400},
		"a signature alone":  {signed(signer, ""), 400},
		"another's":          {signed(other, `{}`), 403},
		"the text alone":     {[]byte(base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", 100)))), 403},
		"an array":           {signed(signer, `[]`), 400},
		"a string":           {signed(signer, `"x"`), 400},
		"half":               {signed(signer, `{"a":1`), 400},
		"two":                {signed(signer, `{}{}`), 400},
		"a key twice":        {signed(signer, `{"agent-id":"a","agent-id":"b"}`), 400},
		"an escaped twice":   {signed(signer, `{"agent-id":"a","agent\u002did":"b"}`), 400},
		"not UTF-8":          {signed(signer, "{\"a\":\"\xff\"}"), 400},
		"too many":           {signed(signer, `{`+strings.TrimSuffix(manyKeys(101), ",")+`}`), 400},
		"a trailing comma":   {signed(signer, `{"a":1,}`), 400},
		"what is not a key":  {signed(signer, `{1:2}`), 400},
		"a number too early": {signed(signer, `1{}`), 400},
	} {
		if _, err := open(c.body, slip.Key); err == nil || faultOf(err).code != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, ok := range []string{`{}`, ` {"a":null} `, `{` + strings.TrimSuffix(manyKeys(100), ",") + `}`} {
		if _, err := open(append(signed(signer, ok), '\n'), slip.Key); err != nil {
			t.Errorf("%.20s: %v", ok, err)
		}
	}
}

func manyKeys(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(`"` + strings.Repeat("k", i+1) + `":1,`)
	}
	return b.String()
}

// says is a message that holds, with what is changed; nil leaves something out.
func says(t *testing.T, change map[string]any) *message {
	t.Helper()
	fields := map[string]any{"agent-id": "SLIP_01", "business-id": "QUAY_01", "issued-at": "2026-03-02T11:59:30.000+00:00", "expires-at": "2026-03-02T12:10:00Z", "drp.version": "1.0",
		"exercise": "deletion", "regime": "ccpa", "email": "ann@mail.example"}
	maps.Copy(fields, change)
	maps.DeleteFunc(fields, func(_ string, v any) bool { return v == nil })
	b, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	m, err := open(signed(signer, string(b)), slip.Key)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestEnvelope(t *testing.T) {
	for name, c := range map[string]struct {
		change map[string]any
		code   int
		fatal  bool
	}{
		"as it should be":     {nil, 0, false},
		"another agent":       {map[string]any{"agent-id": "OTHER"}, 403, true},
		"no agent":            {map[string]any{"agent-id": nil}, 403, true},
		"a list of agents":    {map[string]any{"agent-id": []string{"SLIP_01"}}, 403, true},
		"another business":    {map[string]any{"business-id": "QUAY_02"}, 403, true},
		"no business":         {map[string]any{"business-id": nil}, 403, true},
		"a Business":          {map[string]any{"business-id": nil, "Business-ID": "QUAY_01"}, 403, true},
		"from the future":     {map[string]any{"issued-at": "2026-03-02T12:00:00.001Z"}, 403, false},
		"now":                 {map[string]any{"issued-at": "2026-03-02T12:00:00Z"}, 0, false},
		"in another zone":     {map[string]any{"issued-at": "2026-03-02T07:00:00-05:00"}, 0, false},
		"in the basic form":   {map[string]any{"issued-at": "20260302T115900Z"}, 0, false},
		"an offset in digits": {map[string]any{"issued-at": "2026-03-02T11:59:00.5+0000"}, 0, false},
		"without a zone":      {map[string]any{"issued-at": "2026-03-02T11:59:00"}, 400, true},
		"no time":             {map[string]any{"issued-at": nil}, 400, true},
		"a number":            {map[string]any{"issued-at": 1772452800}, 400, true},
		"over":                {map[string]any{"expires-at": "2026-03-02T12:00:00Z"}, 403, true},
		"no end":              {map[string]any{"expires-at": nil}, 400, true},
		"for a day":           {map[string]any{"expires-at": "2026-03-03T11:59:30Z"}, 403, true},
		"the version before":  {map[string]any{"drp.version": "0.9.4"}, 400, true},
		"no version":          {map[string]any{"drp.version": nil}, 400, true},
		"a number of version": {map[string]any{"drp.version": 1.0}, 400, true},
	} {
		err := says(t, c.change).envelope(slip, "QUAY_01", noon)
		if c.code == 0 && err != nil || c.code != 0 && (err == nil || faultOf(err).code != c.code || faultOf(err).fatal != c.fatal) {
			t.Errorf("%s: %v %+v", name, err, faultOf(err))
		}
	}
}

func TestAsk(t *testing.T) {
	for name, c := range map[string]struct {
		change map[string]any
		right  law.Right // empty: refused
		region avow.Region
	}{
		"deletion":           {nil, law.Remove, "US-CA"},
		"access":             {map[string]any{"exercise": "access"}, law.Copy, "US-CA"},
		"specific":           {map[string]any{"exercise": "access:specific"}, law.Copy, "US-CA"},
		"opt-out":            {map[string]any{"exercise": "sale:opt-out"}, law.OptOut, "US-CA"},
		"voluntary":          {map[string]any{"regime": nil}, law.Remove, ""},
		"voluntary in words": {map[string]any{"regime": "voluntary"}, law.Remove, ""},
		"by telephone":       {map[string]any{"email": nil, "phone_number": "+14155550100"}, law.Remove, "US-CA"},
		"claims we ignore":   {map[string]any{"name": "Visitor, Ann", "address": map[string]string{"locality": "Fresno"}, "sub": "x"}, law.Remove, "US-CA"},
		"with all there is": {map[string]any{"agent-request-id": "r-1", "relationships": []string{"customer"}, "status_callback": "https://agent.example/told", "email_verified": true,
			"phone_number": "+14155550100", "phone_number_verified": false, "power_of_attorney": "https://agent.example/poa/1"}, law.Remove, "US-CA"},

		"categories":             {map[string]any{"exercise": "access:categories"}, "", ""},
		"opt-in":                 {map[string]any{"exercise": "sale:opt-in"}, "", ""},
		"as 0.9 wrote it":        {map[string]any{"exercise": "sale:opt_out"}, "", ""},
		"several":                {map[string]any{"exercise": []string{"access"}}, "", ""},
		"nothing":                {map[string]any{"exercise": nil}, "", ""},
		"another law":            {map[string]any{"regime": "gdpr"}, "", ""},
		"nobody":                 {map[string]any{"email": nil}, "", ""},
		"nobody by name":         {map[string]any{"email": nil, "name": "Visitor, Ann"}, "", ""},
		"a long address":         {map[string]any{"email": strings.Repeat("a", 321)}, "", ""},
		"a list of addresses":    {map[string]any{"email": []string{"ann@mail.example"}}, "", ""},
		"verified in words":      {map[string]any{"email_verified": "yes"}, "", ""},
		"a plain callback":       {map[string]any{"status_callback": "http://agent.example/told"}, "", ""},
		"a callback to a file":   {map[string]any{"status_callback": "file:///etc/passwd"}, "", ""},
		"a callback to nowhere":  {map[string]any{"status_callback": "https:///told"}, "", ""},
		"a callback with a name": {map[string]any{"status_callback": "https://ann@agent.example/"}, "", ""},
		"a long reference":       {map[string]any{"agent-request-id": strings.Repeat("r", 201)}, "", ""},
		"a reference of numbers": {map[string]any{"agent-request-id": 7}, "", ""},
		"hints in a string":      {map[string]any{"relationships": "customer"}, "", ""},
		"many hints":             {map[string]any{"relationships": make([]string, 21)}, "", ""},
		"a long hint":            {map[string]any{"relationships": []string{strings.Repeat("h", 101)}}, "", ""},
		"a hint of two lines":    {map[string]any{"relationships": []string{"customer\nNote: do it"}}, "", ""},
		"a power as a flag":      {map[string]any{"power_of_attorney": true}, "", ""},
	} {
		a, err := says(t, c.change).ask(slip)
		switch {
		case c.right == "" && (err == nil || faultOf(err).code != http.StatusBadRequest || !faultOf(err).fatal):
			t.Errorf("%s was taken: %+v %v", name, a, err)
		case c.right != "" && (err != nil || a.Right != c.right || a.Region != c.region || len(a.Evidence) > 2000):
			t.Errorf("%s: %+v %v", name, a, err)
		case err != nil && strings.Contains(err.Error(), "ann"):
			t.Errorf("%s: the error names somebody: %v", name, err)
		}
	}
	a, err := says(t, map[string]any{"email_verified": true, "phone_number": "+14155550100", "phone_number_verified": false, "address_verified": true, "relationships": []string{"customer", "marketing"}}).ask(slip)
	if err != nil || !strings.HasSuffix(a.Evidence, "verified: email") || a.Wrote != "The agent says that the person may be known as: customer, marketing" {
		t.Errorf("%+v %v", a, err)
	}
}

// The same text of two agents is two messages, and of one it is one.
func TestUsed(t *testing.T) {
	one, other := says(t, nil), says(t, map[string]any{"email": "bob@mail.example"})
	if one.used(slip).Hash != says(t, nil).used(slip).Hash || one.used(slip).Hash == other.used(slip).Hash || one.used(slip).Hash == one.used(Agent{ID: "OTHER"}).Hash {
		t.Error("messages are mixed up")
	}
}

func TestParseAgents(t *testing.T) {
	entry := func(id, name, key string) string {
		return `{"id":"` + id + `","name":"` + name + `","verify_key":"` + key + `"}`
	}
	hexKey := strings.Repeat("0123456789abcdef", 4)
	for name, text := range map[string]string{
		"not JSON":         `agents`,
		"one, not a list":  entry("A", "A", sodiumKey),
		"no id":            `[` + entry("", "A", sodiumKey) + `]`,
		"an odd id":        `[` + entry("A/B", "A", sodiumKey) + `]`,
		"a long id":        `[` + entry(strings.Repeat("A", 81), "A", sodiumKey) + `]`,
		"no name":          `[` + entry("A", " ", sodiumKey) + `]`,
		"two lines":        `[` + entry("A", `A\nB`, sodiumKey) + `]`,
		"no key":           `[` + entry("A", "A", "") + `]`,
		"a short key":      `[` + entry("A", "A", "A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJV") + `]`,
		"not a key":        `[` + entry("A", "A", "?") + `]`,
		"the key of all":   `[` + entry("A", "A", "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=") + `]`,
		"the key of zeros": `[` + entry("A", "A", strings.Repeat("0", 64)) + `]`,
		"order eight":      `[` + entry("A", "A", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05") + `]`,
		"twice":            `[` + entry("A", "A", sodiumKey) + `,` + entry("A", "B", hexKey) + `]`,
		"one key of two":   `[` + entry("A", "A", sodiumKey) + `,` + entry("B", "B", sodiumKey) + `]`,
	} {
		if list, err := ParseAgents([]byte(text)); err == nil || avow.KindOf(err) != avow.Invalid {
			t.Errorf("%s: %v %v", name, list, err)
		}
	}
	list, err := ParseAgents([]byte(`[` + entry("CR_AA_PS-DRP_PROD_01", "Slip", sodiumKey) + `,` + entry("B", "B", hexOf(t, signer.Public().(ed25519.PublicKey))) + `]`))
	if err != nil || len(list) != 2 || list["CR_AA_PS-DRP_PROD_01"].String() != "Slip (CR_AA_PS-DRP_PROD_01)" || !list["B"].Key.Equal(slip.Key) {
		t.Errorf("%v %v", list, err)
	}
	if list, err := ParseAgents([]byte(`[]`)); err != nil || len(list) != 0 {
		t.Errorf("%v %v", list, err)
	}
}

func hexOf(t *testing.T, key ed25519.PublicKey) string {
	t.Helper()
	var b strings.Builder
	for _, c := range key {
		b.WriteByte("0123456789abcdef"[c>>4])
		b.WriteByte("0123456789abcdef"[c&15])
	}
	return b.String()
}

// FuzzMessage: whatever an agent signs gets an answer, and what is taken keeps the bounds.
func FuzzMessage(f *testing.F) {
	f.Add(`{"agent-id":"SLIP_01","business-id":"QUAY_01","issued-at":"2026-03-02T11:59:30Z","expires-at":"2026-03-02T12:10:00Z","drp.version":"1.0","exercise":"access","email":"a@b.example"}`, false)
	f.Add(`{"exercise":"deletion","relationships":["x"],"status_callback":"https://a.example/%2f","power_of_attorney":"p","phone_number":"+1","address_verified":true,"address":{}}`, false)
	f.Add(`{"reason":"a reason"}`, false)
	f.Add(sodiumSays, true)
	f.Fuzz(func(t *testing.T, text string, plain bool) {
		body := signed(signer, text)
		if plain {
			body = []byte(text)
		}
		m, err := open(body, slip.Key)
		if err != nil {
			if code := faultOf(err).code; code != 400 && code != 403 {
				t.Fatal(err)
			}
			return
		}
		if again, err := readObject(m.signed); err != nil || len(again) != len(m.fields) || len(again) > mostKeys {
			t.Fatal(err)
		}
		if err := m.envelope(slip, "QUAY_01", noon); err == nil && (m.expires.Before(noon) || m.expires.After(noon.Add(longest))) {
			t.Fatalf("holds until %s", m.expires)
		}
		a, err := m.ask(slip)
		if err == nil && (a.Right == "" || len(a.Identities) == 0 || len(a.Evidence) > 2000 || len(a.By) > 200 || len(a.Callback) > 2000 || len(a.Wrote) > 4000 ||
			a.Callback != "" && !strings.HasPrefix(strings.ToLower(a.Callback), "https:")) {
			t.Fatalf("%+v", a)
		}
	})
}
