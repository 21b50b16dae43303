// Command avow is the door: the command line, its configuration, and the wiring
// of the rooms.
//
// What stays true: a command is a file of its own and one line in commands; what a
// command reads is bounded; an exit status means the same in all of them.
//
// What it never does: decide what a policy means or whether a use is allowed. That
// is said by the rooms it opens.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"reflect"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/avowhq/avow"
)

// commands is what can be typed, a line each.
type commands struct {
	Check   checkCommand   `cmd:"" group:"policy" help:"Say everything that is wrong with policy files."`
	Diff    diffCommand    `cmd:"" group:"policy" help:"Say what changed between two versions, and what each change does to the promise."`
	Fmt     fmtCommand     `cmd:"" group:"policy" help:"Lay policy files out in the one usual way."`
	Notice  noticeCommand  `cmd:"" group:"policy" help:"Make the notice people read, or the record of processing activities."`
	Test    testCommand    `cmd:"" group:"policy" help:"Run the decision tests written beside policies."`
	Schema  schemaCommand  `cmd:"" group:"policy" help:"Print the JSON Schema of the language, for editors."`
	Law     lawCommands    `cmd:"" group:"policy" help:"What the laws ask: until when a request must be answered."`
	Map     mapCommands    `cmd:"" group:"rights" help:"The files that say where personal data stands: check, draft, import."`
	Drift   driftCommand   `cmd:"" group:"rights" help:"Find personal data in the systems that no file declares."`
	Rights  rightsCommands `cmd:"" group:"rights" help:"Answer people in the systems where their data stands: access, erase, rectify, restrict."`
	Retain  retainCommands `cmd:"" group:"rights" help:"End what was kept long enough, and hold what must not end."`
	Demo    demoCommand    `cmd:"" group:"server" help:"Start a complete fictional organisation on this machine."`
	Serve   serveCommand   `cmd:"" group:"server" help:"Keep the published policies: notice, forms, decisions, privacy centre."`
	Publish publishCommand `cmd:"" group:"server" help:"Make a policy file the version that holds, after showing what it changes."`
	Token   tokenCommand   `cmd:"" group:"server" help:"Make a token for a program that asks for decisions."`
	Import  importCommands `cmd:"" group:"server" help:"Bring in people who were known before, with their consents and the evidence."`
	People  peopleCommands `cmd:"" group:"server" help:"Merge two people whom staff found to be one, or undo it."`
	Work    workCommands   `cmd:"" group:"server" help:"Look after what follows from events and what is due by the clock."`
	Log     logCommands    `cmd:"" group:"records" help:"The log's key and checkpoint, and the whole of it for an auditor."`
	Keys    keysCommands   `cmd:"" group:"records" help:"Change the organisation's key, and end old ones."`
	Audit   auditCommand   `cmd:"" group:"records" help:"Hold everything that is recorded against itself, and name what is wrong."`
	Verify  verifyCommand  `cmd:"" group:"records" help:"Check a receipt or a log as an outsider, without trusting who keeps it."`
	Backup  backupCommand  `cmd:"" group:"records" help:"Copy what is kept, while servers go on."`
	Restore restoreCommand `cmd:"" group:"records" help:"Put a backup in the place of what is kept. Who was erased since stays erased."`
	Version versionCommand `cmd:"" group:"other" help:"Print the version of avow."`
}

const about = `avow turns a privacy policy into a program: one file says what is promised about personal data, and avow checks it, publishes it and keeps it.

Exit status: 0 all is well; 1 something is wrong, and the message says what; 2 there are warnings, and --strict was given; 64 the command line cannot be understood; 70 the fault is avow's.`

// terminal is what a command reads from and writes to.
type terminal struct {
	in       io.Reader
	out, err io.Writer
}

func main() {
	// We log by slog. What others write into Go's own log may repeat what a system sent: net/http does so.
	log.SetOutput(io.Discard)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], &terminal{os.Stdin, os.Stdout, os.Stderr})
	stop()
	os.Exit(code)
}

// run carries out one command line and gives its exit status.
func run(ctx context.Context, args []string, t *terminal) int {
	parser, err := kong.New(grammar(args),
		kong.Name("avow"), kong.Description(about),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, FlagsLast: true}),
		kong.ExplicitGroups([]kong.Group{{Key: "policy", Title: "The policy file"}, {Key: "rights", Title: "What people ask"}, {Key: "server", Title: "The server"}, {Key: "records", Title: "The records"}, {Key: "other", Title: "Other"}}),
		kong.Writers(t.out, t.err), kong.Configuration(readYAML),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(t))
	if err != nil {
		fmt.Fprintln(t.err, "avow:", err)
		return exitInternal
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	command, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(t.err, "avow: %v\nTry `avow --help`.\n", err)
		return exitUsage
	}
	return t.report(command.Run())
}

// grammar is the command that was typed, by itself where it can be told: reading what all of
// them take is a tenth of what a server needs to begin.
func grammar(args []string) any {
	if len(args) > 0 {
		for field := range reflect.TypeFor[commands]().Fields() {
			if strings.ToLower(field.Name) == args[0] {
				return reflect.New(reflect.StructOf([]reflect.StructField{field})).Interface()
			}
		}
	}
	return new(commands)
}

// The exit statuses. Those from 64 on are the ones of BSD's sysexits.
const (
	exitFine     = 0
	exitWrong    = 1
	exitWarnings = 2
	exitUsage    = 64
	exitInternal = 70
)

// outcome ends a command whose findings have been written already.
type outcome int

func (o outcome) Error() string { return fmt.Sprintf("exit status %d", int(o)) }

// report writes an error and maps it to an exit status.
func (t *terminal) report(err error) int {
	var done outcome
	switch {
	case err == nil:
		return exitFine
	case errors.As(err, &done):
		return int(done)
	}
	fmt.Fprintln(t.err, "avow:", err)
	if avow.KindOf(err) == avow.Internal {
		return exitInternal
	}
	return exitWrong
}

// writeJSON writes for scripts and for eyes.
func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}
