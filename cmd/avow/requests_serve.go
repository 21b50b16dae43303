package main

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/policy"
	"github.com/avowhq/avow/rights/cases"
)

// answering says how what people ask is answered: in which systems, and who looks after it.
type answering struct {
	Systems   string   `help:"The folder whose systems/*.yaml say where personal data stands. Requests are then answered there too." placeholder:"DIR" env:"AVOW_SYSTEMS"`
	Secrets   string   `help:"The directory that secret:NAME in a file of a system means." placeholder:"DIR" env:"AVOW_SECRETS"`
	Inside    []string `help:"A host or network inside that services and buckets may be reached at, and databases without TLS: crm.internal, 10.2.0.0/16. None by default." placeholder:"HOST" env:"AVOW_INSIDE"`
	RetainAt  int      `help:"The hour (UTC) of the night at which the schedule of retention is carried out; -1: never." default:"3" placeholder:"HOUR" env:"AVOW_RETAIN_AT"`
	StaffMail string   `help:"The address that is reminded of requests whose time runs out. Without it nobody is." placeholder:"ADDRESS" env:"AVOW_STAFF_MAIL"`

	away time.Duration       // the wait after a system was away, for tests; 0: half a minute
	gone time.Duration       // how long a server shows no life before others do its work, for tests; 0: as package work has it
	tune func(*cases.Config) // for tests
}

// lookForSteps is how often a node looks for what other nodes left to do.
const lookForSteps = 2 * time.Second

// watchRequests is how often deadlines are looked at.
const watchRequests = time.Hour

// openRequests opens the desk of requests, over avow's own records and the mapped systems.
func (s *server) openRequests(ctx context.Context) (err error) {
	regimes, err := s.regimes()
	if err != nil {
		return err
	}
	if s.atlas, err = s.openAtlas(); err != nil {
		return err
	}
	s.atlas.retain = s.retain
	own := ownActs(s.consent)
	config := cases.Config{Desk: s.rights, Regimes: regimes, Engine: s.atlas, Own: own, Pack: s.atlas.pack(s.rights),
		Packages: cases.Folder(s.packages()), Link: s.url + "/privacy/request/open?t=", Page: s.url + "/privacy/request", AskPage: s.url + "/privacy/ask/",
		CertificatePage: s.url + "/privacy/certificate?k=", SureOfClock: s.retain.SureOfClock, Staff: s.StaffMail, Approved: approves, Holds: s.retain.Mark, Backoff: s.away}
	if s.tune != nil {
		s.tune(&config)
	}
	if s.requests, err = cases.Open(ctx, config); err == nil {
		s.retain.Erasing = erasingOf(s.requests)
		s.metrics.watchRequests(s.requestCounts)
	}
	return err
}

// approves tells whether a policy has requests for a right approved by somebody.
func approves(p *policy.Policy, right law.Right) bool {
	r, ok := p.Document.Rights.Each.Get(string(right))
	return ok && r.ApprovedBy.Name != ""
}

// followRequests does what is due, until ctx ends.
func (s *server) followRequests(ctx context.Context) {
	s.requests.Follow(ctx, lookForSteps, func(err error) {
		s.log.Warn("requests wait: their steps cannot be read or written; it is tried again", slog.Any("error", err))
	})
}

// watchOverRequests reminds staff, and is loud about what is overdue.
func (s *server) watchOverRequests(ctx context.Context) error {
	if err := s.requests.Watch(ctx); err != nil {
		return err
	}
	if err := s.sayWhatToMend(ctx); err != nil {
		return err
	}
	late, err := s.requests.Overdue(ctx)
	for _, l := range late {
		s.log.Error("OVERDUE: a request should have been answered", slog.String("number", l.Number), slog.String("right", string(l.Right)),
			slog.String("state", string(l.State)), slog.Time("due", l.Due))
	}
	return err
}

// lookAtSystems says at the start which systems cannot be worked with, and which of them will not be until somebody puts that right. The
// server goes on without them: their requests wait.
func (s *server) lookAtSystems(ctx context.Context) {
	if s.Systems == "" {
		return
	}
	engines, err := s.atlas.all()
	for _, e := range engines {
		var away map[string]error
		wrong := avow.Unpanicked(func() (err error) {
			_, away, err = e.Now(ctx)
			return err
		})
		err = errors.Join(err, wrong)
		for name, why := range away {
			if kind := avow.KindOf(why); kind == avow.Unavailable || kind == avow.Canceled {
				s.log.Warn("a system is away; its requests wait for it", slog.String("system", name), slog.String("trouble", avow.MessageOf(why)))
			} else {
				s.log.Error(putRight, slog.String("system", name), slog.String("trouble", avow.MessageOf(why)))
			}
		}
	}
	if err != nil && ctx.Err() == nil {
		s.log.Error(putRight, slog.String("trouble", avow.MessageOf(err)))
	}
}

const putRight = "PUT THIS RIGHT: requests cannot go on until then"

// sayWhatToMend is loud about what requests wait for that does not end by itself: once each, however many wait.
func (s *server) sayWhatToMend(ctx context.Context) error {
	stuck, err := s.requests.Stuck(ctx, 1000)
	waiting := map[string]int{}
	for _, x := range stuck {
		if x.Step.Mend {
			waiting[x.Step.Trouble]++
		}
	}
	for trouble, n := range waiting {
		s.log.Error(putRight, slog.String("trouble", trouble), slog.Int("requests", n))
	}
	return err
}

// requestCounts are how many requests are in each state, and how many are overdue.
func (s *server) requestCounts(ctx context.Context) (map[string]int, int, error) {
	states, late, err := s.requests.Counts(ctx)
	out := map[string]int{}
	for state, n := range states {
		out[string(state)] = n
	}
	return out, late, err
}
