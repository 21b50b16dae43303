package find

import (
	"slices"
	"strings"

	avow "github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/datamap"
)

// The bounds of what is sought.
const (
	maxPeople     = 100_000
	maxIdentities = 1_000 // of one person
	maxIdentity   = 1_000 // bytes
)

// known is what is known of the people, by kind of identity.
type known struct {
	region string
	people []Person
	kinds  []string
	has    map[string]map[int32]bool        // kind → who has one
	values map[string][]string              // kind → what to look for
	normal map[[2]string]map[string][]int32 // kind and comparison → one form → whose it is
}

func newKnown(g *datamap.Graph, region string, people []Person) (*known, error) {
	k := &known{region: region, people: people, has: map[string]map[int32]bool{}, values: map[string][]string{}, normal: map[[2]string]map[string][]int32{}}
	if len(people) == 0 || len(people) > maxPeople {
		return nil, avow.Errorf(avow.Invalid, "between one and %d people can be sought at once, not %d", maxPeople, len(people))
	}
	for i, p := range people {
		if err := k.know(int32(i), p); err != nil {
			return nil, err
		}
	}
	for _, t := range g.Map.Tables() {
		for i := range t.Identities {
			k.compare(&t.Identities[i].Is)
		}
	}
	return k, nil
}

func (k *known) know(who int32, p Person) error {
	if len(p.Identities) == 0 || len(p.Identities) > maxIdentities {
		return avow.Errorf(avow.Invalid, "person %d has %d identities; give between one and %d", who+1, len(p.Identities), maxIdentities)
	}
	for _, id := range p.Identities {
		if id.Kind == "" || strings.TrimSpace(id.Value) == "" || len(id.Value) > maxIdentity {
			return avow.Errorf(avow.Invalid, "an identity of person %d has no kind, or nothing but blanks for a value, or one of more than %d bytes", who+1, maxIdentity)
		}
		if k.has[id.Kind] == nil {
			k.has[id.Kind] = map[int32]bool{}
			k.kinds = append(k.kinds, id.Kind)
		}
		k.has[id.Kind][who] = true
		k.values[id.Kind] = append(k.values[id.Kind], id.Value)
	}
	return nil
}

// compare makes the people findable by what a column holds.
func (k *known) compare(id *datamap.Identity) {
	key := [2]string{id.Kind.Text, id.Compare}
	if k.has[key[0]] == nil || k.normal[key] != nil {
		return
	}
	forms := map[string][]int32{}
	for i, p := range k.people {
		for _, each := range p.Identities {
			form, ok := connect.Normal(connect.Compare(id.Compare), k.region, each.Value)
			if ok && each.Kind == key[0] && !slices.Contains(forms[form], int32(i)) {
				forms[form] = append(forms[form], int32(i))
			}
		}
	}
	k.normal[key] = forms
}

// who are the people whose identity a column holds; a list may hold those of several.
func (k *known) who(id *datamap.Identity, value []byte) []int32 {
	forms := k.normal[[2]string{id.Kind.Text, id.Compare}]
	if len(forms) == 0 || isEmpty(value) {
		return nil
	}
	v, _ := readValue(value)
	return k.match(forms, id, v)
}

func (k *known) match(forms map[string][]int32, id *datamap.Identity, v any) []int32 {
	if elements, ok := v.([]any); ok {
		var out []int32
		for _, each := range elements {
			for _, person := range k.match(forms, id, each) {
				if !slices.Contains(out, person) {
					out = append(out, person)
				}
			}
		}
		return out
	}
	form, ok := connect.Normal(connect.Compare(id.Compare), k.region, connect.Plain(v))
	if !ok {
		return nil
	}
	return forms[form]
}

// unknown are the kinds by which no table knows anybody.
func (k *known) unknown(m *datamap.Map) []string {
	var out []string
	for _, kind := range k.kinds {
		if !slices.ContainsFunc(m.Tables(), func(t *datamap.Table) bool { return hasKind(t, kind) }) {
			out = append(out, kind)
		}
	}
	slices.Sort(out)
	return out
}

func hasKind(t *datamap.Table, kind string) bool {
	for i := range t.Identities {
		if t.Identities[i].Is.Kind.Text == kind {
			return true
		}
	}
	return false
}
