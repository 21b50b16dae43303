// Package examples holds whole policies: two that model real documents of 2017 and
// 2021, the organisation of `avow demo`, and one that shows what the others do not
// need.
//
// What stays true: every file compiles; every decision test beside it passes; every
// row of requirements.yaml is expressed by keys that exist in the files.
//
// What it never does: repair what the two real documents leave open. The warnings
// that avow check gives for them are part of the example.
package examples

import "embed"

//go:embed *.yaml */*.yaml
var files embed.FS

// Read gives one file by its path below this directory: `harbour-demo/policy.yaml`.
func Read(path string) ([]byte, error) { return files.ReadFile(path) }
