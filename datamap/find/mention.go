package find

// mentions takes the links that only mention people, from rows that are theirs for sure.
func (r *run) mentions() {
	all := &reads{run: r}
	for _, p := range r.parts {
		for _, t := range p.tables {
			for _, l := range t.links {
				if !l.belongs() && r.ctx.Err() == nil {
					r.take(all, l, nil)
				}
			}
		}
	}
	all.Wait()
}
