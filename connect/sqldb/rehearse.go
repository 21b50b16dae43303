package sqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
)

// What is tried holds locks until it is taken back: so it is little, and not for long.
const (
	mostTries  = 200              // statements that are refused, of one change
	mostEnds   = 50               // statements that end the transaction
	longestTry = 10 * time.Second // the whole of it
	triesAgain = 2                // when others are in the way
)

// rehearser is what differs between the databases there.
type rehearser interface {
	// brief makes a connection wait for others no longer than a second, and no statement of
	// it run for long; briefIn does it for a transaction.
	brief(ctx context.Context, conn *sql.Conn) error
	briefIn(ctx context.Context, tx asker) error
	// programs reads what the triggers of the database do, and what of it nobody takes back.
	programs(ctx context.Context, db asker) (*programs, error)
	// atEnd has the database judge now what it would judge at the end of the transaction.
	atEnd(ctx context.Context, tx asker) error
	// refuser reads what an error says of what refused.
	refuser(err error) refuser
}

// refuser is what an error says of what refused a change.
type refuser struct {
	name      string // of a constraint or an index
	reference bool   // which is a foreign key
	security  bool   // row security does
	raised    bool   // a trigger said so on purpose
	function  string // that the trigger runs
}

// Rehearse sends the very statements of Change, and takes everything back.
func (s *source) Rehearse(ctx context.Context, changes []connect.Change) (connect.Rehearsed, error) {
	works, err := s.works(ctx, changes)
	if err != nil {
		return connect.Rehearsed{}, err
	}
	rows := 0
	for _, w := range works {
		rows += len(w.keys.tuples)
	}
	if rows > connect.MostRehearsed {
		return connect.Rehearsed{Unsure: fmt.Sprintf("more than %d rows are not tried beforehand", connect.MostRehearsed)}, nil
	}
	p, err := s.allPrograms(ctx)
	if err != nil {
		return connect.Rehearsed{}, err
	}
	if why := p.outside(works); why != "" {
		return connect.Rehearsed{Unsure: why}, nil
	}
	r := newRehearsal(s, works, p)
	err = r.run(ctx)
	if err == nil {
		return connect.Rehearsed{Objections: r.objections()}, nil
	}
	if ctx.Err() != nil {
		return connect.Rehearsed{}, s.fault(ctx, "trying a change", err)
	}
	return connect.Rehearsed{Unsure: "it could not be tried beforehand: " + r.why(err)}, nil
}

// rehearsal is one step while it is tried.
type rehearsal struct {
	*source
	works    []*work
	programs *programs
	found    []map[int]finding // of each change, by the row
	gone     []map[int]finding // what ended the transaction, and is left out from the start
	portions [][][]int         // rows of each change that are tried together
	ends     int               // how often a transaction was ended
	tries    []int             // statements of each change that were refused
	depth    int
}

func newRehearsal(s *source, works []*work, p *programs) *rehearsal {
	r := &rehearsal{source: s, works: works, programs: p}
	for _, w := range works {
		r.gone = append(r.gone, map[int]finding{})
		r.portions = append(r.portions, [][]int{all(len(w.keys.tuples))})
	}
	return r
}

// finding is what keeps a row from being changed.
type finding struct {
	rule      string
	columns   []string
	reference bool // a foreign key refuses it
	whole     bool // whatever would be written
}

var (
	errGone = errors.New("the transaction was ended by what refused it")
	errEnd  = errors.New("what is judged at the end of the transaction refuses it")
)

// run tries until nobody is in the way any more, for a while.
func (r *rehearsal) run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, longestTry)
	defer cancel()
	for waited := 0; ; {
		err := r.once(ctx)
		if err != nil && ctx.Err() != nil {
			return ctx.Err()
		}
		switch {
		case errors.Is(err, errGone) && r.ends < mostEnds+len(r.works):
		case err != nil && r.dialect.fault(err).attempts() > 1 && waited < triesAgain:
			if waited++; !wait(ctx, waited) {
				return err
			}
		default:
			return err
		}
	}
}

// why says for people why something could not be tried.
func (r *rehearsal) why(err error) string {
	switch {
	case errors.Is(err, errGone), errors.Is(err, errEnd):
		return err.Error()
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Sprintf("it takes longer than %d seconds", longestTry/time.Second)
	}
	what := r.dialect.fault(err).what
	if strings.HasPrefix(what, "it took longer") { // than statements may elsewhere
		return "a statement of it takes longer than 5 seconds"
	}
	return what
}

// once tries everything in a connection of its own, which is closed then: whatever a
// trigger leaves in a session goes with it.
func (r *rehearsal) once(ctx context.Context) error {
	r.found, r.tries = make([]map[int]finding, len(r.works)), make([]int, len(r.works))
	for i := range r.found {
		r.found[i] = maps.Clone(r.gone[i])
	}
	conn, err := r.writes.Conn(ctx)
	if err != nil {
		return err
	}
	defer discard(conn)
	if err := r.dialect.(rehearser).brief(ctx, conn); err != nil {
		return err
	}
	tx, err := conn.BeginTx(ctx, &sql.TxOptions{Isolation: r.isolation(r.works)})
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if err := r.dialect.(rehearser).briefIn(ctx, tx); err != nil {
		return err
	}
	if err := r.deferred(ctx, tx, r.works); err != nil {
		return err
	}
	for i, w := range r.works {
		if w.nothing() {
			continue
		}
		for _, portion := range r.portions[i] {
			if err := r.try(ctx, tx, i, r.left(i, portion)); err != nil {
				return err
			}
		}
	}
	return r.end(ctx, tx)
}

// discard closes a connection instead of giving it back.
func discard(conn *sql.Conn) {
	conn.Raw(func(any) error { return driver.ErrBadConn })
	conn.Close()
}

// left are those of some rows of which nothing was found yet.
func (r *rehearsal) left(i int, rows []int) []int {
	return slices.DeleteFunc(slices.Clone(rows), func(row int) bool { _, ok := r.found[i][row]; return ok })
}

// try changes some rows of a change. When that is refused it tries the halves of them, so
// that in the end all are changed but those that cannot be.
func (r *rehearsal) try(ctx context.Context, tx *sql.Tx, i int, rows []int) error {
	if len(rows) == 0 {
		return nil
	}
	r.depth++
	defer func() { r.depth-- }()
	point := fmt.Sprintf("avow_%d", r.depth)
	if _, err := tx.ExecContext(ctx, "SAVEPOINT "+point); err != nil {
		return err
	}
	refused := r.do(ctx, tx, i, rows)
	if refused != nil {
		if ctx.Err() != nil || r.dialect.fault(refused).kind == avow.Unavailable {
			return refused
		}
		// Where the transaction is gone nothing more may be sent: it would be kept.
		if _, err := tx.ExecContext(ctx, "ROLLBACK TO SAVEPOINT "+point); err != nil {
			r.ended(i, rows, r.finding(i, refused))
			return errGone
		}
	}
	if _, err := tx.ExecContext(ctx, "RELEASE SAVEPOINT "+point); err != nil {
		return err
	}
	if refused == nil {
		return nil
	}
	if r.tries[i]++; len(rows) == 1 || r.tries[i] > mostTries {
		r.note(i, rows, r.finding(i, refused))
		return nil
	}
	if err := r.try(ctx, tx, i, rows[:len(rows)/2]); err != nil {
		return err
	}
	return r.try(ctx, tx, i, rows[len(rows)/2:])
}
