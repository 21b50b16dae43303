package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/datamap"
	"github.com/avowhq/avow/policy"
)

// standardInput is the name of what is read from there.
const standardInput = "stdin"

// maxPolicyFile bounds a policy file, in bytes.
const maxPolicyFile = 1 << 20

// read gives the bytes of a file, or of the standard input for `-`, and the name to show for it.
func (t *terminal) read(file string) (src []byte, name string, err error) {
	if file == "-" {
		src, err = bounded(t.in, "the standard input")
		return src, standardInput, err
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, file, unreadable(file, err)
	}
	defer f.Close()
	src, err = bounded(f, file)
	return src, file, err
}

func bounded(r io.Reader, name string) ([]byte, error) {
	src, err := io.ReadAll(io.LimitReader(r, maxPolicyFile+1))
	if err != nil {
		return nil, unreadable(name, err)
	}
	if len(src) > maxPolicyFile {
		return nil, avow.Errorf(avow.TooLarge, "%s is larger than a policy may be (%d bytes)", name, maxPolicyFile)
	}
	return src, nil
}

func unreadable(file string, err error) error {
	var path *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return avow.Errorf(avow.NotFound, "there is no file %s", file)
	case errors.Is(err, fs.ErrPermission):
		return avow.Errorf(avow.Forbidden, "%s may not be read by you", file)
	case errors.As(err, &path):
		return avow.Errorf(avow.Invalid, "%s cannot be read: %w", file, path.Err)
	}
	return avow.Errorf(avow.Invalid, "%s cannot be read: %w", file, err)
}

// load compiles a policy file after its earlier versions, oldest first. What is
// wrong with the last file comes back with it; an earlier one must have no errors.
func (t *terminal) load(file string, earlier []string) (*loaded, error) {
	var after *policy.Policy
	for _, e := range earlier {
		l, err := t.loadAfter(e, after)
		if err != nil {
			return nil, err
		}
		if l.policy == nil {
			l.write(t.out)
			return nil, avow.Errorf(avow.Invalid, "the earlier version %s has errors; it must be a policy before another can follow it", l.name)
		}
		after = l.policy
	}
	return t.loadAfter(file, after)
}

// loaded is a policy file that was read.
type loaded struct {
	name     string
	src      []byte
	after    *policy.Policy
	policy   *policy.Policy // nil when there are errors
	problems policy.Problems
	systems  *datamap.Map // nil when it was not asked for, or has errors
}

func (t *terminal) loadAfter(file string, after *policy.Policy) (*loaded, error) {
	src, name, err := t.read(file)
	if err != nil {
		return nil, err
	}
	l := &loaded{name: name, src: src, after: after}
	l.policy, l.problems = policy.Load(name, src, after)
	return l, nil
}

// write lists what is wrong, a line each.
func (l *loaded) write(w io.Writer) {
	for _, p := range l.problems {
		fmt.Fprintln(w, p)
	}
}

// must gives the policy, or writes its errors and ends the command.
func (l *loaded) must(t *terminal) (*policy.Policy, error) {
	if l.policy != nil {
		return l.policy, nil
	}
	return nil, l.wrong(t)
}

// wrongFiles ends a command at files that are wrong. What is has been written already.
type wrongFiles struct{ problems policy.Problems }

func (wrongFiles) Error() string { return outcome(exitWrong).Error() }

func (wrongFiles) Unwrap() error { return outcome(exitWrong) }
