package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"
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

// measureMemory has the program make a package, written to a folder as somebody is handed it.
func measureMemory(ctx context.Context, c config, dsn, dir string) (*memory, error) {
	m := &memory{rows: c.share(ofOnePerson)}
	if err := m.fill(ctx, dsn); err != nil {
		return nil, err
	}
	folder := filepath.Join(dir, "town")
	for name, text := range map[string]string{"policy.yaml": rightsPolicy, "systems/town.yaml": crowdMap} {
		file := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			return nil, err
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	var err error
	if m.idle, m.took1, err = m.access(c, folder, dsn, "bob@x.example"); err != nil {
		return nil, err
	}
	if m.peak, m.took, err = m.access(c, folder, dsn, "ann@x.example"); err != nil {
		return nil, err
	}
	m.size, err = sizeOf(filepath.Join(folder, "ann@x.example"))
	if err == nil && m.size < int64(m.rows)*50 {
		err = fmt.Errorf("a package of %d records is only %d bytes", m.rows, m.size)
	}
	return m, err
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

// access runs the program and looks how much it has in memory at most, until it ends.
func (m *memory) access(c config, folder, dsn, address string) (peak int64, took time.Duration, err error) {
	cmd := exec.Command(c.binary, "rights", "access", "--policy", filepath.Join(folder, "policy.yaml"), "--identity", "email="+address,
		"--out", filepath.Join(folder, address), "--data", dataOf(folder), "--keys", keysOf(folder), "--because", "measured")
	cmd.Env = append(os.Environ(), "AVOW_BENCH_TOWN="+dsn)
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
				err = fmt.Errorf("%s rights access: %w: %s", c.binary, err, said.Bytes())
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
	fmt.Fprintf(w, "### Very many rows of one person\n\n`avow rights access`, as `make build` makes it, with a package written to a folder: a page, JSON and CSV, for somebody with %d rows on PostgreSQL; beside it for somebody with one. Memory is the most that was resident (VmHWM).\n\n", m.rows)
	fmt.Fprintln(w, "| rows | in memory at most | took | bytes written |\n|--:|--:|--:|--:|")
	fmt.Fprintf(w, "| %d | %s | %s | %s |\n| 1 | %s | %s | |\n\n", m.rows, mega(m.peak), milli(m.took), mega(m.size), mega(m.idle), milli(m.took1))
}
