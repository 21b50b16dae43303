package law

// extension is the last day with the extension the law allows, before it is
// rolled, and whether the person was told of it in time.
func (k *clock) extension(start, base Date) (longest Date, told bool) {
	x := k.rule.Extend
	if x == nil {
		if m, ok := first(k.moments, Extended); ok {
			k.note("The notice of %s that it takes longer does not count: the law knows no extension.", DateOf(m.At, k.zone).Long())
		}
		return Date{}, false
	}
	notice, times := k.notices(base, x)
	if x.By.Unit != AsTold {
		longest = k.lengthen(start, base, x, max(times, 1))
	} else if times > 0 {
		longest = later(base, notice.Until)
	}
	if times > 0 {
		k.uses(x.Source)
	}
	return longest, times > 0
}

// notices counts the notices of an extension that came in time, and gives the last of them.
func (k *clock) notices(base Date, x *Extension) (last Moment, times int) {
	for _, m := range k.moments {
		day := DateOf(m.At, k.zone)
		switch {
		case m.What != Extended:
		case day.After(base):
			k.note("The notice of %s that it takes longer does not count: it was due by %s.", day.Long(), base.Long())
		case times == x.Times:
			k.note("The notice of %s that it takes longer does not count: there is no further extension.", day.Long())
		case x.By.Unit == AsTold && m.Until.IsZero():
			k.note("The notice of %s that it takes longer does not count: it names no day.", day.Long())
		default:
			last, times = m, times+1
		}
	}
	return last, times
}

// lengthen adds extensions to the period. Of one unit, they are counted from the
// start as one: a month and two from 31 January end on 30 April, not on the 28th.
func (k *clock) lengthen(start, base Date, x *Extension, times int) Date {
	term := k.rule.Respond.Period
	if term.Unit == x.By.Unit {
		return k.walk(start, Period{term.N + times*x.By.N, term.Unit})
	}
	return k.walk(base, Period{times * x.By.N, x.By.Unit})
}

func later(a, b Date) Date {
	if b.After(a) {
		return b
	}
	return a
}

// appeal reckons the organisation's second look, from the day an appeal is received.
func (k *clock) appeal() {
	a := k.rule.Appeal
	at, ok := k.lastAppeal()
	if !ok {
		return
	}
	start := DateOf(at[0].At, k.zone)
	if a == nil {
		k.note("The law knows no appeal to the organisation; the appeal of %s has no deadline.", start.Long())
		return
	}
	end := k.walkFree(start, a.Decide)
	if x, ok := first(at, AppealExtended); ok {
		end = k.extendAppeal(start, end, DateOf(x.At, k.zone))
	}
	k.Appeal = k.due(k.roll(end), a.Source, at, AppealDecided)
	k.uses(a.Source)
}

// lastAppeal is the last appeal, with what came after it. Who was heard may appeal again, and that has a time of its own;
// one more while the first is open changes nothing.
func (k *clock) lastAppeal() (since []Moment, ok bool) {
	decided := true
	for i, m := range k.moments {
		switch {
		case m.What == AppealDecided:
			decided = true
		case m.What == Appealed && decided:
			since, ok, decided = k.moments[i:], true, false
		}
	}
	return since, ok
}

func (k *clock) extendAppeal(start, end, told Date) Date {
	a := k.rule.Appeal
	switch {
	case a.Extend.IsZero():
		k.note("The notice of %s that the appeal takes longer does not count: the law knows no extension.", told.Long())
	case told.After(end):
		k.note("The notice of %s that the appeal takes longer does not count: it was due by %s.", told.Long(), end.Long())
	case a.Extend.Unit == a.Decide.Unit:
		return k.walkFree(start, Period{a.Decide.N + a.Extend.N, a.Decide.Unit})
	default:
		return k.walkFree(end, a.Extend)
	}
	return end
}
