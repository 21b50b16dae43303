package proof_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/avowhq/avow/ledger/proof"
)

// lines is the list of events of an export, every other one with its document.
func (b *built) lines() (list []string) {
	b.t.Helper()
	for i, text := range b.leaves {
		leaf, err := proof.ParseLeaf(text)
		if err != nil {
			b.t.Fatal(err)
		}
		line := map[string]any{"index": i, "type": leaf.Type, "minute": leaf.Time(), "sealed": leaf.Sealed[:], "commitment": leaf.Commitment[:]}
		if r := b.receipts[i]; i%2 == 0 {
			line["document"], line["salt"] = r.Document, r.Proof.Salt
		} else {
			line["gone"] = "erased"
		}
		var out bytes.Buffer
		if err := json.NewEncoder(&out).Encode(line); err != nil {
			b.t.Fatal(err)
		}
		list = append(list, out.String())
	}
	return list
}

func TestEvents(t *testing.T) {
	b := build(t, 600)
	good := b.lines()
	replace := func(n int, old, new string) func([]string) []string {
		return func(l []string) []string { l[n] = strings.Replace(l[n], old, new, 1); return l }
	}
	for _, x := range []struct {
		name   string
		change func([]string) []string
		want   string
	}{
		{"as it is", func(l []string) []string { return l }, ""},
		{"a type", replace(300, `"consent-given"`, `"consent-withdrawn"`), "events.jsonl, line 301: event 300 is not what entry 300 of the log says"},
		{"a minute", replace(299, "2026-11-22T12:49", "2026-11-22T12:48"), "events.jsonl, line 300: event 299 is not what entry 299 of the log says"},
		{"a second", replace(299, ":00Z", ":01Z"), "events.jsonl, line 300: event 299 is not what entry 299 of the log says"},
		{"a document", replace(10, "yes", "no!"), "events.jsonl, line 11: the document of event 10 is not the one that was recorded"},
		{"a salt", replace(10, `"salt":"C`, `"salt":"D`), "events.jsonl, line 11: the document of event 10 is not the one that was recorded"},
		{"a hash", replace(256, `"sealed":"A`, `"sealed":"B`), "events.jsonl, line 257: event 256 is not what entry 256 of the log says"},
		{"a hash cut short", replace(3, `AAA="`, `"`), "events.jsonl, line 4"},
		{"an index, at the beginning of a tile", replace(256, `"index":256`, `"index":257`), "events.jsonl, line 257: the line says event 257"},
		{"dropped", func(l []string) []string { return slices.Delete(l, 599, 600) }, "events.jsonl: the list ends before event 599"},
		{"put in", func(l []string) []string { return append(l, l[0]) }, "events.jsonl, line 601: the line says event 0"},
		{"no JSON", func(l []string) []string { l[5] = "{\n"; return l }, "events.jsonl, line 6: the line cannot be read"},
		{"a line too long", func(l []string) []string { l[5] = strings.Repeat("x", proof.MaxReceipt+1); return l }, "events.jsonl: the list of events cannot be read from line 6 on"},
	} {
		files := b.files()
		files["events.jsonl"] = []byte(strings.Join(x.change(slices.Clone(good)), ""))
		r := verifyFiles(t, files, proof.Options{Key: b.signer.Key()})
		wrong := failures(r)
		if x.want == "" {
			wants(t, x.name, r, proof.Proved, "passed: events.jsonl: the list of events says what the entries say; 300 documents in it")
			continue
		}
		if r.Verdict() != proof.Broken || len(wrong) == 0 || !strings.HasPrefix(wrong[0], x.want) || len(wrong) > 2 {
			t.Errorf("%s: %q, want %q", x.name, wrong, x.want)
		}
	}
	wants(t, "quick", verifyFiles(t, map[string][]byte{"checkpoint": b.signed(600), "events.jsonl": nil}, proof.Options{Key: b.signer.Key(), Quick: true}), proof.Proved)
}
