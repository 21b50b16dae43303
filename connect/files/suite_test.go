package files_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/connecttest"
	"github.com/avowhq/avow/connect/files"
	"github.com/avowhq/avow/connect/files/s3test"
	"gocloud.dev/blob"
	"gocloud.dev/blob/memblob"
)

// named gives tables the names of files, which the suite does not know.
type named struct {
	connect.Source
	ext string
}

func (n named) Describe(ctx context.Context) (*connect.Schema, error) {
	s, err := n.Source.Describe(ctx)
	if err == nil {
		for i := range s.Tables {
			s.Tables[i].Name = strings.TrimSuffix(s.Tables[i].Name, n.ext)
		}
	}
	return s, err
}

func (n named) Read(ctx context.Context, r connect.Read, each func(connect.Row) error) error {
	r.Table += n.ext
	return n.Source.Read(ctx, r, each)
}

func (n named) with(changes []connect.Change) []connect.Change {
	out := append([]connect.Change(nil), changes...)
	for i := range out {
		out[i].Table += n.ext
		out[i].Unless = append([]connect.Exists(nil), out[i].Unless...)
		for j := range out[i].Unless {
			out[i].Unless[j].Table += n.ext
		}
	}
	return out
}

func (n named) Change(ctx context.Context, changes []connect.Change) ([]connect.Result, error) {
	return n.Source.Change(ctx, n.with(changes))
}

func (n named) Show(changes []connect.Change) ([]connect.Statement, error) {
	return n.Source.Show(n.with(changes))
}

func TestSuite(t *testing.T) {
	disk := func(tb testing.TB, contents map[string][]byte) connect.Source {
		dir := tb.TempDir()
		for name, text := range contents {
			if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
				tb.Fatal(err)
			}
		}
		s, err := files.Open(tb.Context(), connect.Config{System: "exports", Kind: "files", At: dir, Region: "GB"})
		if err != nil {
			tb.Fatal(err)
		}
		return s
	}
	memory := func(tb testing.TB, contents map[string][]byte) connect.Source {
		b := memblob.OpenBucket(nil)
		for name, text := range contents {
			if err := b.WriteAll(tb.Context(), name, text, &blob.WriterOptions{}); err != nil {
				tb.Fatal(err)
			}
		}
		return files.OpenBucket(connect.Config{System: "exports", Kind: "files", At: "mem://", Region: "GB"}, b)
	}
	server := s3test.Start(t)
	store := func(tb testing.TB, contents map[string][]byte) connect.Source {
		objects := map[string]string{}
		for name, text := range contents {
			objects[name] = string(text)
		}
		s, err := files.Open(tb.Context(), server.Bucket(tb, objects))
		if err != nil {
			tb.Fatal(err)
		}
		return s
	}
	system := func(name, ext string, write func(connecttest.Table) []byte, open func(testing.TB, map[string][]byte) connect.Source) connecttest.System {
		return connecttest.System{Name: name, NoTypes: true, NoNames: true, NoKeys: true, NoWriters: true, Make: func(tb testing.TB, tables ...connecttest.Table) connect.Source {
			contents := map[string][]byte{}
			for _, table := range tables {
				contents[table.Name+ext] = write(table)
			}
			s := open(tb, contents)
			tb.Cleanup(func() { s.Close() })
			return named{s, ext}
		}}
	}
	connecttest.Run(t,
		system("csv in a folder", ".csv", writeCSV, disk),
		system("jsonl in a folder", ".jsonl", writeJSON, disk),
		system("csv in a bucket", ".csv", writeCSV, memory),
		system("csv in a bucket of S3", ".csv", writeCSV, store),
		system("jsonl in a bucket of S3", ".jsonl", writeJSON, store))
}

func writeCSV(table connecttest.Table) []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	var names []string
	for _, c := range table.Columns {
		names = append(names, c.Name)
	}
	w.Write(names)
	for _, row := range table.Rows {
		var cells []string
		for _, v := range row {
			cells = append(cells, connect.Text(v))
		}
		w.Write(cells)
	}
	w.Flush()
	return b.Bytes()
}

func writeJSON(table connecttest.Table) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	for _, row := range table.Rows {
		d := map[string]any{}
		for i, c := range table.Columns {
			d[c.Name] = row[i]
		}
		e.Encode(d)
	}
	return b.Bytes()
}
