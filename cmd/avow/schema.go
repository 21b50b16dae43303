package main

import (
	"github.com/avowhq/avow/datamap"
	"github.com/avowhq/avow/policy"
)

type schemaCommand struct {
	Systems   bool `help:"The schema of the files of systems, not of policies."`
	Reference bool `help:"Print the language reference (Markdown) instead."`
}

// Help is shown by avow schema --help.
func (c *schemaCommand) Help() string {
	return `Editors that know JSON Schema (draft 2020-12) complete keys and check policy files with it:

    avow schema > avow.schema.json

and, as the first line of a policy for editors with a YAML language server:

    # yaml-language-server: $schema=avow.schema.json

The files of systems have a schema of their own: avow schema --systems > systems.schema.json`
}

// Run prints the schema.
func (c *schemaCommand) Run(t *terminal) error {
	schema, reference := policy.Schema, policy.Reference
	if c.Systems {
		schema, reference = datamap.Schema, datamap.Guide
	}
	if c.Reference {
		schema = reference
	}
	_, err := t.out.Write(schema())
	return err
}
