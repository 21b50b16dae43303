package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/api"
)

// tokenCommand makes a token for a program that asks the gate.
type tokenCommand struct {
	Keys string   `help:"The directory of the organisation's key." default:"avow-keys" placeholder:"DIR" env:"AVOW_KEYS"`
	Role []string `help:"A staff role of the policy it may ask for, or system: the organisation's own programs." default:"system" placeholder:"ROLE"`
	Name string   `arg:"" help:"What the token is for, such as shop."`
}

// Run prints a new token, once.
func (c *tokenCommand) Run(t *terminal) error {
	file := where{Keys: c.Keys}.tokenFile()
	list, err := readCallers(file)
	if err != nil {
		return err
	}
	token, caller := api.NewToken(c.Name, c.Role)
	if err := writeCallers(file, c.Keys, append(list, caller)); err != nil {
		return err
	}
	fmt.Fprintln(t.out, token)
	fmt.Fprintln(t.err, "Keep it: it is not shown again. A running server knows it after its next start.")
	return nil
}

func readCallers(file string) ([]api.Caller, error) {
	b, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, avow.Errorf(avow.Unavailable, "the list of tokens cannot be read: %w", err)
	}
	return api.ParseCallers(b)
}

// writeCallers replaces the list in one step.
func writeCallers(file, dir string, list []api.Caller) error {
	b, err := json.MarshalIndent(list, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return avow.Errorf(avow.Unavailable, "the directory %s cannot be made: %w", dir, err)
	}
	next := file + ".new"
	if err := os.WriteFile(next, append(b, '\n'), 0o600); err != nil {
		return avow.Errorf(avow.Unavailable, "the list of tokens cannot be written: %w", err)
	}
	if err := os.Rename(next, file); err != nil {
		return avow.Errorf(avow.Unavailable, "the list of tokens cannot be written: %w", err)
	}
	return nil
}
