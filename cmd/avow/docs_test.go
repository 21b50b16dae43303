package main

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// TestDeveloperRequests sends the requests of docs/developer.md, in their order, to a
// running demonstration. A block `sh request 201` is one curl command that must be answered so.
func TestDeveloperRequests(t *testing.T) {
	text, err := os.ReadFile("../../docs/developer.md")
	if err != nil {
		t.Fatal(err)
	}
	s, _ := startDemo(t, "")
	c := newCaller(t, s)
	blocks := regexp.MustCompile("(?s)```sh request (\\d+)\ncurl \\$AVOW(\\S+)(.*?) -d '(.*?)'\n```").FindAllStringSubmatch(string(text), -1)
	if n := strings.Count(string(text), "```sh request"); n < 6 || n != len(blocks) {
		t.Fatalf("%d of %d requests can be read", len(blocks), n)
	}
	header := regexp.MustCompile(`-H ["'](.*?)["']`)
	for _, b := range blocks {
		var headers []string
		for _, h := range header.FindAllStringSubmatch(b[3], -1) {
			headers = append(headers, strings.ReplaceAll(h[1], "$TOKEN", s.demoToken))
		}
		want, _ := strconv.Atoi(b[1])
		c.do(post, b[2], b[4], headers...).wants(t, b[2], want)
	}
}

// TestSettingsAreDocumented holds the table of docs/operate.md against the program.
func TestSettingsAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/operate.md")
	if err != nil {
		t.Fatal(err)
	}
	parser, err := kong.New(new(commands), kong.Configuration(readYAML))
	if err != nil {
		t.Fatal(err)
	}
	rows := strings.Count(string(text), "\n| `--")
	for _, node := range parser.Model.Children {
		if node.Name != "serve" {
			continue
		}
		for _, f := range node.Flags {
			if f.Name == "help" {
				continue
			}
			rows--
			cell := func(s string) string {
				if s == "" {
					return " "
				}
				return " `" + s + "` "
			}
			row := "| `--" + f.Name + "` |" + cell(strings.Join(f.Envs, "")) + "|" + cell(f.Default) + "| "
			if !strings.Contains(string(text), "\n"+row) {
				t.Errorf("docs/operate.md has no row %q", row)
			}
		}
	}
	if rows != 0 {
		t.Errorf("docs/operate.md has %d rows too many", rows)
	}
}
