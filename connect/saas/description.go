package saas

import (
	"time"

	"github.com/avowhq/avow/connect"
)

// description is one service, as its file says. It does not change.
type description struct {
	file      string
	name      string // salesforce
	title     string
	address   *template
	addressAt *node
	auth      []auth
	headers   []named
	limits    limits
	errors    errorRules
	empty     any // how nothing is written: null, or an empty text
	grants    *grants
	tables    []*table
}

// table finds a table by its name; nil when there is none.
func (d *description) table(name string) *table {
	for _, t := range d.tables {
		if t.name == name {
			return t
		}
	}
	return nil
}

// limits are what the service bears, and what is enough.
type limits struct {
	rate     rate
	together int           // requests at the same time
	budget   int           // requests of one Read, Change or Describe
	timeout  time.Duration // of one request
	retries  int
	answer   int64 // bytes of one answer, unpacked
}

// rate is so many requests within a time; the zero rate has no bound.
type rate struct {
	requests int
	per      time.Duration
}

// auth is one way to say who is asking. It is used when the credentials have what it names.
type auth struct {
	kind   string   // bearer, basic, header, oauth
	names  []string // the credentials: the token; user and password
	header string   // kind header: its name
	grant  string   // oauth: client_credentials, refresh_token
	token  string   // oauth: the address that gives tokens, or a path of the service
	basic  bool     // oauth: client id and secret stand in a header, not in the form
	scope  string
}

// table is one table of a service.
type table struct {
	at         *node
	name       string
	key        []string
	columns    []*column
	references []connect.Reference
	fields     *fields
	find       []*find
	list       *request
	update     *request
	delete     *request
	scopes     map[connect.Op]string // what a login needs, in the service's words
	also       map[connect.Op]string // what the service does besides
}

func (t *table) column(name string) *column {
	for _, c := range t.columns {
		if c.name == name {
			return c
		}
	}
	return nil
}

// request is the request for an operation; nil when there is none.
func (t *table) request(op connect.Op) *request {
	switch op {
	case connect.OpUpdate:
		return t.update
	case connect.OpDelete:
		return t.delete
	}
	return t.list
}

// column is one column of a table.
type column struct {
	name     string
	path     path     // where it stands in a row
	as       []string // what requests call it; several parts stand in each other
	kind     connect.Kind
	typ      string
	length   int
	required bool
	readOnly bool
	always   bool   // it comes with every row, unasked
	split    string // a text that is a list, and what stands between its elements
}

// find is a request for the rows that have certain values.
type find struct {
	*request
	any      bool              // any one column
	by       []string          // or these, together
	compares []connect.Compare // what its answers can be trusted with; none: all
	at       map[string]path   // where columns stand in its rows, when elsewhere than usual
}

// fields asks the service itself which columns a table has.
type fields struct {
	*request
	name, typ, length path
	nullable          path
	readOnly          path
	writable          path // the other way round
	skip              path // where true the field is none that can be asked for
	types             map[string]connect.Kind
	at                *template // where a field stands in a row: `properties.{name}`
	may               map[connect.Op]path
}

// grants asks the service what the login was allowed.
type grants struct {
	*request
	scopes path
}

// request is one call.
type request struct {
	method  string
	path    *template
	query   []named
	headers []named
	body    *body
	rows    path
	page    *page
	rate    rate
	batch   int // values or rows in one request
	address int // the most bytes of its address; 0: no bound
	bytes   int // the most bytes of its body; 0: no bound
	gone    []int
	results *results
	part    path // where there is something here, the answer is only a part
	small   bool // values are sent in small letters
	scan    bool // list: rows may be looked for among all
}

// named is one parameter or header.
type named struct {
	name string
	text *template
}

// page is how further rows are asked for.
type page struct {
	kind   string // cursor, next, link, offset, number
	at     path   // cursor, next: where the answer has it
	into   string // `query.after`, `body.after`
	size   int    // offset, number: a page with fewer rows is the last
	first  int    // number: of the first page
	total  path   // how many rows there are,
	most   int    // of which the service gives no more
	origin *node
}

// results is what became of each row of a batch.
type results struct {
	each path
	ok   path     // true: it was done
	code path     // why not
	done []string // codes that mean that it is so already
}

// errorRules reads the service's own errors.
type errorRules struct {
	code  []path
	field path
	rules []errorRule
}

// errorRule says what an answer means.
type errorRule struct {
	status int // 0: any
	code   string
	means  meaning
}

// meaning is what an answer means for whoever asked.
type meaning string

// The meanings.
const (
	fine    meaning = "done"    // it is so already
	expired meaning = "expired" // the token is no longer accepted
	denied  meaning = "denied"
	missing meaning = "missing" // no such table, column or row
	busy    meaning = "busy"    // later, perhaps
	spent   meaning = "spent"   // an allowance is used up; not soon
	refused meaning = "refused" // a constraint
	wrong   meaning = "wrong"   // it cannot be asked
)

var meanings = []string{"done", "expired", "denied", "missing", "busy", "spent", "refused", "wrong"}
