package avow_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/avowhq/avow"
)

func TestIDRoundTrip(t *testing.T) {
	id := avow.NewID(time.UnixMilli(1_700_000_000_123))
	for _, id := range []avow.ID{id, {}, {0xff, 0xff, 15: 0xff}} {
		text := id.String()
		back, err := avow.ParseID(text)
		if err != nil || back != id || len(text) != 26 {
			t.Errorf("%s: %v, %v", text, back, err)
		}
		as, err := json.Marshal(map[avow.ID]avow.ID{id: id})
		if err != nil {
			t.Fatal(err)
		}
		var read map[avow.ID]avow.ID
		if err := json.Unmarshal(as, &read); err != nil || read[id] != id {
			t.Errorf("%s: %v, %v", as, read, err)
		}
	}
	if !(avow.ID{}).IsZero() || id.IsZero() {
		t.Error("the ID that names nobody is not told apart")
	}
}

func TestIDRefusesWhatIsNone(t *testing.T) {
	good := avow.NewID(time.UnixMilli(1)).String()
	for _, s := range []string{"", "x", good[1:], good + "0", strings.ToUpper(good) + "!", "u" + good[1:], good[:25] + " ", "\x00" + good[1:]} {
		_, err := avow.ParseID(s)
		if avow.KindOf(err) != avow.Invalid || err == nil {
			t.Errorf("%q: %v", s, err)
		}
	}
}

// IDs sort by the time they were made at, and no two are the same.
func TestIDsSortByTime(t *testing.T) {
	var texts []string
	for ms := range int64(50) {
		texts = append(texts, avow.NewID(time.UnixMilli(1_700_000_000_000+ms*997)).String())
	}
	if !slices.IsSorted(texts) {
		t.Errorf("%v", texts)
	}
	now := time.UnixMilli(5)
	if first, second := avow.NewID(now), avow.NewID(now); first == second {
		t.Error("two IDs of one moment are the same")
	}
}
