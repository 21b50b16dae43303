// Command generate writes the files of the policy room that are made from its
// source: `go generate ./policy` runs it twice, because what the comments say is
// compiled in before the schema and the reference are made of it.
//
// What stays true: a test in the policy room fails when a file it writes is stale.
//
// What it never does: anything beyond writing these files.
package main

import (
	"fmt"
	"os"

	"github.com/avowhq/avow/policy"
	"github.com/avowhq/avow/policy/comments"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 1 && args[0] == "comments" {
		text, err := comments.Extract(".")
		if err != nil {
			return err
		}
		return os.WriteFile("comments.txt", text, 0o644)
	}
	if err := os.WriteFile("schema.json", policy.Schema(), 0o644); err != nil {
		return err
	}
	if err := os.WriteFile("../docs/checks.md", policy.Checks(), 0o644); err != nil {
		return err
	}
	return os.WriteFile("../docs/language.md", policy.Reference(), 0o644)
}
