package main

import (
	"context"
	"fmt"

	"github.com/avowhq/avow/datamap/draft"
)

// driftCommand compares a map with the living systems.
type driftCommand struct {
	folder `embed:""`
	Sample int  `help:"How many rows of each table are looked at; no value is printed or kept. -1: names and types alone." default:"200"`
	JSON   bool `name:"json" help:"Write JSON."`
}

// Help is shown by avow drift --help.
func (c *driftCommand) Help() string {
	return `Ends with status 1 when a system holds personal data that no file declares, when something that a file names is gone, or when a system could not be looked at: a check for a pipeline.

    avow drift --policy policy.yaml`
}

// Run compares.
func (c *driftCommand) Run(ctx context.Context, t *terminal) error {
	written, err := c.readMap(t)
	if err != nil {
		return err
	}
	m, err := c.complete(t, written, c.openSystems(ctx, written))
	if err != nil {
		return err
	}
	defer m.close()
	live := map[string]draft.Live{}
	for name, schema := range m.schemas {
		l := draft.Live{Schema: schema, Sample: c.Sample}
		if c.Sample >= 0 {
			l.Rows = m.sources[name]
		}
		live[name] = l
	}
	r, err := draft.Drift(ctx, m.graph.Map, live)
	if err != nil {
		return err
	}
	if c.JSON {
		err = writeJSON(t.out, r)
	} else {
		_, err = fmt.Fprint(t.out, r.Text())
	}
	if err != nil {
		return err
	}
	m.unseen(t.err, "NOT LOOKED AT")
	if r.Fails || len(r.Unseen) > 0 {
		return outcome(exitWrong)
	}
	return nil
}
