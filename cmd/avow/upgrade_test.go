package main

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/avowhq/avow/store/storetest"
)

// TestUpgrade opens what earlier versions left behind: testdata/upgrade has a data
// directory of each, made by its own binary, with four people in it. Everything is
// as it was, the log is whole and signed, and it works on.
func TestUpgrade(t *testing.T) {
	files, err := filepath.Glob("testdata/upgrade/*.tar.gz")
	if err != nil || len(files) < 2 {
		t.Fatalf("there is nothing to upgrade: %v", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".tar.gz")
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			unpack(t, file, dir)
			r := &restored{t: t, where: where{Data: filepath.Join(dir, "data"), Keys: filepath.Join(dir, "keys")}}
			if strings.HasSuffix(name, "-postgresql") {
				if len(storetest.Kinds(t)) < 2 {
					return // storetest fails where PostgreSQL is demanded
				}
				r.Database = storetest.PostgreSQL(t).DSN
				load := exec.Command(filepath.Join(storetest.PostgresBin(t), "psql"), "--quiet", "--set=ON_ERROR_STOP=1", "--dbname="+r.Database,
					"--file="+filepath.Join(r.Data, "dump.sql"))
				if out, err := load.CombinedOutput(); err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
			}
			r.upgraded()
		})
	}
}

// upgraded holds a data directory to what was done in it: Ann confirmed her consent,
// Bob took his back, Cleo objected, and Dora never confirmed.
func (r *restored) upgraded() {
	t := r.t
	t.Helper()
	for try := range 2 { // the second time everything has been taken over already
		r.open()
		for address, may := range map[string]bool{"ann": try == 0, "bob": false, "cleo": false, "dora": false} {
			found := r.find(address + "@visitor.example")
			if len(found) != 1 || r.allowed(found[0].Subject) != may {
				t.Errorf("opened %d times: %s is found %v, and should be written to: %v", try+1, address, found, may)
			}
		}
		a, err := r.house.audit(context.Background(), nil)
		r.check(err)
		for _, f := range a.Findings {
			t.Errorf("opened %d times: %s", try+1, f)
		}
		if a.Size == 0 || a.Opened == 0 {
			t.Errorf("the audit looked at nothing: %+v", a)
		}
		if try == 0 {
			ann := r.find("ann@visitor.example")[0].Subject
			key := r.house.ledger.Key()
			if err := r.withdraws(ann).Verify(key); err != nil {
				t.Errorf("a receipt of now: %v", err)
			}
			if r.allowed(ann) {
				t.Error("Ann took her consent back, and is written to")
			}
		}
		r.close()
	}
}

func unpack(t *testing.T, file, dir string) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Join(dir, filepath.FromSlash(h.Name))
		if h.Typeflag == tar.TypeDir {
			err = os.MkdirAll(name, 0o700)
		} else {
			err = copyOut(name, r)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func copyOut(name string, from io.Reader) error {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, from)
	return errors.Join(err, f.Close())
}
