package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/datamap/find"
	"github.com/avowhq/avow/rights/pack"
)

// memory is what a package of very many records takes, made by the program itself.
type memory struct {
	rows        int
	peak, idle  int64 // bytes in memory at most: of that person, of somebody with one row
	took, took1 time.Duration
	size        int64 // bytes of the package
}

const ofOnePerson = 1_000_000

const crowdMap = `system: town
kind: postgresql
credentials: env:AVOW_BENCH_TOWN
tables:
  people:
    key: id
    identities: {email: email}
    relation: owns
    erase: clear
    columns: {email: contact.email}
  visits:
    key: id
    references: {who: {columns: who_id, to: people.id}}
    relation: owns
    erase: delete
    columns: {place: contact.address, said: messages.text}
`

// measureMemory has a process of its own make a package, written to a folder as somebody is handed it.
func measureMemory(ctx context.Context, c config, dsn, dir string) (*memory, error) {
	m := &memory{rows: c.share(ofOnePerson)}
	if err := m.fill(ctx, dsn); err != nil {
		return nil, err
	}
	var err error
	if m.idle, m.took1, err = m.access(dsn, dir, "bob@x.example"); err != nil {
		return nil, err
	}
	if m.peak, m.took, err = m.access(dsn, dir, "ann@x.example"); err != nil {
		return nil, err
	}
	m.size, err = sizeOf(filepath.Join(dir, "ann@x.example"))
	if err == nil && m.size < int64(m.rows)*50 {
		err = fmt.Errorf("a package of %d records is only %d bytes", m.rows, m.size)
	}
	return m, err
}

// packing names, in the environment of such a process, what it is to do.
const packing = "AVOW_BENCH_PACK"

// packed makes the package when this is such a process, and reports whether it is.
func packed() bool {
	args := strings.Split(os.Getenv(packing), "\n")
	if len(args) != 3 {
		return false
	}
	if err := packOne(context.Background(), args[0], args[1], args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return true
}

func packOne(ctx context.Context, dsn, folder, address string) error {
	debug.SetGCPercent(40) // as avow rights access does
	_, s, err := searchIn(ctx, map[string]connect.Config{"town": {Kind: "postgresql", Secret: dsn}}, map[string]string{"town": crowdMap}, find.Options{ToShow: true})
	if err != nil {
		return err
	}
	found, err := s.Find(ctx, []find.Person{{Identities: []find.Identity{{Kind: "email", Value: address}}}})
	if err != nil {
		return err
	}
	w, err := pack.New(pack.Options{Policy: s.Graph.Map.Policy, Made: today, Identities: []string{"email: " + address}, Temp: folder})
	if err != nil {
		return err
	}
	defer w.Close()
	if err := s.Export(ctx, found, 0, w.Add); err != nil {
		return err
	}
	return w.WriteFolder(filepath.Join(folder, address))
}

func (m *memory) fill(ctx context.Context, dsn string) error {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	for _, statement := range []string{
		"CREATE TABLE people (id bigint PRIMARY KEY, email text)", "INSERT INTO people VALUES (1, 'ann@x.example'), (2, 'bob@x.example')",
		"CREATE TABLE visits (id bigint PRIMARY KEY, who_id bigint, place text, said text)",
		fmt.Sprintf("INSERT INTO visits SELECT i, 1, 'a place with a name, no. ' || i, 'what was said there by somebody at the time' FROM generate_series(1, %d) AS i", m.rows),
		"CREATE INDEX ON visits (who_id)", "CREATE INDEX ON people (lower(email))", "ANALYZE visits", "ANALYZE people"} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
}

// access runs this program as such a process, and looks how much it has in memory at most, until it ends.
func (m *memory) access(dsn, folder, address string) (peak int64, took time.Duration, err error) {
	program, err := os.Executable()
	if err != nil {
		return 0, 0, err
	}
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), packing+"="+strings.Join([]string{dsn, folder, address}, "\n"))
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = io.Discard, &said
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, 0, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		select {
		case err := <-ended:
			if err != nil {
				err = fmt.Errorf("making a package: %w: %s", err, said.Bytes())
			}
			return peak, time.Since(began), err
		case <-time.After(5 * time.Millisecond):
			if now, err := memoryOf(cmd.Process.Pid, "VmHWM:"); err == nil {
				peak = max(peak, now)
			}
		}
	}
}

func sizeOf(folder string) (n int64, err error) {
	err = filepath.WalkDir(folder, func(_ string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			n += info.Size()
		}
		return err
	})
	return n, err
}

func (m *memory) write(w io.Writer) {
	fmt.Fprintf(w, "### Very many rows of one person\n\nA process of its own finds the rows, shows them, and writes the package to a folder: a page, JSON and CSV, for somebody with %d rows on PostgreSQL; beside it for somebody with one, which is what such a process takes anyway. Memory is the most that was resident (VmHWM).\n\n", m.rows)
	fmt.Fprintln(w, "| rows | in memory at most | took | bytes written |\n|--:|--:|--:|--:|")
	fmt.Fprintf(w, "| %d | %s | %s | %s |\n| 1 | %s | %s | |\n\n", m.rows, mega(m.peak), milli(m.took), mega(m.size), mega(m.idle), milli(m.took1))
}
