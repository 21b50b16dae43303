package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/datamap"
	"github.com/avowhq/avow/policy"
)

type fmtCommand struct {
	Files []string `arg:"" name:"file" help:"Policy files and files of systems; - is the standard input."`
	Write bool     `short:"w" help:"Write the result to the files instead of printing it." xor:"how"`
	Diff  bool     `short:"d" help:"Print what would change, and end with status 1 if anything would." xor:"how"`
	Check bool     `help:"List the files that would change, and end with status 1 if any would." xor:"how"`
}

// Help is shown by avow fmt --help.
func (c *fmtCommand) Help() string {
	return `The keys of the language come in one order, names stay in yours, each step is indented by two spaces, and quotes stand only where they are needed. No value changes, and comments stay with their lines.

    avow fmt policy.yaml          print the result
    avow fmt -w policies/*.yaml   change the files
    avow fmt --check *.yaml       in a pipeline`
}

// Run lays each file out. One that cannot be read is reported and left as it is.
func (c *fmtCommand) Run(t *terminal) error {
	wrong := false
	for _, file := range c.Files {
		changed, err := c.one(t, file)
		if err != nil {
			wrong = true
			t.report(err)
		}
		wrong = wrong || (changed && (c.Check || c.Diff))
	}
	if wrong {
		return outcome(exitWrong)
	}
	return nil
}

// systemFile tells the files of systems from policies.
var systemFile = regexp.MustCompile(`(?m)^system:\s`)

// one lays out one file and reports whether that changes it.
func (c *fmtCommand) one(t *terminal, file string) (changed bool, err error) {
	src, name, err := t.read(file)
	if err != nil {
		return false, err
	}
	layOut := policy.Format
	if systemFile.Match(src) {
		layOut = datamap.Format
	}
	out, problems := layOut(src)
	if problems.Errors() {
		for _, p := range problems {
			p.File = name
			fmt.Fprintln(t.err, p)
		}
		return false, outcome(exitWrong)
	}
	changed = !bytes.Equal(src, out)
	switch {
	case c.Check && changed:
		fmt.Fprintln(t.out, name)
	case c.Diff:
		fmt.Fprint(t.out, unified(name, string(src), string(out)))
	case c.Write && changed:
		return true, replace(file, out)
	case !c.Check && !c.Write:
		_, err = t.out.Write(out)
	}
	return changed, err
}

// replace changes a file whole or not at all, and keeps who may read it.
func replace(file string, content []byte) error {
	if file == "-" {
		return avow.Errorf(avow.Invalid, "the standard input cannot be written to; leave out -w")
	}
	target, err := filepath.EvalSymlinks(file)
	if err != nil {
		return unreadable(file, err)
	}
	info, err := os.Stat(target)
	if err != nil {
		return unreadable(file, err)
	}
	next, err := os.CreateTemp(filepath.Dir(target), ".avow-fmt-*")
	if err != nil {
		return avow.Errorf(avow.Invalid, "%s cannot be written: %w", file, err)
	}
	defer os.Remove(next.Name())
	if err := fill(next, content, info.Mode()); err != nil {
		return avow.Errorf(avow.Invalid, "%s cannot be written: %w", file, err)
	}
	if err := os.Rename(next.Name(), target); err != nil {
		return avow.Errorf(avow.Invalid, "%s cannot be written: %w", file, err)
	}
	return nil
}

func fill(f *os.File, content []byte, mode os.FileMode) error {
	_, err := f.Write(content)
	if err == nil {
		err = f.Chmod(mode.Perm())
	}
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	return err
}
