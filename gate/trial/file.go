package trial

import (
	"fmt"
	"io/fs"
	"path"

	"github.com/avowhq/avow/gate"
	"github.com/avowhq/avow/policy"
)

// file is a file of decision tests as written.
type file struct {
	policy.Pos
	// The policy, when it has one version; a path beside this file.
	Policy string `key:"policy"`
	// Its versions, the first one first.
	Versions []string `key:"versions"`
	// The people the cases are about.
	Subjects policy.Entries[subject] `key:"subjects"`
	Cases    []question              `key:"cases,required"`
}

// subject is a person and what is known of them.
type subject struct {
	policy.Pos
	Kind    string        `key:"kind" enum:"individual|business|unknown"`
	LivesIn policy.Places `key:"lives-in"`
	// The words from `people` that are shown.
	Is policy.Refs `key:"is"`
	// Category or field → the version it was last collected under; a list when
	// several values of it live.
	Held policy.Entries[[]policy.Number] `key:"held"`
	// Purposes; a consent is to the words of the last version.
	Consented policy.Refs `key:"consented"`
	// Consents to the words of an earlier version: purpose → version.
	ConsentedUnder policy.Entries[[]policy.Number] `key:"consented-under"`
	Withdrew       policy.Refs                     `key:"withdrew"`
	// Purposes or topics.
	Objected policy.Refs `key:"objected"`
	// Purposes whose weighed objection staff have overridden.
	Overridden policy.Refs `key:"overridden"`
	Restricted policy.Flag `key:"restricted"`
	// Purposes that happen once and have happened.
	UsedOnce policy.Refs `key:"used-once"`
	// Data that is kept for some purposes only.
	KeptFor policy.Entries[policy.Refs] `key:"kept-for"`
	// The agreement the data is held under.
	Agreement policy.Ref `key:"agreement"`
	// The source the data came from.
	From policy.Ref `key:"from"`
}

// question is one case as written.
type question struct {
	policy.Pos
	ID string `key:"id"`
	// A subject, or `visitor`.
	Who     policy.Ref      `key:"who,required"`
	Act     string          `key:"act" enum:"use|collect|keep|send|combine|disclose|transfer"`
	Purpose policy.Ref      `key:"purpose"`
	Data    policy.DataRefs `key:"data"`
	To      policy.Ref      `key:"to"`
	// The staff role that asks.
	By policy.Ref `key:"by"`
	// Where the staff or the recipient is; of a visitor: where the visitor is.
	In policy.Places `key:"in"`
	// Of a visitor.
	As      string      `key:"as" enum:"individual|business"`
	Signals policy.Refs `key:"signals"`
	OnEvent policy.Flag `key:"on-event"`
	Cookie  string      `key:"cookie"`
	// The day it is asked; the first day of the last version when none is given.
	On   policy.Date `key:"on"`
	Want policy.Flag `key:"want,required"`
	// A word that must stand in the reason.
	Because string `key:"because"`
}

// A bench is one file being run.
type bench struct {
	file
	name     string
	problems policy.Problems
	rules    *gate.Rules
	all      []*policy.Policy
	last     *policy.Policy
	people   map[string]*gate.State
}

// wrong notes a problem of the test file.
func (b *bench) wrong(at policy.Pos, code, text, do, format string, args ...any) {
	b.problems = append(b.problems, policy.Problem{File: b.name, Pos: at, Code: code, Text: text, Suggest: do, Message: fmt.Sprintf(format, args...)})
}

func (b *bench) unknown(what string, r policy.Ref, allowed []string) {
	b.wrong(r.Pos, "unknown-name", r.Name, policy.DidYouMean(r.Name, allowed), "unknown %s `%s`", what, r.Name)
}

// versions loads the policy files named.
func (b *bench) versions(tree fs.FS, dir string) {
	names := b.Versions
	if b.Policy != "" {
		names = append([]string{b.Policy}, names...)
	}
	if len(names) == 0 {
		b.wrong(b.Pos, "missing-key", "policy", "write `policy: policy.yaml`", "the file names no policy")
		return
	}
	for _, name := range names {
		at := path.Join(dir, name)
		src, err := fs.ReadFile(tree, at)
		if err != nil {
			b.wrong(b.Pos, "no-file", name, "name a file beside this one", "the policy file `%s` cannot be read", name)
			return
		}
		p, problems := policy.Load(at, src, b.last)
		if p == nil {
			b.problems = append(b.problems, problems...)
			return
		}
		b.all, b.last = append(b.all, p), p
	}
	rules, err := gate.NewRules(b.all)
	if err != nil {
		b.wrong(b.Pos, "versions", "", "", "%v", err)
		return
	}
	b.rules = rules
}
