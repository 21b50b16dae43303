package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/open"
	"github.com/avowhq/avow/datamap"
	"github.com/avowhq/avow/datamap/draft"
	"github.com/avowhq/avow/datamap/plan"
	"github.com/avowhq/avow/policy"
)

// mapCommands are about the files that say where personal data stands.
type mapCommands struct {
	Check  mapCheckCommand  `cmd:"" help:"Hold the files of systems against the living systems."`
	Draft  mapDraftCommand  `cmd:"" help:"Write the file of a system from a living database."`
	Import mapImportCommand `cmd:"" name:"import-fides" help:"Make files of systems from Fides datasets."`
}

// mapCheckCommand checks a map against what is really there.
type mapCheckCommand struct {
	folder `embed:""`
	JSON   bool `name:"json" help:"Write a JSON array of what was found."`
	Strict bool `help:"End with status 2 when warnings are left."`
}

// Help is shown by avow map check --help.
func (c *mapCheckCommand) Help() string {
	return `Reads the schema of every system and asks it what its own rules take, and reads nothing else of it: tables and columns that are not there, types that do not fit, personal columns nothing leads to, rules of erasing that the database would refuse, grants that are missing.

    avow map check --policy policy.yaml`
}

// Run checks.
func (c *mapCheckCommand) Run(ctx context.Context, t *terminal) error {
	written, err := c.readMap(t)
	if err != nil {
		return err
	}
	m := c.openSystems(ctx, written)
	defer m.close()
	found := &findings{}
	if found.problems, err = c.check(ctx, written, m); err != nil {
		return err
	}
	if c.JSON {
		if err := found.json(t); err != nil {
			return err
		}
	} else {
		for _, p := range found.problems {
			fmt.Fprintln(t.out, p)
		}
	}
	found.failed = m.unseen(t.err, "NOT CHECKED")
	errors, warnings := count(found.problems)
	fmt.Fprintf(t.err, "%s: %s\n", plural(len(m.schemas), "system"), summary(errors, warnings))
	return found.outcome(c.Strict)
}

// check is all that is wrong. A map that cannot be completed is not tried in the systems.
func (c *mapCheckCommand) check(ctx context.Context, written *datamap.Map, open *mapped) (policy.Problems, error) {
	whole, err := written.Complete(open.facts())
	var wrong policy.Problems
	if errors.As(err, &wrong) {
		return c.live(written, open), nil
	}
	if err != nil {
		return nil, err
	}
	refused, err := plan.CheckRules(ctx, whole.Graph().Map, open.schemas, open.sources)
	if err != nil {
		return nil, err
	}
	return c.live(whole, open, refused...), nil
}

// mapDraftCommand drafts the file of a system.
type mapDraftCommand struct {
	From    string   `arg:"" name:"dsn" help:"The system: a connection string, a database file, or env:NAME for a variable that holds it."`
	Policy  string   `help:"The policy whose data is looked for." default:"policy.yaml" placeholder:"FILE"`
	System  string   `help:"What the system is called. Without it the database's name." placeholder:"NAME"`
	Kind    string   `help:"postgresql, mysql, sqlite, mongodb or files. Without it, as the connection string says." placeholder:"KIND"`
	Schema  string   `help:"The schema of tables whose names have none." placeholder:"NAME"`
	Out     string   `short:"o" help:"Write the file there instead of printing it. A file that is there is left alone." placeholder:"FILE"`
	Sample  int      `help:"How many rows of each table are looked at." default:"200"`
	JSON    bool     `name:"json" help:"Write what was judged of every column, and why, as JSON instead of the file."`
	Inside  []string `help:"A host or network inside that services and buckets may be reached at, and databases without TLS." placeholder:"HOST"`
	Verbose bool     `short:"v" help:"Say why of each column."`
}

// Help is shown by avow map draft --help.
func (c *mapDraftCommand) Help() string {
	return `Reads the schema and a few rows of each table, judges what is personal and of whom, and writes the file of the system. What is not sure stands in it as a comment, for you to decide. No value that was read is printed, written or kept.

    avow map draft postgres://reader@db.example/shop -o systems/shop.yaml
    avow map draft env:SHOP_DSN --json

Keep the password out of the command line: put the connection string into a variable and name that.`
}

// Run drafts.
func (c *mapDraftCommand) Run(ctx context.Context, t *terminal) error {
	l, err := t.load(c.Policy, nil)
	if err != nil {
		return err
	}
	p, err := l.must(t)
	if err != nil {
		return err
	}
	if c.Out != "" {
		if _, err := os.Stat(c.Out); err == nil {
			return avow.Errorf(avow.Conflict, "%s is there already; name another file, or move it away", c.Out)
		}
	}
	src, o, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer src.Close()
	r, err := draft.Draft(ctx, p, src, o)
	if err != nil {
		return err
	}
	return c.write(t, r)
}

// open opens what is to be drafted, and says how its file is to name it.
func (c *mapDraftCommand) open(ctx context.Context) (connect.Source, draft.Options, error) {
	secret, credentials := c.From, ""
	if scheme, name, ok := strings.Cut(c.From, ":"); ok && (scheme == "env" || scheme == "file" && !strings.HasPrefix(name, "//") && c.Kind != string(datamap.SQLite) && !isSQLite(c.From)) {
		var err error
		if secret, err = open.Secret(scheme, name, "", os.Getenv); err != nil {
			return nil, draft.Options{}, err
		}
		credentials = c.From
	}
	kind := c.Kind
	if kind == "" {
		kind = kindOf(secret)
	}
	if kind == "" {
		return nil, draft.Options{}, avow.FieldErrorf("--kind", "the connection string does not say what it is; say postgresql, mysql, sqlite, mongodb or files")
	}
	name := c.System
	if name == "" {
		name = nameOf(secret, kind)
	}
	config := connect.Config{System: name, Kind: kind, Secret: secret, Within: c.Schema, ReadOnly: true, Folder: ".", Files: os.DirFS("."), Allow: c.Inside}
	if kind == string(datamap.Files) {
		config.At, config.Secret = secret, ""
	}
	src, err := open.Source(ctx, config)
	return src, draft.Options{System: name, Kind: datamap.Kind(kind), Credentials: credentials, At: config.At, Sample: c.Sample}, err
}

var mysqlForm = regexp.MustCompile(`^[^/@]*(:[^@]*)?@(tcp|unix)?\(`)

// kindOf says what a connection string is for.
func kindOf(dsn string) string {
	switch {
	case strings.HasPrefix(dsn, "postgres://"), strings.HasPrefix(dsn, "postgresql://"), strings.Contains(dsn, "host=") && strings.Contains(dsn, "="):
		return string(datamap.PostgreSQL)
	case strings.HasPrefix(dsn, "mysql://"), strings.HasPrefix(dsn, "mariadb://"), mysqlForm.MatchString(dsn):
		return string(datamap.MySQL)
	case strings.HasPrefix(dsn, "mongodb://"), strings.HasPrefix(dsn, "mongodb+srv://"):
		return string(datamap.MongoDB)
	case isSQLite(dsn):
		return string(datamap.SQLite)
	}
	if info, err := os.Stat(dsn); err == nil && info.IsDir() {
		return string(datamap.Files)
	}
	return ""
}

// isSQLite reports whether a word names a SQLite database: by its ending, or by its first bytes.
func isSQLite(dsn string) bool {
	file := strings.TrimPrefix(strings.TrimPrefix(dsn, "sqlite://"), "file:")
	file, _, _ = strings.Cut(file, "?")
	switch strings.ToLower(filepath.Ext(file)) {
	case ".db", ".sqlite", ".sqlite3", ".db3":
		return true
	}
	f, err := os.Open(file)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, 15)
	_, err = io.ReadFull(f, head)
	return err == nil && string(head) == "SQLite format 3"
}

var unfit = regexp.MustCompile(`[^a-z0-9]+`)

// nameOf makes a name for a system of its database's.
func nameOf(dsn, kind string) string {
	path := dsn
	if u, err := url.Parse(dsn); err == nil && u.Host != "" {
		path = u.Path
	} else if _, after, ok := strings.Cut(dsn, ")/"); ok {
		path = after
	}
	path, _, _ = strings.Cut(path, "?")
	name := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	if name = strings.Trim(unfit.ReplaceAllString(strings.ToLower(name), "-"), "-"); name == "" {
		return kind
	}
	return name
}

// write prints the draft, or puts it into its file, and says what is left to decide.
func (c *mapDraftCommand) write(t *terminal, r *draft.Result) error {
	switch {
	case c.JSON:
		if err := writeJSON(t.out, r); err != nil {
			return err
		}
	case c.Out != "":
		if err := writeNew(c.Out, r.File); err != nil {
			return err
		}
	default:
		if _, err := t.out.Write(r.File); err != nil {
			return err
		}
	}
	if c.JSON {
		return nil
	}
	c.say(t.err, r)
	return nil
}

// writeNew writes a file that is not there yet.
func writeNew(name string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return avow.Errorf(avow.Invalid, "%s cannot be written: %w", name, err)
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return avow.Errorf(avow.Invalid, "%s cannot be written: %w", name, err)
	}
	if err := fill(f, content, 0o644); err != nil {
		return avow.Errorf(avow.Invalid, "%s cannot be written: %w", name, err)
	}
	return nil
}

// say tells what was found, and what a person has to decide.
func (c *mapDraftCommand) say(w io.Writer, r *draft.Result) {
	if c.Verbose {
		for _, f := range r.Columns {
			fmt.Fprintf(w, "%s.%s: %s, %s (%s)\n", f.Table, f.Column, f.What, f.Sure, strings.Join(f.Why, "; "))
		}
	}
	fmt.Fprintf(w, "%s personal, and %s without personal data.\n", are(len(r.Columns), "column"), plural(len(r.NotPersonal), "table"))
	for _, f := range r.Unsure {
		fmt.Fprintf(w, "DECIDE %s.%s: perhaps %s (%s)\n", f.Table, f.Column, f.What, strings.Join(f.Why, "; "))
	}
	for _, f := range r.Without {
		fmt.Fprintf(w, "DECIDE %s.%s: %s, and the policy has no such data\n", f.Table, f.Column, f.What)
	}
	for _, a := range r.Apart {
		fmt.Fprintf(w, "DECIDE %s: %s\n", a.Table, a.Why)
	}
	for _, u := range r.Unread {
		fmt.Fprintf(w, "NOT READ %s: %s\n", u.Table, u.Why)
	}
	for _, p := range r.Problems {
		fmt.Fprintln(w, p)
	}
}

func are(n int, what string) string {
	if n == 1 {
		return "1 " + what + " is"
	}
	return fmt.Sprintf("%d %ss are", n, what)
}

// mapImportCommand reads Fides datasets.
type mapImportCommand struct {
	Files  []string `arg:"" name:"file" help:"Files in the dataset format of Fides."`
	Policy string   `help:"The policy whose data the categories are turned into." default:"policy.yaml" placeholder:"FILE"`
	Out    string   `help:"The folder the files are written to. Without it they are printed." placeholder:"DIR"`
}

// Help is shown by avow map import-fides --help.
func (c *mapImportCommand) Help() string {
	return `Each dataset becomes the file of one system. Everything that cannot be carried over, and everything that had to be assumed, is said with its place.

    avow map import-fides .fides/*.yml --out systems/`
}

// Run imports.
func (c *mapImportCommand) Run(t *terminal) error {
	l, err := t.load(c.Policy, nil)
	if err != nil {
		return err
	}
	p, err := l.must(t)
	if err != nil {
		return err
	}
	var files []datamap.FidesFile
	for _, name := range c.Files {
		text, name, err := t.read(name)
		if err != nil {
			return err
		}
		files = append(files, datamap.FidesFile{Name: name, Text: text})
	}
	made, warnings, err := datamap.ImportFides(p, files...)
	for _, w := range warnings {
		fmt.Fprintln(t.err, w)
	}
	if wrong, ok := err.(policy.Problems); ok {
		for _, p := range wrong {
			fmt.Fprintln(t.err, p)
		}
		return outcome(exitWrong)
	}
	if err != nil {
		return err
	}
	return c.write(t, made)
}

func (c *mapImportCommand) write(t *terminal, made []datamap.Imported) error {
	for i, m := range made {
		if c.Out == "" {
			if i > 0 {
				fmt.Fprintln(t.out, "---")
			}
			if _, err := fmt.Fprintf(t.out, "# %s\n%s", m.File, m.Text); err != nil {
				return err
			}
			continue
		}
		file := filepath.Join(c.Out, filepath.Base(m.File))
		if err := writeNew(file, m.Text); err != nil {
			return err
		}
		fmt.Fprintln(t.out, file)
	}
	return nil
}
