package open

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/connecttest"
)

func TestSecret(t *testing.T) {
	folder := t.TempDir()
	files := map[string]string{"shop": "hunter2-from-secret\n", "empty": " \n", "large": strings.Repeat("hunter2", maxSecret), "locked": "hunter2"}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	getenv := func(name string) string { return map[string]string{"SHOP_DSN": " hunter2-from-env "}[name] }
	for _, c := range []struct {
		scheme, name, folder string
		want                 string
		kind                 avow.ErrorKind
		says                 string
	}{
		{"env", "SHOP_DSN", folder, "hunter2-from-env", 0, ""},
		{"env", "CRM_DSN", folder, "", avow.Invalid, "CRM_DSN is not set"},
		{"file", filepath.Join(folder, "shop"), "", "hunter2-from-secret", 0, ""},
		{"file", filepath.Join(folder, "none"), "", "", avow.Invalid, "there is no file"},
		{"file", folder, "", "", avow.Forbidden, "cannot be read"},
		{"secret", "shop", folder, "hunter2-from-secret", 0, ""},
		{"secret", "shop", "", "", avow.Invalid, "no folder of secrets"},
		{"secret", "empty", folder, "", avow.Invalid, "is empty"},
		{"secret", "large", folder, "", avow.TooLarge, "larger than"},
		{"secret", "../shop", filepath.Join(folder, "x"), "", avow.Invalid, "no folders"},
		{"secret", "..", folder, "", avow.Invalid, "no folders"},
		{"secret", "", folder, "", avow.Invalid, "no folders"},
		{"vault", "shop", folder, "", avow.Invalid, "env:, file: or secret:"},
	} {
		got, err := Secret(c.scheme, c.name, c.folder, getenv)
		if c.says == "" {
			if err != nil || got != c.want {
				t.Errorf("%s:%s: %q, %v", c.scheme, c.name, got, err)
			}
			continue
		}
		connecttest.WantKind(t, err, c.kind, "hunter2")
		if err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s:%s: %v", c.scheme, c.name, err)
		}
	}
}

func TestSource(t *testing.T) {
	c := connecttest.SQLite(t)
	connecttest.Create(t, c, connecttest.People())
	c.Folder, c.Secret = filepath.Dir(c.Secret), filepath.Base(c.Secret)
	src, err := Source(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	if got := connecttest.All(t, src, connect.Read{Table: "people", Columns: []string{"id"}}); len(got) != 0 {
		t.Errorf("rows %v", got)
	}
	for _, kind := range []string{"manual", "oracle", ""} {
		_, err := Source(context.Background(), connect.Config{System: "x", Kind: kind, Secret: "hunter2"})
		connecttest.WantKind(t, err, avow.Invalid, "hunter2")
	}
}
