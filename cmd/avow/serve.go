package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/api"
	"github.com/avowhq/avow/api/drp"
	"github.com/avowhq/avow/collect"
	"github.com/avowhq/avow/collect/intake"
	"github.com/avowhq/avow/gate"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/ledger/witness"
	"github.com/avowhq/avow/mail"
	"github.com/avowhq/avow/retain"
	"github.com/avowhq/avow/rights"
	"github.com/avowhq/avow/rights/cases"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
	"github.com/avowhq/avow/web"
	"github.com/avowhq/avow/work"
)

// graceful is how long requests under way may take when the server stops.
const graceful = 15 * time.Second

// catchUp is how often a node looks for what other nodes wrote; half the time after
// which a view is no longer fresh.
const catchUp = 500 * time.Millisecond

// serveCommand runs the server.
type serveCommand struct {
	where     `embed:""`
	listening `embed:""`
	mailing   `embed:""`
	proving   `embed:""`
	answering `embed:""`
	agenting  `embed:""`
}

// Run serves until the program is told to stop.
func (c *serveCommand) Run(ctx context.Context, t *terminal) error {
	defer allowSlack()()
	log := newLog(t.err, c.LogLevel)
	s, err := startServer(ctx, serverConfig{where: c.where, listening: c.listening, mailing: c.mailing, proving: c.proving, answering: c.answering, agenting: c.agenting, out: log})
	if err != nil {
		return err
	}
	log.Info("serving", slog.String("url", s.url), slog.Int("policies", s.policies))
	<-ctx.Done()
	log.Info("stopping")
	return s.stop()
}

func newLog(w io.Writer, level string) *slog.Logger {
	var l slog.Level
	_ = l.UnmarshalText([]byte(level)) // the command line allows only levels
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: l}))
}

// serverConfig is a server as it is to be started.
type serverConfig struct {
	where
	listening
	mailing
	proving
	answering
	agenting
	out *slog.Logger // what the server has to say
	// demo adds the pages of the demonstration, and keeps letters in the built-in mailbox.
	demo func(s *server, mux *http.ServeMux) error
}

// server is a running server.
type server struct {
	*house
	serverConfig
	url       string // as people see it
	policies  int    // in force
	keys      *api.Keys
	outbox    *mail.Outbox
	mailbox   *mail.Mailbox // of a demo
	demoToken string        // of a demo's own systems
	collect   *collect.Desk
	rights    *rights.Desk
	retain    *retain.Desk
	requests  *cases.Desk
	atlas     *atlas
	intake    *intake.Desk
	agents    *drp.Server // nil: nobody is admitted
	admitted  *agentsFile // of agents
	asks      *askLimit
	regimes   func() (*law.Regimes, error)
	work      *work.Work
	witnesses *witness.Desk
	pages     *web.Server
	audits    audits
	metrics   *metrics
	ready     atomic.Bool

	listeners  []net.Listener
	servers    []*http.Server
	cancel     context.CancelFunc
	background chan struct{}

	stopping sync.Once
	stopped  error // what stop came to
}

// startServer opens everything, then listens. What fails closes what was opened.
func startServer(ctx context.Context, c serverConfig) (*server, error) {
	s := &server{serverConfig: c, metrics: newMetrics(), keys: &api.Keys{}, background: make(chan struct{})}
	close(s.background)
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

func (s *server) start(ctx context.Context) error {
	s.regimes = sync.OnceValues(law.Load)
	go s.regimes() // while the databases are opened
	public, err := s.listen(s.Listen)
	if err != nil {
		return err
	}
	if s.url, err = s.publicURL(public.Addr().String()); err != nil {
		return err
	}
	if s.Origin == "" && s.URL != "" {
		_, host, _ := strings.Cut(s.url, "://")
		s.Origin = host + "/log"
	}
	if s.house, err = openHouse(ctx, s.where, s.url, s.out); err != nil {
		return err
	}
	renewCheckpoint(s.ledger, s.out)
	if err := s.publishFiles(ctx); err != nil {
		return err
	}
	if err := s.openDuties(ctx); err != nil {
		return err
	}
	if err := s.loadKeys(); err != nil {
		return err
	}
	if err := s.consent.CatchUp(ctx); err != nil {
		return err
	}
	handler, err := s.handler()
	if err != nil {
		return err
	}
	s.serve(public, handler)
	if err := s.serveMetrics(); err != nil {
		return err
	}
	if err := s.runBackground(ctx); err != nil {
		return err
	}
	s.policies = len(s.consent.Policies(s.now()))
	s.ready.Store(true)
	return nil
}

func (s *server) listen(address string) (net.Listener, error) {
	if address == "" { // it would mean any port, for everybody
		return nil, avow.FieldErrorf("--listen", "say where to listen, as 127.0.0.1:8080")
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, avow.Errorf(avow.Unavailable, "cannot listen on %s; is another server there? %w", address, err)
	}
	s.listeners = append(s.listeners, l)
	return l, nil
}

// publishFiles publishes the files named on the command line that are new.
func (s *server) publishFiles(ctx context.Context) error {
	for _, file := range s.Policy {
		src, err := os.ReadFile(file)
		if err != nil {
			return avow.Errorf(avow.Unavailable, "the policy file %s cannot be read: %w", file, err)
		}
		if _, err := s.consent.Publish(ctx, file, src); err != nil {
			return err
		}
	}
	return nil
}

// openDuties opens what is owed to people.
func (s *server) openDuties(ctx context.Context) (err error) {
	if err := s.openOutbox(); err != nil {
		return err
	}
	s.collect, err = collect.Open(ctx, collect.Config{DB: s.db, Vault: s.vault, Ledger: s.ledger, Consent: s.consent, Outbox: s.outbox,
		Clock: s.now, Key: s.vault.KeyFor("form tokens"), Confirm: s.url + "/confirm?t="})
	if err != nil {
		return err
	}
	if err := s.openRetention(ctx); err != nil {
		return err
	}
	if s.rights, err = openRights(ctx, s); err != nil {
		return err
	}
	if err := s.openRequests(ctx); err != nil {
		return err
	}
	s.asks = &askLimit{clock: s.now}
	if err := s.openAgents(); err != nil {
		return err
	}
	return s.openWork(ctx)
}

func (s *server) openOutbox() (err error) {
	hop, err := sender(s.mailing)
	if err != nil {
		return err
	}
	if s.demo != nil {
		if s.mailbox, err = mail.NewMailbox(s.db, s.vault.KeyFor("mailbox")); err != nil {
			return err
		}
		hop = s.mailbox
	}
	s.outbox, err = mail.NewOutbox(s.db, mail.Config{Key: s.vault.KeyFor("outbox"), From: s.from(s.mailing), Sender: hop, Log: s.log})
	return err
}

// handler is everything people and programs reach.
func (s *server) handler() (http.Handler, error) {
	proxies, err := s.proxies()
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	rest := &api.Rest{Keys: s.keys, Consent: s.consent, Collect: s.collect, Requests: s.requests, Allow: s.asks.allow, PublicURL: s.url, Version: programVersion(), Now: s.now, Remote: remote, Log: s.log}
	s.pages, err = web.New(web.Config{Consent: s.consent, Collect: s.collect, Rights: s.rights, PublicURL: s.url,
		Requests: s.requests, Mapped: s.atlas.mapped, Allow: s.asks.allow,
		Menu: s.menu(), Start: s.demo == nil, Now: s.now, Log: s.log, Remote: remote, JSON: rest.CollectJSON,
		Ledger: s.ledger, Auditor: s.auditor(), Records: s.records})
	if err != nil {
		return nil, err
	}
	s.pages.Routes(mux)
	if s.agents != nil {
		s.agents.Routes(mux)
		rest.Describe = drp.Describe
	}
	rest.Routes(mux)
	mux.HandleFunc("OPTIONS /collect/{point}", api.Preflight)
	s.access().Routes(mux)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("ok\n")) })
	mux.HandleFunc("GET /readyz", s.readyz)
	mux.HandleFunc("GET /log/cosigned", s.cosigned)
	if s.demo != nil {
		if err := s.demo(s, mux); err != nil {
			return nil, err
		}
	}
	https := len(s.url) > 6 && s.url[:6] == "https:"
	return located(secured(observed(mux, s.log, s.metrics), https), proxies), nil
}

// auditor says who may read the log's entries: holders of an auditor's token, and
// everybody in a demonstration.
func (s *server) auditor() func(*http.Request) error {
	if s.demo != nil {
		return nil
	}
	return s.keys.Auditor
}

func (s *server) menu() []web.Link {
	if s.demo == nil {
		return nil
	}
	return []web.Link{{Href: "/", Label: "The story"}, {Href: "/site", Label: "Harbour’s site"}, {Href: "/mailbox", Label: "Mailbox"}}
}

// access is the decision interface over the gates.
func (s *server) access() *api.Access {
	return &api.Access{
		Keys:      s.keys,
		PublicURL: s.url,
		Gate:      s.gateOf,
		Find:      s.held,
		State:     s.consent.Refresh,
		Evidence:  s.consent.Evidence,
		Decided:   s.metrics.decided,
		Now:       s.now,
		Log:       s.log,
	}
}

// gateOf is the gate of a policy; the empty name means the only one there is.
func (s *server) gateOf(name string) *gate.Gate {
	if name == "" {
		list := s.consent.Policies(s.now())
		if len(list) != 1 {
			return nil
		}
		name = list[0].Name
	}
	g, _ := s.consent.Gate(name)
	return g
}

// held gives the subjects that a decision about an identity is about.
func (s *server) held(ctx context.Context, id vault.Identity) (ids []avow.ID, err error) {
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		found, err := s.vault.Find(tx, id)
		ids = ids[:0]
		for _, f := range vault.Holders(found) {
			ids = append(ids, f.Subject)
		}
		return err
	})
	return ids, err
}

// readyz answers whether requests should come here: the database answers and the
// gates have been filled. A clock that is in doubt is told.
func (s *server) readyz(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	state := map[string]string{"database": "ok", "gates": "ok", "clock": "ok"}
	status := http.StatusOK
	if err := s.db.Ping(ctx); err != nil {
		state["database"], status = "away", http.StatusServiceUnavailable
	}
	if err := s.retain.ClockDoubt(ctx); err != nil { // it goes on answering
		state["clock"] = avow.MessageOf(err)
	}
	if !s.ready.Load() {
		state["gates"], status = "being filled, or the server stops", http.StatusServiceUnavailable
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(state)
}

func (s *server) serve(l net.Listener, h http.Handler) {
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 2 * time.Minute,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10, ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug)}
	s.servers = append(s.servers, srv)
	go srv.Serve(l)
}

func (s *server) serveMetrics() error {
	if s.Metrics == "" {
		return nil
	}
	if err := loopback(s.Metrics); err != nil {
		return err
	}
	l, err := s.listen(s.Metrics)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", s.metrics.handler())
	s.serve(l, mux)
	return nil
}

// stop ends requests first, then the work behind them, then the rooms.
func (s *server) stop() error {
	s.stopping.Do(func() { s.stopped = s.end() })
	return s.stopped
}

func (s *server) end() error {
	s.ready.Store(false)
	ctx, cancel := context.WithTimeout(context.Background(), graceful)
	defer cancel()
	var errs []error
	for _, srv := range s.servers {
		errs = append(errs, srv.Shutdown(ctx))
	}
	for _, l := range s.listeners {
		l.Close() // those that are not served yet
	}
	errs = append(errs, s.stopWork(ctx))
	if s.atlas != nil {
		errs = append(errs, s.atlas.close())
	}
	if s.house != nil {
		errs = append(errs, s.house.close())
	}
	return errors.Join(errs...)
}

// tokenFile is where the callers of the decision interface are listed.
func (w where) tokenFile() string { return filepath.Join(w.Keys, "tokens.json") }

func (s *server) loadKeys() error {
	b, err := os.ReadFile(s.tokenFile())
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return avow.Errorf(avow.Unavailable, "the list of tokens cannot be read: %w", err)
	}
	list, err := api.ParseCallers(b)
	if err == nil {
		s.keys.Set(list)
	}
	return err
}
