package files

import (
	"context"
	"io"
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

// look finds the columns of the first file of a table.
func (s *source) look(ctx context.Context, k kind, t *connect.Table) error {
	names, _, err := s.matching(ctx, t.Name)
	if err != nil {
		return err
	}
	f, err := s.at.open(ctx, names[0])
	if err != nil {
		return s.failed(ctx, names[0], err)
	}
	defer f.Close()
	pieces := newScanner(k, names[0], f)
	var rows int64
	for range sampled {
		e, err := pieces.next()
		if err == io.EOF && len(names) == 1 {
			t.Rows = rows
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return s.failed(ctx, names[0], err)
		}
		if e.row != nil {
			rows++
		}
		if j, ok := e.row.(*jsonRow); ok {
			j.s.look("", map[string]any(j.doc))
		}
	}
	t.Columns = pieces.columns()
	if len(names) > 1 {
		t.Columns = append(t.Columns, connect.Column{Name: "file", Type: "text", Kind: connect.TextKind, Generated: true})
	}
	return nil
}
