package plan

import (
	"slices"
	"strings"
	"testing"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/datamap/find"
)

// Documents are searched leaf by leaf, and texts without their escapes, so that no `\u003c`
// and no `\n` before an address hides it.
func TestSweepReadsDocuments(t *testing.T) {
	eachKind(t, func(t *testing.T, c connect.Config) {
		columns := [][3]string{
			{"d_angle", "json", `{"to": "Ann <ann@x.example>"}`}, {"d_line", "json", `{"note": "contact:\nann@x.example"}`}, {"d_tab", "json", `{"list": ["x\tann@x.example"]}`},
			{"d_and", "json", `{"u": "a=1&ann@x.example"}`}, {"d_key", "json", `{"<ann@x.example>": 1}`}, {"d_phone", "json", `{"tel": "is:\n06 1234 5678"}`}, {"d_inside", "json", `{"body": "{\"note\":\"x\\nann@x.example\"}"}`},
			{"t_angle", "text", `{"to":"\u003cann@x.example\u003e"}`}, {"t_line", "text", `{"note":"contact:\nann@x.example"}`}, {"t_slash", "text", `{"tel":"+31\/6\/12345678"}`},
			{"t_at", "text", `{"e":"ann\u0040x.example"}`}, {"t_inside", "text", `{"body":"{\"note\":\"x\\nann@x.example\"}"}`}, {"t_web", "text", `https://y.example/?e=ann%40x.example`}, {"t_html", "text", `&lt;ann@x.example&gt;`},
			{"z_other", "json", `{"to": "joann@x.example"}`}, {"z_text", "text", `{"to":"jo\u0061nn@x.example"}`},
		}
		if c.Kind == "postgresql" {
			columns = append(columns, [3]string{"b_angle", "jsonb", `{"to": "Ann <ann@x.example>"}`}, [3]string{"l_angle", "text[]", `{"Ann <ann@x.example>"}`})
		}
		var made, values, want []string
		for _, x := range columns {
			value := "'" + x[2] + "'"
			if c.Kind == "mysql" {
				value = "'" + strings.ReplaceAll(x[2], `\`, `\\`) + "'"
			}
			made, values = append(made, x[0]+" "+x[1]), append(values, value)
			if !strings.HasPrefix(x[0], "z_") {
				want = append(want, x[0])
			}
		}
		w := sqlWorld(t, c, `
person:
  identities: {email: email}
  relation: owns
  erase: clear
  columns: {email: contact.email}
`, "CREATE TABLE person (id integer PRIMARY KEY, email varchar(60), "+strings.Join(made, ", ")+")", "INSERT INTO person VALUES (1, 'ann@x.example', "+strings.Join(values, ", ")+")")
		who := []find.Person{{Identities: []find.Identity{{Kind: "email", Value: "ann@x.example"}, {Kind: "phone", Value: "+31612345678"}}}}
		p := w.plan(who)
		w.run(p)
		slices.Sort(want)
		wants(t, "columns that still name her", w.failures(who, p), want...)
	})
}
