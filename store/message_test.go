package store

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/avowhq/avow"
)

func TestMessages(t *testing.T) {
	a, b := avow.NewID(time.UnixMilli(1)), avow.NewID(time.UnixMilli(2))
	many := make([]avow.ID, 400)
	for i := range many {
		many[i] = a
	}
	var topics []news
	for i := range 26 * 26 {
		topics = append(topics, news{topic: strings.Repeat("x", 20) + string(rune('a'+i/26)) + string(rune('a'+i%26))})
	}
	for name, c := range map[string]struct {
		told, want []news
		ok         bool
	}{
		"ids":             {[]news{{"keys", []avow.ID{a}}, {"ledger", nil}, {"keys", []avow.ID{b}}}, []news{{"keys", []avow.ID{a, b}}, {"ledger", nil}}, true},
		"anything wins":   {[]news{{"keys", []avow.ID{a}}, {"keys", nil}, {"keys", []avow.ID{b}}}, []news{{"keys", nil}}, true},
		"too many ids":    {[]news{{"keys", many}, {"ledger", nil}}, []news{{"keys", nil}, {"ledger", nil}}, true},
		"too many topics": {topics, nil, false},
	} {
		message := encode("me", merge(c.told))
		node, got, ok := decode(message)
		if node != "me" || !reflect.DeepEqual(got, c.want) || ok != c.ok || len(message) >= 8000 {
			t.Errorf("%s: from %q %v %v, %d bytes", name, node, got, ok, len(message))
		}
	}
}

// What somebody else sends on the channel is anything or nothing, and never a panic.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{"", "me", "me;", "me;*", "me;keys,", "me;keys,zz", ";;;", "me;keys," + avow.ID{1}.String()} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		node, list, ok := decode(s)
		if !ok {
			return
		}
		if len(list) == 0 {
			t.Errorf("%q says nothing, and says it well", s)
		}
		if again, _, ok := decode(encodeAs(node, list, true)); !ok || again != node {
			t.Errorf("%q cannot be said again", s)
		}
	})
}
