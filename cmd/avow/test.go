package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/gate/trial"
)

type testCommand struct {
	Dirs    []string `arg:"" optional:"" name:"dir" help:"Directories with files that end in _test.yaml; by default this one." default:"."`
	Verbose bool     `short:"v" help:"Show the cases that came out as wanted too."`
	JSON    bool     `help:"Write what came of every case as JSON." name:"json"`
}

// Help is shown by avow test --help.
func (c *testCommand) Help() string {
	return `A decision test stands beside the policy, in a file that ends in _test.yaml:

    policy: policy.yaml
    subjects:
      ann: {kind: individual, lives-in: NL, held: {contact: 1}, consented: [newsletter]}
      bob: {kind: individual, lives-in: NL, held: {contact: 1}}
    cases:
      - {id: T1, who: ann, act: send, purpose: newsletter, data: [contact.email], want: yes}
      - {id: T2, who: bob, act: send, purpose: newsletter, data: [contact.email], want: no}

Each case asks the gate what the program itself asks it. The status is 0 when every case came out as wanted.`
}

// Run runs every test below the directories.
func (c *testCommand) Run(t *terminal) error {
	var all trial.Report
	for _, dir := range c.Dirs {
		report, err := trialIn(dir)
		if err != nil {
			return err
		}
		all.Results = append(all.Results, report.Results...)
		all.Problems = append(all.Problems, report.Problems...)
	}
	if len(all.Results) == 0 && len(all.Problems) == 0 {
		return avow.Errorf(avow.NotFound, "there are no decision tests; they stand in files that end in _test.yaml")
	}
	if err := c.write(t, all); err != nil {
		return err
	}
	if !all.OK() {
		return outcome(exitWrong)
	}
	return nil
}

// trialIn runs the tests below one directory. Places are given from where the command runs.
func trialIn(dir string) (trial.Report, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return trial.Report{}, unreadable(dir, err)
	}
	if !info.IsDir() {
		return trial.Report{}, avow.Errorf(avow.Invalid, "%s is no directory; name the directory the tests stand in", dir)
	}
	report, err := trial.Run(smallFiles{os.DirFS(dir)})
	if err != nil {
		return trial.Report{}, unreadable(dir, err)
	}
	for i := range report.Results {
		report.Results[i].File = filepath.Join(dir, report.Results[i].File)
	}
	for i := range report.Problems {
		report.Problems[i].File = filepath.Join(dir, report.Problems[i].File)
	}
	return report, nil
}

// smallFiles refuses to open files larger than a policy may be.
type smallFiles struct{ fs.FS }

func (s smallFiles) Open(name string) (fs.File, error) {
	f, err := s.FS.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && info.Mode().IsRegular() && info.Size() > maxPolicyFile {
		err = &fs.PathError{Op: "open", Path: name, Err: fmt.Errorf("it is larger than %d bytes", maxPolicyFile)}
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func (c *testCommand) write(t *terminal, all trial.Report) error {
	if c.JSON {
		return writeJSON(t.out, all)
	}
	for _, p := range all.Problems {
		fmt.Fprintln(t.out, p)
	}
	for _, r := range all.Results {
		if !r.Passed || c.Verbose {
			writeResult(t, r)
		}
	}
	fmt.Fprintf(t.err, "%s, %d not as wanted\n", plural(len(all.Results), "case"), all.Failed())
	return nil
}

// writeResult shows one case, and for one that failed what the gate said.
func writeResult(t *terminal, r trial.Result) {
	verdict := "as wanted"
	switch {
	case r.Because != "":
		verdict = fmt.Sprintf("%s as wanted, but the reason does not say `%s`", yesNo(r.Got), r.Because)
	case !r.Passed:
		verdict = fmt.Sprintf("want %s, got %s", yesNo(r.Want), yesNo(r.Got))
	}
	name := r.ID
	if name != "" {
		name += ": "
	}
	fmt.Fprintf(t.out, "%s:%d: %s%s: %s\n", r.File, r.Line, name, r.Question, verdict)
	if r.Passed {
		return
	}
	fmt.Fprintf(t.out, "    %s: %s\n", r.Reason, r.Sentence)
	if r.MakeYes != "" && r.Want {
		fmt.Fprintf(t.out, "    what would make it yes: %s\n", r.MakeYes)
	}
}

func yesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}
