package web

import (
	"fmt"
	"time"

	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/rights/cases"
)

// rightWords is a right as somebody meets it who has never read a law.
type rightWords struct {
	Title, Says, Button string
	Beside              string // what they may write with it
}

var rightsInWords = map[law.Right]rightWords{
	law.Copy: {"Get a copy", "Everything we hold about you, with where it came from, why we have it and who received it.", "Ask for the copy", "Is there anything you look for in particular?"},
	law.Correct: {"Have something corrected", "You say what is wrong and what is right; it is changed everywhere we keep it.", "Ask for the correction",
		"Is there anything we should know?"},
	law.Remove: {"Be erased", "What we hold about you goes, everywhere. What a law makes us keep stays, and we tell you what and why.", "Ask to be erased",
		"Is there anything we should know?"},
	law.Move:     {"Take your data elsewhere", "What you gave us, as files that another service can read.", "Ask for the files", "Is there anything we should know?"},
	law.Restrict: {"Have it kept and not used", "While something is cleared up, we keep your data and do hardly anything else with it.", "Ask for it", "What is to be cleared up?"},
	cases.Lift:   {Title: "Your data to be used again", Says: "It was kept and not used. That ends."},
	law.Object:   {"Object to a use", "You say which use of your data should stop.", "Object", "What in your situation speaks against it?"},
	law.Withdraw: {"Take a yes back", "A consent that you gave ends. What was done before stays lawful.", "Take it back", "Is there anything we should know?"},
	law.StopMarketing: {"Stop marketing", "No more advertising from us, by whatever way it came. You need not show who you are.", "Stop it",
		"How did it reach you?"},
	law.HumanReview: {"Have a person look", "A decision that a machine made about you is looked at by a person.", "Ask for a person", "Which decision is it, and what is wrong with it?"},
	law.OptOut:      {"No sale, no sharing", "Your data is neither sold nor shared for advertising. You need not show who you are.", "Opt out", "Is there anything we should know?"},
	law.Limit:       {"Limit sensitive data", "Sensitive data is used for what you asked for, and for nothing else. You need not show who you are.", "Limit it", "Is there anything we should know?"},
	law.Recipients:  {"Know who received it", "The names of those who received your data from us.", "Ask for the names", "Is there anything you look for in particular?"},
	law.DeIndex:     {"Not be found by your name", "Pages that are found by your name are no longer.", "Ask for it", "Which pages are they?"},
	law.Complain:    {"Complain to us", "Something about your data is not as it should be.", "Send the complaint", "What is wrong, and what should we do?"},
}

// clockView is what one law says of the time for an answer.
type clockView struct {
	Law     string
	Lines   []string
	Explain string
}

// clockViews puts the deadlines of a request into plain lines.
func clockViews(list []*law.Deadline) (out []clockView) {
	for _, d := range list {
		out = append(out, clockView{d.Regime.Title, clockLines(d), d.Explain()})
	}
	return out
}

func clockLines(d *law.Deadline) (lines []string) {
	answer := "This law fixes no day for the answer."
	if !d.Respond.IsZero() {
		answer = fmt.Sprintf("You have an answer by the end of %s.", d.Respond.On.Long())
	}
	switch d.Standing {
	case law.Waiting:
		lines = append(lines, "The clock stands still until we hear from you. The day moves by as long as that takes.")
		if !d.Respond.IsZero() {
			lines = append(lines, fmt.Sprintf("It is not before %s.", d.Respond.On.Long()))
		}
		return lines
	case law.Done:
		return append(lines, "It was answered in time.")
	case law.Late:
		return append(lines, fmt.Sprintf("It was to be answered by %s, and was answered late.", d.Respond.On.Long()))
	case law.Overdue, law.Refusal:
		return append(lines, fmt.Sprintf("It should have been answered by %s. That is our failure, and you can complain about it.", d.Respond.On.Long()))
	}
	lines = append(lines, answer)
	switch {
	case d.Extended:
		lines = append(lines, "We told you in time that it takes longer, and why.")
	case !d.Longest.IsZero() && d.Longest.On.After(d.Respond.On):
		lines = append(lines, fmt.Sprintf("Should it take longer, we tell you by %s, with the reason; then it is %s at the latest.", d.NoticeBy.Long(), d.Longest.On.Long()))
	}
	return lines
}

// lastDay is the day before a moment that is too late.
func lastDay(t time.Time) string { return law.DayEnding(t).Long() }
