package main

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/avowhq/avow/datamap"
	"github.com/avowhq/avow/policy"
)

// loadSystems reads the files that say where personal data stands, which a policy
// names or which lie in systems/ beside it. What is wrong comes back with names as
// seen from here.
func (l *loaded) loadSystems() {
	if l.policy == nil || l.name == standardInput {
		return
	}
	folder := filepath.Dir(l.name)
	systems, err := datamap.Load(os.DirFS(folder), l.policy)
	var wrong policy.Problems
	if err == nil {
		l.systems, wrong = systems, systems.Warnings
	} else if !errors.As(err, &wrong) {
		wrong = policy.Problems{{File: ".", Pos: policy.Pos{Line: 1, Column: 1}, Code: "unreadable", Message: err.Error()}}
	}
	for _, p := range wrong {
		p.File = filepath.Join(folder, p.File)
		l.problems = append(l.problems, p)
	}
}
