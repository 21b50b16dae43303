package main

import "github.com/avowhq/avow/policy"

type schemaCommand struct {
	Reference bool `help:"Print the language reference (Markdown) instead."`
}

// Help is shown by avow schema --help.
func (c *schemaCommand) Help() string {
	return `Editors that know JSON Schema (draft 2020-12) complete keys and check policy files with it:

    avow schema > avow.schema.json

and, as the first line of a policy for editors with a YAML language server:

    # yaml-language-server: $schema=avow.schema.json`
}

// Run prints the schema.
func (c *schemaCommand) Run(t *terminal) error {
	out := policy.Schema()
	if c.Reference {
		out = policy.Reference()
	}
	_, err := t.out.Write(out)
	return err
}
