package saas

import "testing"

func TestBuiltInDescriptionsAreRight(t *testing.T) {
	for _, name := range []string{"salesforce", "hubspot"} {
		text, err := builtIn.ReadFile("descriptions/" + name + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		d, problems := read(name+".yaml", text)
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		if d.name != name || len(d.tables) < 5 {
			t.Errorf("%s has %d tables", d.name, len(d.tables))
		}
	}
}
