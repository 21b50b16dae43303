package law

import (
	"encoding/json"
	"time"
)

// dueView, segmentView and sourceView are the JSON of a deadline: days as
// 2026-02-05, moments as RFC 3339, what is none left out.
type (
	dueView struct {
		On        Date       `json:"on"`
		Ends      time.Time  `json:"ends"` // the first moment that is too late
		Met       *time.Time `json:"met,omitempty"`
		Confirmed bool       `json:"confirmed"`
	}
	segmentView struct {
		From    Date         `json:"from"`
		To      Date         `json:"to"`
		Kind    SegmentKind  `json:"kind"`
		Counted int          `json:"counted"`
		Why     string       `json:"why"`
		Sources []sourceView `json:"sources"`
	}
	sourceView struct {
		Cites     string `json:"cites"`
		At        string `json:"at"`
		Confirmed bool   `json:"confirmed"`
		Note      string `json:"note,omitempty"`
	}
)

// MarshalJSON writes the dates and how they come about, for scripts.
func (d *Deadline) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Regime      string        `json:"regime"`
		Rule        string        `json:"rule"`
		Right       Right         `json:"right"`
		Zone        string        `json:"zone"`
		Received    Date          `json:"received"`
		At          Date          `json:"at"`
		Standing    Standing      `json:"standing"`
		Acknowledge *dueView      `json:"acknowledge,omitempty"`
		Respond     *dueView      `json:"respond,omitempty"`
		Extended    bool          `json:"extended"`
		Longest     *dueView      `json:"longest,omitempty"`
		NoticeBy    *Date         `json:"noticeBy,omitempty"`
		Appeal      *dueView      `json:"appeal,omitempty"`
		Segments    []segmentView `json:"segments"`
		Notes       []string      `json:"notes,omitempty"`
		Unconfirmed []sourceView  `json:"unconfirmed,omitempty"`
	}{
		string(d.Regime.Name), d.Rule.Name, d.Right, d.Zone.String(), d.Received, d.At, d.Standing,
		viewDue(d.Acknowledge), viewDue(d.Respond), d.Extended, viewDue(d.Longest), viewDate(d.NoticeBy), viewDue(d.Appeal),
		viewSegments(d.Segments), d.Notes, viewSources(d.Unconfirmed()),
	})
}

func viewDate(d Date) *Date {
	if d.IsZero() {
		return nil
	}
	return &d
}

func viewDue(d Due) *dueView {
	if d.IsZero() {
		return nil
	}
	v := &dueView{On: d.On, Ends: d.Ends, Confirmed: d.Source.Confirmed}
	if !d.Met.IsZero() {
		v.Met = &d.Met
	}
	return v
}

func viewSegments(segments []Segment) []segmentView {
	views := make([]segmentView, len(segments))
	for i, s := range segments {
		views[i] = segmentView{s.From, s.To, s.Kind, s.Counted, s.Why, viewSources(s.Sources)}
	}
	return views
}

func viewSources(sources []Source) []sourceView {
	views := make([]sourceView, len(sources))
	for i, s := range sources {
		views[i] = sourceView(s)
	}
	return views
}
