package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/datamap"
	"github.com/avowhq/avow/datamap/draft"
	"github.com/avowhq/avow/policy"
)

// driftCommand compares a map with the living systems.
type driftCommand struct {
	folder `embed:""`
	Sample int  `help:"How many rows of each table are looked at; no value is printed or kept. -1: names and types alone." default:"200"`
	JSON   bool `name:"json" help:"Write JSON."`
}

// Help is shown by avow drift --help.
func (c *driftCommand) Help() string {
	return `Ends with status 1 when a system holds personal data that no file declares, when something that a file names is gone, when a file is wrong, or when a system could not be looked at: a check for a pipeline. With --json all of that is in what is written.

    avow drift --policy policy.yaml`
}

// driftReport is what was found, and what kept more from being found.
type driftReport struct {
	*draft.Report
	Errors []driftError `json:"errors"`
}

// driftError is one thing that is wrong with a file, or with a system.
type driftError struct {
	System  string `json:"system,omitempty"`
	Table   string `json:"table,omitempty"`
	Column  string `json:"column,omitempty"`
	Kind    string `json:"kind"` // the code of what is wrong with a file, or the kind of error of a system
	Message string `json:"message"`
	Suggest string `json:"suggest,omitempty"`
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
}

// Run compares.
func (c *driftCommand) Run(ctx context.Context, t *terminal) error {
	out := &driftReport{&draft.Report{Differences: []draft.Difference{}, Unseen: []string{}}, []driftError{}}
	failed := c.compare(ctx, t, out)
	if failed != nil {
		out.Fails = true
		out.add(c.folder, nil, failed)
	}
	if c.JSON {
		if err := writeJSON(t.out, out); err != nil {
			return err
		}
	}
	if failed == nil && (out.Fails || len(out.Errors) > 0 || len(out.Unseen) > 0) {
		return outcome(exitWrong)
	}
	return failed
}

// compare fills in the report. A map that cannot be completed is compared as it is written.
func (c *driftCommand) compare(ctx context.Context, t *terminal, out *driftReport) error {
	m, err := c.readMap(t)
	if err != nil {
		return err
	}
	open := c.openSystems(ctx, m)
	defer open.close()
	whole, err := m.Complete(open.facts())
	switch wrong := policy.Problems(nil); {
	case err == nil:
		m = whole.Graph().Map
	case errors.As(err, &wrong):
		l := &loaded{problems: c.live(m, open)}
		out.add(c.folder, m, l.wrong(t))
	default:
		return err
	}
	if out.Report, err = draft.Drift(ctx, m, c.systems(open)); err != nil {
		out.Report = &draft.Report{Differences: []draft.Difference{}, Unseen: []string{}}
		return err
	}
	out.Fails = out.Fails || len(out.Errors) > 0
	if !c.JSON {
		if _, err := fmt.Fprint(t.out, out.Text()); err != nil {
			return err
		}
	}
	open.unseen(t.err, "NOT LOOKED AT")
	out.away(open)
	return nil
}

// systems are the open ones as they are to be looked at.
func (c *driftCommand) systems(open *mapped) map[string]draft.Live {
	live := map[string]draft.Live{}
	for name, schema := range open.schemas {
		l := draft.Live{Schema: schema, Sample: c.Sample}
		if c.Sample >= 0 {
			l.Rows = open.sources[name]
		}
		live[name] = l
	}
	return live
}

// away adds the systems that could not be looked at.
func (r *driftReport) away(open *mapped) {
	all := maps.Clone(open.away)
	maps.Copy(all, open.refused)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		r.Errors = append(r.Errors, driftError{System: name, Kind: avow.KindOf(all[name]).String(), Message: avow.MessageOf(all[name])})
	}
}

// add adds an error; of what is wrong with files each by itself, with the table that it stands in, where there is a map.
func (r *driftReport) add(f folder, m *datamap.Map, err error) {
	var files wrongFiles
	if !errors.As(err, &files) {
		r.Errors = append(r.Errors, driftError{Kind: avow.KindOf(err).String(), Message: avow.MessageOf(err)})
		return
	}
	for _, p := range files.problems {
		e := driftError{Kind: p.Code, Message: p.Message, Suggest: p.Suggest, File: p.File, Line: p.Line}
		if m != nil {
			e.System, e.Table, e.Column = placeOf(f, m, p)
		}
		r.Errors = append(r.Errors, e)
	}
}

// placeOf is the system, the table and the column that a problem of a file is about.
func placeOf(f folder, m *datamap.Map, p policy.Problem) (system, table, column string) {
	for _, s := range m.Systems {
		if filepath.Join(filepath.Dir(f.Policy), s.File) != p.File {
			continue
		}
		system = s.Name.Text
		line := 0
		for _, t := range s.All() {
			if t.Line <= p.Line && t.Line >= line {
				table, column, line = t.Name, "", t.Line
				if slices.Contains(t.Names(), p.Text) {
					column = p.Text
				}
			}
		}
	}
	return system, table, column
}
