package web

import "net/http"

// checkingPolicy is the Content-Security-Policy of the page that checks receipts: our
// own scripts run, and nothing they do can leave the browser.
const checkingPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'none'; form-action 'none'; " +
	"base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// verifyView is what the page starts with.
type verifyView struct {
	Key    string // of this log; empty where there is none
	KeyURL string
}

// verify shows the page that checks a receipt in the browser. The script reads nothing
// from us once it runs; the key stands in the page, for the person to compare.
func (s *Server) verify(w http.ResponseWriter, r *http.Request) {
	var v verifyView
	if s.Ledger != nil {
		v = verifyView{s.Ledger.Key(), s.PublicURL + "/log/key"}
	}
	w.Header().Set("Content-Security-Policy", checkingPolicy)
	s.show(w, r, http.StatusOK, "verify", page{Title: "Check a receipt", Here: "/verify", Script: "verify.js", Is: v})
}
