package draft

import (
	"context"
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/connecttest"
	"github.com/avowhq/avow/connect/sqldb"
	"github.com/avowhq/avow/datamap"
)

// chinook is the sample database of a music shop, which is not part of the project.
func chinook(t *testing.T) connect.Source {
	t.Helper()
	c := connecttest.SQLite(t)
	connecttest.Chinook(t, c)
	src, err := sqldb.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { src.Close() })
	return src
}

// scripted is a database that a script makes.
func scripted(t *testing.T, script string) connect.Source {
	t.Helper()
	file := filepath.Join(t.TempDir(), "scripted.db")
	db, err := sql.Open("sqlite", "file:"+file+"?_pragma=synchronous(off)&_pragma=journal_mode(off)")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(context.Background(), script); err != nil {
		t.Fatal(err)
	}
	db.Close()
	src, err := sqldb.Open(t.Context(), connect.Config{System: "scripted", Kind: "sqlite", Secret: file})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { src.Close() })
	return src
}

// chinookPersonal are its columns about people. What two would disagree on is left
// out of both lists: a company's name, the names of artists and composers, what was
// bought and paid, and when.
var chinookPersonal = strings.Fields(`Customer.FirstName Customer.LastName Customer.Address Customer.City Customer.State Customer.Country Customer.PostalCode Customer.Phone Customer.Fax Customer.Email
	Employee.FirstName Employee.LastName Employee.Title Employee.BirthDate Employee.HireDate Employee.Address Employee.City Employee.State Employee.Country Employee.PostalCode Employee.Phone Employee.Fax Employee.Email
	Invoice.BillingAddress Invoice.BillingCity Invoice.BillingState Invoice.BillingCountry Invoice.BillingPostalCode`)

var chinookOthers = strings.Fields(`Album.AlbumId Album.Title Album.ArtistId Artist.ArtistId Customer.CustomerId Customer.SupportRepId Employee.EmployeeId Employee.ReportsTo Genre.GenreId Genre.Name
	Invoice.InvoiceId Invoice.CustomerId InvoiceLine.InvoiceLineId InvoiceLine.InvoiceId InvoiceLine.TrackId
	MediaType.MediaTypeId MediaType.Name Playlist.PlaylistId Playlist.Name PlaylistTrack.PlaylistId PlaylistTrack.TrackId
	Track.TrackId Track.Name Track.AlbumId Track.MediaTypeId Track.GenreId Track.Milliseconds Track.Bytes Track.UnitPrice`)

func TestChinook(t *testing.T) {
	src := chinook(t)
	labels := map[string]string{}
	for _, name := range chinookPersonal {
		labels[name] = "P"
	}
	for _, name := range chinookOthers {
		labels[name] = "-"
	}
	r := draftOf(t, src, datamap.SQLite)
	s := rate("chinook", labels, r)
	t.Log(&s)
	if s.recall() < .95 || s.flagged() > .05 {
		t.Errorf("%s\n%s", &s, strings.Join(s.lines, "\n"))
	}
	for _, want := range []string{"SupportRepId: mentions", "ReportsTo: mentions", "CustomerId: owns", "InvoiceId: owns", "FirstName: {is: contact.name, erase: mask(name)}", "Email: email"} {
		if !strings.Contains(string(r.File), want) {
			t.Errorf("the draft has no %q:\n%s", want, r.File)
		}
	}
	for _, p := range r.Problems {
		if !p.Warning {
			t.Error(p)
		}
	}
}
