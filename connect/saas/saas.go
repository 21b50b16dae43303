// Package saas is the driver of services that are reached by HTTP: a service is described
// in YAML, and no service has code of its own. Descriptions of Salesforce and HubSpot are
// built in; a customer's own stands in a file beside the map.
//
// What stays true: a template of a description is taken apart once, and a value only ever
// fills a place in it, in the encoding of that place (a segment of a path, a parameter, a
// header, a value in JSON, a literal of SOQL), so that no value changes a request's shape.
// Requests go to the host of the description or the operator's credentials and to no other:
// redirects and links to further pages that lead elsewhere are refused, and the address
// dialled is judged after it was resolved. Every answer, wait and number of requests has a
// bound. A change is an idempotent function of keys: what is gone already is done.
//
// What it never does: put a credential or a value into an error or a log, repeat what a
// service says in sentences (they repeat values), run several changes as one transaction.
//
// # A description
//
// The files under descriptions show every part in use. In short:
//
//	service: crm                          # its name
//	address: https://{domain}.crm.example # {domain}: names of hosts, from the credentials
//	auth: [{bearer: token}, {basic: [user, password]}, {header: {name: X-Api-Key, from: key}},
//	       {oauth: {grant: client-credentials, token: /oauth/token}}]   # the first whose credentials are there
//	headers: {X-Version: "3"}
//	limits: {requests: 100, per: 10, together: 4, budget: 20000, timeout: 60, retries: 4, answer: 16}
//	errors: {code: [category], field: fields, rules: [{status: 403, code: LIMIT, means: spent}]}
//	empty: ""                             # how nothing is written; null where it is not said
//	grants: {post: /token-info, body: {tokenKey: "{credential.token}"}, scopes: scopes}
//	every-table: {…}                      # what a table below does not say itself; `none` takes it away
//	tables:
//	  contacts:
//	    key: id
//	    columns: {id: {type: text, always: true}, email: {path: properties.email, length: 100}}
//	    references: {company: {to: companies.id, on-delete: set-null}}
//	    fields: {get: /fields, rows: results, name: name, type: type, types: {string: text}, at: "properties.{name}",
//	             length: length, nullable: nillable, read-only: locked, skip: hidden, may: {update: updateable}}
//	    find:
//	      - {by: id, post: /batch/read, body: {inputs: {$each: values, $item: {id: "{value}"}}}, batch: 100, rows: results}
//	      - {by: any, get: /query, query: {q: "SELECT {columns} FROM {table} WHERE {match|soql}"}, batch: 200,
//	         longest-address: 15000, rows: records, page: {next: nextRecordsUrl}}
//	    list: {get: /contacts, rows: results, page: {cursor: paging.next.after, into: query.after}, scan: true}
//	    update: {post: /batch/update, batch: 100, body: {inputs: {$each: rows, $item: {id: "{key}", properties: "{changes}"}}},
//	             results: {each: errors, code: category, done: [OBJECT_NOT_FOUND]}}
//	    delete: {delete: "/contacts/{key}", gone: [404, 410]}
//	    scopes: {update: crm.write, delete: crm.write}
//	    also: {delete: what the service does besides}
//
// Places are `{table}`, `{columns}`, `{by}`, `{value}`, `{values}`, `{match|soql}`, `{key}`,
// `{key.name}`, `{keys}`, `{changes}` and `{credential.name}`; in a body `$each` with
// `$item` repeats a part for `values` or `rows`, and `$changes:` puts the changes among its
// keys. A body's text that is one place and nothing else becomes the value with its type.
// Pages are `cursor`, `next` (an address in the answer), `link` (the header, rfc:8288#3),
// `offset` or `number` (the first: 0 or 1); `total` and `most` say where a service stops
// giving. Times are in seconds, `answer` in MiB.
//
// A `find` may say besides which comparisons it can be trusted with (`compares: [exact,
// email]`; without it all), that values are sent in small letters (`small-letters: true`),
// that columns stand elsewhere in its rows (`paths:`; `^` is what a list in a list stands
// in), and what makes an answer a part of the truth, which is an error (`refuse-when:`).
// Asked for several columns together it may know only one of them: what it finds too much is
// left out. What no find can be asked for is looked for among all rows where `list` says
// `scan: true`, and is refused where it does not. An answer means `done`, `expired`, `denied`,
// `missing`, `busy`, `spent`, `refused` or `wrong`.
package saas

import (
	"context"
	"embed"
	"io/fs"
	"os"
	slashpath "path"
	"sync"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/inside"
)

//go:embed descriptions/*.yaml
var builtIn embed.FS

// Source is one service. It is a connect.Source.
type Source struct {
	config connect.Config
	d      *description
	c      *client

	mu   sync.Mutex
	live map[string]*table // tables with the columns that the service itself told
}

var _ connect.Source = (*Source)(nil)

// Open reads the description that config.At names, a built-in one (`salesforce`) or a
// file below config.Folder (`services/crm.yaml`; not where the files of the map stand,
// which are read as systems). Secret is a JSON object of texts, or one token. It
// asks nothing of the service yet.
func Open(_ context.Context, config connect.Config) (connect.Source, error) {
	return open(config)
}

func open(config connect.Config) (*Source, error) {
	file, text, err := findFile(config)
	if err != nil {
		return nil, err
	}
	d, problems := read(file, text)
	if err := problems.asError(); err != nil {
		return nil, err
	}
	allow, err := inside.Read(config.Allow)
	if err != nil {
		return nil, err
	}
	creds, err := readCredentials(config.System, config.Secret)
	if err != nil {
		return nil, err
	}
	base, err := d.base(config.System, creds, allow)
	if err != nil {
		return nil, err
	}
	c, err := newClient(config.System, d, creds, base, allow)
	if err != nil {
		return nil, err
	}
	config.Secret = ""
	return &Source{config: config, d: d, c: c, live: map[string]*table{}}, nil
}

// Check reads a description and says everything that is wrong with it; nil when nothing is.
func Check(file string, text []byte) Problems {
	_, problems := read(file, text)
	return problems
}

// findFile finds the file of a description.
func findFile(config connect.Config) (string, []byte, error) {
	if serviceName.MatchString(config.At) {
		name := slashpath.Join("descriptions", config.At+".yaml")
		text, err := builtIn.ReadFile(name)
		if err != nil {
			return "", nil, avow.Errorf(avow.NotFound, "there is no description of %q for system %q; there are hubspot and salesforce, or name a file: `at: %s.yaml`", config.At, config.System, config.At)
		}
		return slashpath.Base(name), text, nil
	}
	files := config.Files
	if files == nil && config.Folder != "" {
		files = os.DirFS(config.Folder)
	}
	name := slashpath.Clean(config.At)
	if files == nil || !fs.ValidPath(name) {
		return "", nil, avow.Errorf(avow.Invalid, "system %q: `at` names no file below the folder of the map", config.System)
	}
	if info, err := fs.Stat(files, name); err == nil && info.Size() > maxDescription {
		return "", nil, avow.Errorf(avow.TooLarge, "system %q: the description %s is larger than 256 KiB", config.System, name)
	}
	text, err := fs.ReadFile(files, name)
	if err != nil {
		return "", nil, avow.Errorf(avow.NotFound, "system %q: the description %s cannot be opened", config.System, name)
	}
	return name, text, nil
}

// Close ends the connections.
func (s *Source) Close() error {
	s.c.close()
	return nil
}

func (s *Source) budget() *budget { return &budget{left: s.d.limits.budget} }
