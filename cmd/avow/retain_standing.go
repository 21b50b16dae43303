package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/mail"
	"github.com/avowhq/avow/retain"
	"github.com/avowhq/avow/store"
)

// retainStandingCommand lists what systems do not let go of.
type retainStandingCommand struct {
	atCounter `embed:""`
	Ended     bool `help:"What they have let go of since, too."`
	JSON      bool `name:"json" help:"Write JSON."`
}

// Run lists. Status 1: something stands.
func (c *retainStandingCommand) Run(ctx context.Context, t *terminal) error {
	return c.with(ctx, t, func(b *counter) error {
		list, err := b.retain.Standing(ctx, c.Ended)
		if err != nil {
			return err
		}
		if c.JSON {
			err = writeJSON(t.out, list)
		} else {
			for i := range list {
				fmt.Fprintln(t.out, standingLine(&list[i]))
			}
		}
		for i := range list {
			if err == nil && list[i].Ended.IsZero() {
				return outcome(exitWrong)
			}
		}
		return err
	})
}

func standingLine(s *retain.Standing) string {
	rows := "rows nobody could count"
	if s.Rows > 0 {
		rows = plural(s.Rows, "row")
	}
	line := fmt.Sprintf("%s.%s, %s: %s, since %s, met in %s: %s", s.System, s.Table, s.Rule, rows, s.Since.Format(time.DateOnly), plural(s.Runs, "run"), s.Why)
	if !s.Ended.IsZero() {
		line += "; ended " + s.Ended.Format(time.DateOnly)
	}
	return line
}

// putToStaff writes to staff what systems do not let go of, once each, with the run that found it.
func (s *server) putToStaff(tx *store.Tx, fresh []retain.Standing, run avow.ID) error {
	if s.StaffMail == "" {
		return nil
	}
	var text strings.Builder
	text.WriteString("The time of this is over, and the systems do not let go of it. It is looked at again every night; you are told once. Look why, and see to it.\n")
	for i := range fresh {
		fmt.Fprintf(&text, "\n- %s", standingLine(&fresh[i]))
	}
	return s.outbox.Put(tx, mail.Message{ID: run, To: s.StaffMail, Subject: "What was kept long enough cannot be ended", Text: text.String()})
}

// sayStanding is loud about what a run met for the first time; what stood before is a number.
func (s *server) sayStanding(r *retain.Report) {
	for _, e := range r.Entries {
		if e.Runs == 1 {
			s.log.Error("RETENTION: a system does not let go of what was kept long enough; look why", slog.String("system", e.System), slog.String("table", e.Table),
				slog.String("rule", e.Rule), slog.Int("rows", max(e.Left, e.Rows)), slog.String("why", e.Refused))
		}
	}
}

// standingGauges tell what systems do not let go of, read when somebody looks.
type standingGauges struct {
	findings, rows *prometheus.Desc
	list           func(context.Context, bool) ([]retain.Standing, error)
}

// watchStanding adds how many findings there are, and how many rows they are about.
func (m *metrics) watchStanding(list func(context.Context, bool) ([]retain.Standing, error)) {
	m.registry.MustRegister(&standingGauges{prometheus.NewDesc("avow_retention_standing", "What systems do not let go of though its time is over: findings.", nil, nil),
		prometheus.NewDesc("avow_retention_standing_rows", "The rows that these findings are about, as far as they can be counted.", nil, nil), list})
}

// Describe gives what there can be.
func (g *standingGauges) Describe(to chan<- *prometheus.Desc) { to <- g.findings; to <- g.rows }

// Collect counts. What cannot be counted is an error of the whole look, so that nobody takes silence for zero.
func (g *standingGauges) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	list, err := g.list(ctx, false)
	if err != nil {
		to <- prometheus.NewInvalidMetric(g.findings, err)
		return
	}
	rows := 0
	for _, s := range list {
		rows += s.Rows
	}
	to <- prometheus.MustNewConstMetric(g.findings, prometheus.GaugeValue, float64(len(list)))
	to <- prometheus.MustNewConstMetric(g.rows, prometheus.GaugeValue, float64(rows))
}
