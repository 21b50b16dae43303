package main

import (
	"context"
	"fmt"
	"io"
	"time"
)

// records is what a run found of records: what it costs to keep and to prove them.
type records struct {
	durable  *durable
	batched  *batched // nil: there was no server
	posted   *posted
	proofs   *proofs
	starts   *starts
	rights   *rightsMeasured
	rounds   int
	measured []machine // a part each, and how the machine was
}

// parts are what can be measured by itself.
var parts = []string{"gate", "durable", "postgres", "http", "proofs", "starts", "rights"}

func measureRecords(ctx context.Context, c config, wanted func(part string) bool) (*records, error) {
	r := &records{rounds: c.rounds}
	var err error
	for _, part := range []struct {
		name    string
		measure func()
	}{
		{"durable", func() { r.durable, err = measureDurable(ctx, c) }},
		{"postgres", func() { r.batched, err = measureBatched(ctx, c) }},
		{"http", func() { r.posted, err = measurePosted(ctx, c) }},
		{"proofs", func() { r.proofs, err = measureProofs(ctx, c) }},
		{"starts", func() { r.starts, err = measureStarts(ctx, c) }},
		{"rights", func() { r.rights, err = measureRights(ctx, c) }},
	} {
		if !wanted(part.name) {
			continue
		}
		began := time.Now()
		m, looked := lookAround(c.dir, part.name)
		if part.measure(); err == nil {
			err = looked
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", part.name, err)
		}
		progress("%s took %v", part.name, time.Since(began).Round(time.Second))
		r.measured = append(r.measured, m)
	}
	return r, nil
}

func (r *records) write(w io.Writer) {
	fmt.Fprintf(w, "# What a record costs\n\nThe same run. Whatever is compared was done in turns, %d rounds each after one that does not count, so that a busy machine was busy for all. "+
		"Events a second are medians; a share is the median of the shares of each round. CPU is the time of the processor that an event took in the process that kept it.\n\n", r.rounds)
	if r.durable != nil {
		r.writeDurable(w)
	}
	for _, part := range r.measured {
		if part.part == "postgres" {
			r.writeBatched(w)
		}
	}
	if r.posted != nil {
		r.writePosted(w)
	}
	if r.proofs != nil {
		r.writeProofs(w)
	}
	if r.starts != nil {
		r.writeStarts(w)
	}
	if r.rights != nil {
		r.writeRights(w)
	}
	r.writeAims(w)
	r.writeMachine(w)
}

// writeMachine says who else was at work, as far as can be seen.
func (r *records) writeMachine(w io.Writer) {
	fmt.Fprintf(w, "\n## The machine meanwhile\n\nThe system's load of the minute before each part, and how long a write of 4 KiB waited for the disk, the median of %d. Events that are on disk when they are acknowledged cannot be faster than that.\n\n", diskWrites)
	fmt.Fprintln(w, "| before | load | a write to the disk |\n|---|--:|--:|")
	for _, m := range r.measured {
		fmt.Fprintf(w, "| %s | %s | %s |\n", m.part, m.load, micro(m.disk))
	}
}

func (r *records) writeDurable(w io.Writer) {
	d := r.durable
	fmt.Fprintf(w, "## Durable events on SQLite\n\n*Bare* is a transparency log and nothing else: an entry, an index of subjects and the packed hashes of x/mod tlog, in the same SQLite driver "+
		"with the same settings, one commit on disk for all that wait. Its entries are as long as the sealed body of the event they stand beside (%d and %d bytes), and about the same %d people. *A sealed event* is sealed under its person's key, bound to its row, in the tree, and the tree is signed. "+
		"*A consent* is the whole path: who it is, the words of the policy, the sealed event with its record, the fold of their state, the tree, the gate; given and taken back in turns.\n\n", d.sealedWidth, d.consentWidth, crowd)
	fmt.Fprintf(w, "| in flight | bare, events/s (CPU) | a sealed event, events/s (CPU) | share of bare (by CPU) | bare, entries of %d bytes | a consent, events/s (CPU) | share of that (by CPU) | share of bare (by CPU) |\n|--:|--:|--:|--:|--:|--:|--:|--:|\n", d.consentWidth)
	for i, b := range d.bare {
		fmt.Fprintf(w, "| %d | %s | %s | %s | %s | %s | %s | %s |\n", b.flight, speed(b), speed(d.sealed[i]), shares(d.sealed[i], b),
			speed(d.long[i]), speed(d.whole[i]), shares(d.whole[i], d.long[i]), shares(d.whole[i], b))
	}
	fmt.Fprintln(w)
}

// shares are of what another lane does a second, and of what it does with as much of the processor.
func shares(l, other *lane) string {
	return fmt.Sprintf("%.0f %% (%.0f %%)", 100*l.of(other), 100*other.cpu()/l.cpu())
}

func speed(l *lane) string { return fmt.Sprintf("%.0f (%.0f µs)", l.perSecond(), l.cpu()) }

func (r *records) writeBatched(w io.Writer) {
	b := r.batched
	fmt.Fprint(w, "## Events on PostgreSQL\n\n")
	if b == nil {
		fmt.Fprint(w, "Not measured: no PostgreSQL is installed here.\n\n")
		return
	}
	fmt.Fprintf(w, "PostgreSQL %s as it comes, on this machine, waiting for the disk; %d clients. *Bare* inserts rows as wide as an event's (%d bytes in the sealed column) into a table with the same indexes, "+
		"%d in a statement of arrays, each client on a connection of its own. *In batches* is Writes of %d sealed events each.\n\n", b.version, clients, b.width, atOnce, atOnce)
	fmt.Fprintln(w, "| | events/s | CPU of this process, µs | share of bare |\n|---|--:|--:|--:|")
	for _, l := range []struct {
		name string
		lane *lane
	}{{"bare batched inserts", b.bare}, {"sealed events, in batches", b.batches}, {"sealed events, one a Write", b.alone}} {
		fmt.Fprintf(w, "| %s | %.0f | %.1f | %.0f %% |\n", l.name, l.lane.perSecond(), l.lane.cpu(), 100*l.lane.of(b.bare))
	}
	fmt.Fprintln(w)
}

func (r *records) writePosted(w io.Writer) {
	p := r.posted
	fmt.Fprintf(w, "## Consent over HTTP\n\n`avow serve`, as `make build` makes it, on loopback and SQLite; %d connections that stay open, one request at a time on each, sent by this program on the same two processors. "+
		"CPU is the server's. *Taken back* is `POST /api/v1/withdrawals` with an address: one consent, one event. *A form* is JSON at `/collect/…` from somebody new: they are claimed and get a key, two values are sealed, "+
		"what was collected and the consent are an event each; *with a letter*, one that asks for a confirmation is sealed into the outbox too. The server's own limits stand. The share is of sealed events appended in this program, %d in flight.\n\n", posting, posting)
	fmt.Fprintln(w, "| | requests/s | events/s | CPU µs an event | events, share | requests, share |\n|---|--:|--:|--:|--:|--:|")
	fmt.Fprintf(w, "| sealed events, in process | | %.0f | %.0f | | |\n", p.sealed.perSecond(), p.sealed.cpu())
	for _, l := range []struct {
		name string
		lane *lane
	}{{"a consent taken back", p.withdrawn}, {"a form with a consent", p.form}, {"a form with a consent and a letter", p.letter}} {
		share := l.lane.of(p.sealed)
		fmt.Fprintf(w, "| %s | %.0f | %.0f | %.0f | %.0f %% | %.0f %% |\n", l.name, l.lane.perSecond()/float64(l.lane.each), l.lane.perSecond(), l.lane.cpu(), 100*share, 100*share/float64(l.lane.each))
	}
	fmt.Fprintln(w)
}

func (r *records) writeProofs(w io.Writer) {
	p := r.proofs
	fmt.Fprintf(w, "## Proofs\n\nA log whose tree has %d made-up events, all its tiles in SQLite. %d operations of each kind, one after the other, each of another event.\n\n| | median | 99 of 100 |\n|---|--:|--:|\n", p.events, proved)
	fmt.Fprintf(w, "| the proof of an event out of the database; signature, path and root checked | %s | %s |\n", micro(p.inclusion.median), micro(p.inclusion.most))
	fmt.Fprintf(w, "| a real event read and opened, its receipt with the proof, all of it checked | %s | %s |\n\n", micro(p.receipt.median), micro(p.receipt.most))
}

func micro(d time.Duration) string { return d.Round(time.Microsecond).String() }

func (r *records) writeStarts(w io.Writer) {
	s := r.starts
	fmt.Fprint(w, "## Starts and memory\n\nFrom the start of the program until `/readyz` says yes; medians.\n\n| | |\n|---|--:|\n")
	fmt.Fprintf(w, "| ready, in a directory that was not there: tables, keys and log are made | %s |\n", milli(s.first))
	fmt.Fprintf(w, "| ready, with what that start left | %s |\n", milli(s.again))
	fmt.Fprintf(w, "| in memory with nothing to do, after %v | %s |\n| in memory with nothing to do, after %v | %s |\n| of that, pages of the program's file, which the system holds for all and can drop | %s |\n", s.moment, mega(s.soon), s.while, mega(s.idle), mega(s.filed))
	fmt.Fprintf(w, "| ready, on %d people with a consent each; answers come from the database | %s |\n", s.people, milli(s.ready))
	fmt.Fprintf(w, "| every gate filled with them | %s |\n| in memory then | %s |\n\n", milli(s.filled), mega(s.full))
}

func milli(d time.Duration) string { return d.Round(time.Millisecond).String() }

func mega(bytes int64) string { return fmt.Sprintf("%.1f MB", float64(bytes)/1e6) }

func (r *records) writeAims(w io.Writer) {
	fmt.Fprintln(w, "## Aims of records\n\n| aim | found | |\n|---|---|---|")
	if d := r.durable; d != nil {
		for i, b := range d.bare {
			if b.flight > 1 {
				aim(w, fmt.Sprintf("%d in flight, a sealed event: at least 80 %% of bare", b.flight), 100*d.sealed[i].of(b), 80, true, "%.0f %%")
				aim(w, fmt.Sprintf("%d in flight, a consent, the whole path: at least 30 %% of bare entries as long", b.flight), 100*d.whole[i].of(d.long[i]), 30, true, "%.0f %%")
			}
		}
	}
	if b := r.batched; b != nil {
		aim(w, "PostgreSQL, in batches: at least 50000 events a second", b.batches.perSecond(), 50_000, true, "%.0f")
	}
	if p := r.posted; p != nil {
		aim(w, "a consent taken back over HTTP: at least 25 % of sealed events", 100*p.withdrawn.of(p.sealed), 25, true, "%.0f %%")
		aim(w, "forms with a consent over HTTP, their events: at least 25 % of sealed events", 100*p.form.of(p.sealed), 25, true, "%.0f %%")
	}
	if p := r.proofs; p != nil {
		aim(w, fmt.Sprintf("a proof and its check among %d: at most 0.5 ms", p.events), ms(p.inclusion.median), 0.5, false, "%.3f ms")
	}
	if s := r.starts; s != nil {
		aim(w, "in memory with nothing to do: at most 60 MB", float64(max(s.soon, s.idle))/1e6, 60, false, "%.1f MB")
		aim(w, "ready on an empty store: at most 150 ms", ms(max(s.first, s.again)), 150, false, "%.0f ms")
		aim(w, fmt.Sprintf("ready on %d people: at most 3 s", s.people), ms(s.ready), 3000, false, "%.0f ms")
	}
	if r.rights != nil {
		r.rights.writeAims(w)
	}
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// aim writes a line of what was wanted and what was found.
func aim(w io.Writer, name string, found, limit float64, least bool, format string) {
	verdict := "missed"
	if found <= limit && !least || found >= limit && least {
		verdict = "reached"
	}
	fmt.Fprintf(w, "| %s | "+format+" | %s |\n", name, found, verdict)
}
