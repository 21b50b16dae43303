// Command generate writes the schema and the reference of the files of systems.
//
// What stays true: a test in the datamap room fails when a file it writes is stale.
//
// What it never does: anything beyond writing these files.
package main

import (
	"fmt"
	"os"

	"github.com/avowhq/avow/datamap"
)

func main() {
	for file, content := range map[string][]byte{"schema.json": datamap.Schema(), "../docs/systems-language.md": datamap.Guide()} {
		if err := os.WriteFile(file, content, 0o644); err != nil {
			fmt.Fprintln(os.Stderr, "generate:", err)
			os.Exit(1)
		}
	}
}
