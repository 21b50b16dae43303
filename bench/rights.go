package main

import (
	"context"
	"fmt"
	"io"
	"os"
)

// rightsMeasured is what it costs to do what people ask for, in databases of others.
type rightsMeasured struct {
	postgres, mariadb *erased   // nil: there was no server
	accessed          *accessed // nil: there were not both
	memory            *memory   // nil: there was no PostgreSQL
}

func measureRights(ctx context.Context, c config) (*rightsMeasured, error) {
	r := &rightsMeasured{}
	dir, err := os.MkdirTemp(c.dir, "avow-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	maria, err := startMariaDB()
	if err != nil && err != errNoMariaDB {
		return nil, err
	}
	if maria != nil {
		defer maria.stop()
		if err := r.onMariaDB(ctx, c, maria); err != nil {
			return nil, err
		}
	}
	server, err := startPostgres()
	if err == errNoPostgres {
		return r, nil
	}
	if err != nil {
		return nil, err
	}
	defer server.stop()
	return r, r.onPostgres(ctx, c, server, maria, dir)
}

func (r *rightsMeasured) onMariaDB(ctx context.Context, c config, server *mariadb) (err error) {
	dsn, err := server.database("shop")
	if err != nil {
		return err
	}
	r.mariadb, err = measureErased(ctx, c, newShop(true, c.part), "MariaDB", dsn)
	return err
}

func (r *rightsMeasured) onPostgres(ctx context.Context, c config, server *postgres, maria *mariadb, dir string) error {
	dsn, drop, err := server.database(ctx)
	if err != nil {
		return err
	}
	defer drop()
	s := newShop(false, c.part)
	if r.postgres, err = measureErased(ctx, c, s, "PostgreSQL", dsn); err != nil {
		return err
	}
	if maria != nil {
		if err := r.overThree(ctx, c, s, dsn, maria, dir); err != nil {
			return err
		}
	}
	r.memory, err = measureMemory(ctx, c, dsn, dir)
	return err
}

func (r *rightsMeasured) overThree(ctx context.Context, c config, s *shop, dsn string, maria *mariadb, dir string) error {
	crm, err := maria.database("crm")
	if err != nil {
		return err
	}
	t, err := openThree(ctx, c, s, dsn, crm, dir)
	defer t.close()
	if err == nil {
		r.accessed, err = measureAccessed(ctx, c, t)
	}
	return err
}

func (r *records) writeRights(w io.Writer) {
	fmt.Fprint(w, "## Rights in databases of others\n\n")
	for _, e := range []*erased{r.rights.postgres, r.rights.mariadb} {
		if e != nil {
			e.write(w)
		}
	}
	if r.rights.postgres == nil {
		fmt.Fprint(w, "Not measured on PostgreSQL: none is installed here.\n\n")
	}
	if r.rights.mariadb == nil {
		fmt.Fprint(w, "Not measured on MariaDB: none is installed here.\n\n")
	}
	if a := r.rights.accessed; a != nil {
		a.write(w)
	}
	if m := r.rights.memory; m != nil {
		m.write(w)
	}
}

func (e *erased) write(w io.Writer) {
	fmt.Fprintf(w, "### Erasing %d people from a shop of %d rows on %s\n\nFour tables: customers, who are masked; their orders and the lines of those, which are deleted; messages, which are the sender's and the recipient's and go with the last of the two. "+
		"Everybody is erased once, other people in every round. What is to become of which row was looked up before, and was so afterwards, whoever did it. "+
		"*By hand* is a temporary table of their ids and seven statements that join it, in one transaction. *avow* finds them by their addresses, plans, and runs the plan; *checked* reads all of it again and looks once more whether anything is found. CPU is this program's, without the database's.\n\n", e.people, e.rows, e.product)
	fmt.Fprintln(w, "| | people at once | ms a person | CPU µs a person | times by hand |\n|---|--:|--:|--:|--:|")
	for _, l := range []struct {
		name string
		lane *lane
		n    int
	}{{"by hand, set-based, one transaction", e.hand, e.people}, {"avow: found, planned, run", e.avow, e.people}, {"avow: found, planned, run, checked", e.checked, e.people},
		{"for contrast: by hand, a transaction a person", e.person, e.alone}, {"for contrast: by hand, a statement and a transaction a row", e.eachRow, e.byRow}} {
		fmt.Fprintf(w, "| %s | %d | %.3f | %.0f | %.2f |\n", l.name, l.n, 1000/l.lane.perSecond(), l.lane.cpu(), e.hand.of(l.lane))
	}
	fmt.Fprintf(w, "\nA sweep of every text in all %d rows for what those %d are known by, once: %v.\n\n", e.sweptRows, e.people, e.swept.Round(10e6))
}

func (a *accessed) write(w io.Writer) {
	fmt.Fprintf(w, "### Showing one person what three systems hold\n\nThe shop on PostgreSQL, a register of contacts on MariaDB, one of members on SQLite; %d people a round, one after the other, %.0f records each. *Bare* is the queries that somebody would write who knows the systems, "+
		"with the same drivers and connections that stay open, all systems at the same time; what they give is read and thrown away. *avow* finds the rows and gives out each as the person is shown it.\n\n", a.people, a.records)
	fmt.Fprintln(w, "| | ms a person | CPU µs a person | times bare |\n|---|--:|--:|--:|")
	for _, l := range []struct {
		name string
		lane *lane
	}{{"bare queries", a.bare}, {"avow", a.avow}} {
		fmt.Fprintf(w, "| %s | %.3f | %.0f | %.2f |\n", l.name, 1000/l.lane.perSecond(), l.lane.cpu(), a.bare.of(l.lane))
	}
	fmt.Fprintln(w)
}

func (r *rightsMeasured) writeAims(w io.Writer) {
	for _, e := range []*erased{r.postgres, r.mariadb} {
		if e != nil {
			aim(w, fmt.Sprintf("%s, erasing %d people: at most 1.5 times the SQL by hand", e.product, e.people), e.hand.of(e.avow), 1.5, false, "%.2f times")
			aim(w, fmt.Sprintf("%s, the same with the check: at most 3 times", e.product), e.hand.of(e.checked), 3, false, "%.2f times")
		}
	}
	if a := r.accessed; a != nil {
		aim(w, "access over three systems: at most twice the bare queries", a.bare.of(a.avow), 2, false, "%.2f times")
	}
	if m := r.memory; m != nil {
		aim(w, fmt.Sprintf("access to %d rows of one person: at most 100 MB in memory", m.rows), float64(m.peak)/1e6, 100, false, "%.1f MB")
	}
}
