// Package policy is the policy language: it reads a policy file, says everything
// that is wrong with it at once, and compiles it into the one form the rest of
// the program reads.
//
// The way is parse → decode → check → compile. A Document is the file as
// written, typed, every part knowing its line; a Policy is the compiled version,
// immutable, numbered and content-addressed.
//
// What stays true: the same bytes compile to the same Policy on every machine;
// every error and warning carries line, column and the offending text; no input,
// however hostile, makes it panic, loop or take unbounded memory; keys and words
// are read as text, never as booleans, so that NO is Norway.
//
// What it never does: I/O of any kind, asking for the time, deciding about a person.
package policy
