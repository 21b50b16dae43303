package main

import (
	"encoding/binary"
	"math/bits"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/gate"
)

// idOf makes the id of the n-th subject: six bytes of time, ten that look random,
// as in a real one.
func idOf(n int) (id avow.ID) {
	binary.BigEndian.PutUint64(id[:8], uint64(1_700_000_000_000+n)<<16)
	hi, lo := bits.Mul64(uint64(n)+0x9e3779b97f4a7c15, 0xc2b2ae3d27d4eb4f)
	binary.LittleEndian.PutUint64(id[8:], hi^lo)
	id[6], id[7] = byte(hi), byte(lo)
	return id
}

// avowEngines looks every subject up in a table of its own; it is handed nothing.
func avowEngines(w *world) ([]engine, error) {
	g := gate.New(gate.Options{})
	if err := g.Publish(w.policy, today); err != nil {
		return nil, err
	}
	words := make([]gate.Names, asked)
	requests, ids := make([]gate.Request, asked), make([]avow.ID, asked)
	for i, q := range w.questions {
		ids[i] = idOf(i)
		g.Set(w.state(ids[i], q.person, "GB", 0))
		words[i] = gate.Names{Purpose: w.purposes[q.purpose], Data: []string{w.categories[q.category]}}
		requests[i] = gate.About(ids[i], -1, today)
		if why := g.Resolve(&words[i], &requests[i]); why != gate.Undecided {
			return nil, avow.Errorf(avow.Invalid, "question %d: %v", i, why)
		}
	}
	r := gate.About(ids[0], -1, today) // Ask fills in what the words stand for
	byName := func(i int) bool {
		r.Subject = ids[i]
		return g.Ask(&words[i], &r).Allowed
	}
	byIndex := func(i int) bool { return g.Decide(&requests[i]).Allowed }
	return []engine{
		{"avow, by name", "id, purpose and category as words; the state is looked up", byName},
		{"avow, by index", "the words resolved beforehand; the state is looked up", byIndex},
	}, nil
}
