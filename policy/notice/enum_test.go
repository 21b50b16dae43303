package notice

import (
	"reflect"
	"strings"
	"testing"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/policy"
)

// Every word the language enumerates is written for people: it has a phrase
// under the prefix named here, or needs none.
func TestEveryWordOfTheLanguageHasAPhrase(t *testing.T) {
	prefixes := map[string]string{
		"Purpose.Sends": "note.sends.", "Purpose.Makes": "note.makes.", "Purpose.Identifies": "note.identifies.",
		"Reason.Objection": "note.objection.", "Reason.UnderRestriction": "note.under-restriction.", "Decision.Alone": "decisions.alone.",
		"ConsentRule.Confirm": "consent.confirm.", "Enrichment.Identifies": "enrich.identifies.", "Enrichment.Sometimes": "enrich.sometimes.",
		"Recipient.Role": "role.", "Agreement.Wins": "agreements.wins.", "RetentionRule.Then": "then.", "Cookie.Kind": "cookie.kind.",
		"Embed.Load": "embeds.load.", "Links.Outside": "links.outside.", "CollectionPoint.As": "collect.as.", "CollectionPoint.Recorded": "collect.recorded.",
		"Changes.ApplyTo": "changes.apply-to.", "SignalRules.DNT": "signals.dnt.", "SignalRules.GPC": "signals.gpc.", "Provision.Duty": "provision.",
		// Said by a sentence of their own, or by the structure of the text.
		"Document.Avow": "", "Defaults.Recipients": "defaults.recipients.", "Children.ConsentBy": "", "Organisation.Controller": "",
		"Entity.ProvidesSitesFor": "", "Person.Kind": "", "Category.About": "",
	}
	english := phrases()[fallbackLang]
	seen := map[reflect.Type]bool{}
	var walk func(typ reflect.Type)
	walk = func(typ reflect.Type) {
		for typ.Kind() == reflect.Slice || typ.Kind() == reflect.Pointer {
			typ = typ.Elem()
		}
		if typ.Kind() != reflect.Struct || seen[typ] {
			return
		}
		seen[typ] = true
		for i := range typ.NumField() {
			f := typ.Field(i)
			walk(f.Type)
			enum := f.Tag.Get("enum")
			if enum == "" {
				continue
			}
			prefix, known := prefixes[typ.Name()+"."+f.Name]
			if !known {
				t.Errorf("%s.%s enumerates words for which the notice has no phrases", typ.Name(), f.Name)
			}
			for _, word := range strings.Split(enum, "|") {
				if prefix != "" && english[prefix+word] == "" {
					t.Errorf("%s.%s may be %q; words/en.txt lacks %s", typ.Name(), f.Name, word, prefix+word)
				}
			}
		}
	}
	walk(reflect.TypeFor[policy.Document]())
	for _, basis := range avow.Bases() {
		if english["basis."+basis] == "" || english["basis."+basis+".means"] == "" {
			t.Errorf("the lawful basis %s has no name or no explanation", basis)
		}
	}
	for _, r := range avow.Regimes() {
		if english["regime."+string(r.Name)] == "" {
			t.Errorf("the regime %s has no name", r.Name)
		}
		if len(granted[r.Name]) == 0 && r.Ended == "" {
			t.Errorf("the regime %s gives no rights", r.Name)
		}
		for _, g := range granted[r.Name] {
			if english["right."+g.right] == "" || english["right-title."+g.right] == "" || g.article == "" {
				t.Errorf("the right %s of %s has no words or no article", g.right, r.Name)
			}
		}
	}
}
