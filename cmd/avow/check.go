package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/avowhq/avow/policy"
)

type checkCommand struct {
	Files  []string `arg:"" name:"file" help:"Policy files; - is the standard input."`
	After  []string `help:"Earlier versions of the policy, oldest first: names that end or are renamed are looked up there." sep:"none" placeholder:"FILE"`
	Strict bool     `help:"Treat what a law demands as an error, and end with status 2 when warnings are left."`
	JSON   bool     `help:"Write a JSON array of what was found." name:"json"`
	Pretty *bool    `help:"Show the line each remark is about. The default on a terminal." negatable:""`
}

// Help is shown by avow check --help.
func (c *checkCommand) Help() string {
	return `Every error and warning is reported at once, sorted by its place:

    policy.yaml:29:30: error: unknown field ` + "`contact.emial`" + `; did you mean ` + "`contact.email`" + `?

The files in systems/ beside a policy, or those it names, are checked with it: they say in which databases its data stands.

An error means that the file does not say anything definite. A warning means that it does, and that it is unwise, incomplete or unlawful somewhere.

    avow check policy.yaml                    look at one file
    avow check --strict policies/*.yaml       in a pipeline
    avow check --after v1.yaml v2.yaml        a new version of a published policy`
}

// Run checks each file by itself, with the files of its systems. A file that cannot be read is reported, and the others are still checked.
func (c *checkCommand) Run(t *terminal) error {
	found := &findings{}
	for _, file := range c.Files {
		l, err := t.load(file, c.After)
		if err != nil {
			found.failed = true
			t.report(err)
			continue
		}
		l.loadSystems()
		if c.Strict {
			l.problems = l.problems.Strict()
		}
		found.add(l)
		if !c.JSON {
			c.write(t, l)
		}
	}
	if c.JSON {
		if err := found.json(t); err != nil {
			return err
		}
	}
	return found.outcome(c.Strict)
}

// write lists the problems of one file and, for people, how many there are.
func (c *checkCommand) write(t *terminal, l *loaded) {
	if c.pretty(t) {
		pretty(t.out, l)
	} else {
		l.write(t.out)
	}
	errors, warnings := count(l.problems)
	fmt.Fprintf(t.err, "%s: %s\n", l.name, summary(errors, warnings))
}

func (c *checkCommand) pretty(t *terminal) bool {
	if c.Pretty != nil {
		return *c.Pretty
	}
	return isTerminal(t.out)
}

func count(ps policy.Problems) (errors, warnings int) {
	for _, p := range ps {
		if p.Warning {
			warnings++
		} else {
			errors++
		}
	}
	return errors, warnings
}

func summary(errors, warnings int) string {
	var parts []string
	if errors > 0 {
		parts = append(parts, plural(errors, "error"))
	}
	if warnings > 0 {
		parts = append(parts, plural(warnings, "warning"))
	}
	if len(parts) == 0 {
		return "nothing is wrong"
	}
	return strings.Join(parts, ", ")
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// findings is what was found in all files.
type findings struct {
	problems policy.Problems
	failed   bool // a file could not be read
}

func (f *findings) add(l *loaded) { f.problems = append(f.problems, l.problems...) }

func (f *findings) json(t *terminal) error {
	out := f.problems
	if out == nil {
		out = policy.Problems{}
	}
	return writeJSON(t.out, out)
}

func (f *findings) outcome(strict bool) error {
	switch {
	case f.failed || f.problems.Errors():
		return outcome(exitWrong)
	case strict && slices.ContainsFunc(f.problems, func(p policy.Problem) bool { return p.Warning }):
		return outcome(exitWarnings)
	}
	return nil
}
