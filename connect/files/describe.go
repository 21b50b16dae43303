package files

import (
	"context"
	"fmt"
	"io"
	"math"
	"path"
	"slices"
	"strings"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
)

const (
	sampled     = 500  // rows of a file that are looked at for its columns
	mostTables  = 1000 // of one folder
	removeWhole = "a message is only removed as a whole; write `erase: delete`"
)

// Describe implements connect.Source. Each file is a table, and each maildir; nothing says that rows
// of a CSV or JSONL file have a key, so that one must be declared before they can be changed.
func (s *source) Describe(ctx context.Context) (*connect.Schema, error) {
	var names []string
	err := s.at.list(ctx, "", func(name string) error {
		dir, box := path.Split(path.Dir(name))
		switch {
		case kindName(name) != "":
			names = append(names, name)
		case (box == "cur" || box == "new") && dir != "":
			names = append(names, strings.TrimSuffix(dir, "/"))
		}
		return nil
	})
	if err != nil {
		return nil, s.failed(ctx, "", err)
	}
	for _, table := range s.config.Tables {
		// A maildir is one without a message, too.
		if found, k, err := s.matching(ctx, table); err == nil && (len(found) > 0 || k == maildir) {
			names = append(slices.DeleteFunc(names, func(n string) bool { return n != table && slices.Contains(found, n) }), table)
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	out := &connect.Schema{Product: "files"}
	keeps := ""
	if b, ok := s.at.(*bucket); ok && b.keeps != nil && len(names) > 0 {
		keeps = b.keeps(ctx)
	}
	for _, name := range names[:min(len(names), mostTables)] {
		t, err := s.describe(ctx, name)
		if err != nil {
			return nil, err
		}
		if keeps != "" {
			t.Lacks[connect.OpUpdate], t.Lacks[connect.OpDelete] = keeps, keeps
		}
		out.Tables = append(out.Tables, t)
	}
	return out, nil
}

func (s *source) describe(ctx context.Context, name string) (connect.Table, error) {
	t := connect.Table{Name: name, Rows: -1, Lacks: map[connect.Op]string{}}
	k, _ := kindOf(name)
	if k == maildir {
		t.Columns, t.Key = mailColumns(), []string{"id"}
	} else if err := s.look(ctx, k, &t); avow.KindOf(err) == avow.Invalid && !slices.Contains(s.config.Tables, name) {
		t.Columns, t.Lacks[connect.OpRead] = nil, avow.MessageOf(err) // a file that nobody mapped keeps no other from being read
	} else if err != nil {
		return t, err
	}
	if k == mbox {
		t.Key = []string{"id"}
	}
	if k == mbox || k == maildir {
		t.Lacks[connect.OpUpdate] = removeWhole
	}
	grant, err := s.grant(ctx, k, name)
	if err != nil {
		return t, err
	}
	if grant != "" {
		t.Lacks[connect.OpUpdate], t.Lacks[connect.OpDelete] = grant, grant
	}
	return t, nil
}

// grant is what is missing for the files of a table to be changed.
func (s *source) grant(ctx context.Context, k kind, table string) (string, error) {
	if k == maildir {
		return s.at.lacks(table + "/cur/x"), nil // its files are removed, and no other comes in their place
	}
	names, _, err := s.matching(ctx, table)
	for _, name := range names {
		if grant := s.at.lacks(name); grant != "" {
			return grant, nil
		}
	}
	return "", err
}

// look finds the columns of a table. Where the map has it, each of its files is asked, and documents are read to the end: what is shown
// to people are the fields found here, and one that only a late document has is theirs too.
func (s *source) look(ctx context.Context, k kind, t *connect.Table) error {
	names, _, err := s.matching(ctx, t.Name)
	if err != nil {
		return err
	}
	several, mapped := len(names) > 1, slices.Contains(s.config.Tables, t.Name)
	if !mapped {
		names = names[:1:1]
	}
	fields := shape{}
	for _, name := range names {
		most := sampled
		if mapped && k == jsonLines {
			most = math.MaxInt
		}
		rows, columns, err := s.lookInto(ctx, k, name, most, fields)
		if err != nil {
			return err
		}
		if !several {
			t.Rows = rows
		}
		for _, c := range columns {
			if in := t.Column(c.Name); in == nil {
				t.Columns = append(t.Columns, c)
			} else if k == jsonLines {
				*in = c // what it mostly is in all files
			}
		}
	}
	if len(fields) == mostOuter {
		t.Hides = fmt.Sprintf("its documents have more than %d different fields, of which not all are shown", mostOuter)
	}
	if several {
		t.Columns = append(t.Columns, connect.Column{Name: "file", Type: "text", Kind: connect.TextKind, Generated: true})
	}
	return nil
}

// lookInto finds the columns of one file, with those of documents looked at before, and how many rows it has; -1 when there are more.
func (s *source) lookInto(ctx context.Context, k kind, name string, most int, fields shape) (int64, []connect.Column, error) {
	f, err := s.at.open(ctx, name)
	if err != nil {
		return 0, nil, s.failed(ctx, name, err)
	}
	defer f.Close()
	pieces := newScanner(k, name, f)
	documents, _ := pieces.(*jsonScanner)
	if documents != nil {
		documents.fields = fields
	}
	var rows int64
	for range most {
		if ctx.Err() != nil {
			return 0, nil, s.failed(ctx, name, ctx.Err())
		}
		e, err := pieces.next()
		if err == io.EOF {
			return rows, pieces.columns(), nil
		}
		if err != nil {
			return 0, nil, s.failed(ctx, name, err)
		}
		if e.row != nil {
			rows++
		}
		if documents != nil && e.row != nil {
			fields.look("", map[string]any(e.row.(*jsonRow).doc))
		}
	}
	return -1, pieces.columns(), nil
}
