package law

import "time"

// Charge is whether a request may cost the person something.
type Charge struct {
	Free    bool
	Known   bool // false: the rules here say nothing of a fee
	Earlier int  // requests that counted
	Then    string
	Source  Source
}

// Charge says whether a request is free, from when the person asked for the same
// right before. Earlier requests count when they came in the period the law
// names, up to and not including the day of receipt.
func (rs *Regimes) Charge(c Case, earlier []time.Time) (Charge, error) {
	if err := c.check(); err != nil {
		return Charge{}, err
	}
	g, err := rs.Regime(c.Regime)
	if err != nil {
		return Charge{}, err
	}
	received := DateOf(c.Received, c.Zone)
	rule, err := g.Rule(c.Right, received)
	if err != nil || rule.Fee == nil {
		return Charge{}, err
	}
	f := rule.Fee
	ch := Charge{Known: true, Then: f.Then, Source: f.Source}
	if f.Free >= 0 {
		ch.Earlier = countEarlier(earlier, received, f.Per, c.Zone)
	}
	ch.Free = f.Free < 0 || ch.Earlier < f.Free
	return ch, nil
}

// countEarlier counts the days whose period still holds the day of receipt: a
// request of 3 March counts for twelve months up to 2 March of the next year.
func countEarlier(earlier []time.Time, received Date, per Period, zone *time.Location) (n int) {
	for _, t := range earlier {
		on := DateOf(t, zone)
		over := on.AddDays(per.N)
		if per.Unit == Months {
			over = on.AddMonths(per.N)
		}
		if !on.After(received) && received.Before(over) {
			n++
		}
	}
	return n
}
