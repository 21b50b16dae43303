package saas

import (
	"fmt"
	"testing"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/saas/saastest"
)

// openSalesforce opens the built-in description on a server.
func openSalesforce(t *testing.T, sf *saastest.Salesforce, change ...func(*connect.Config)) *Source {
	return openAt(t, "salesforce", sf.URL, `"client_id": "app", "client_secret": "hush-hush"`, change...)
}

func openHub(t *testing.T, h *saastest.HubSpot, change ...func(*connect.Config)) *Source {
	return hurry(openAt(t, "hubspot", h.URL, `"token": "`+saastest.HubToken+`"`, change...))
}

func openAt(t *testing.T, description, address, creds string, change ...func(*connect.Config)) *Source {
	t.Helper()
	c := connect.Config{System: "crm", Kind: "http", At: description, Region: "GB", Allow: []string{"127.0.0.1"},
		Secret: fmt.Sprintf(`{"address": %q, %s}`, address, creds)}
	for _, f := range change {
		f(&c)
	}
	s, err := open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// hurry takes the rates away, which would only make a test slow.
func hurry(s *Source) *Source {
	s.c.rate = nil
	for _, t := range s.d.tables {
		for _, f := range t.find {
			f.rate = rate{}
		}
	}
	return s
}
