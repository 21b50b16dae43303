// Package open opens a system by the kind that its map names, and finds what opens it.
//
// What stays true: credentials come from the environment, a file, or the folder of
// secrets, and an error about them names the place and never what stands there.
//
// What it never does: keep credentials, or guess them.
package open

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/files"
	"github.com/avowhq/avow/connect/mongo"
	"github.com/avowhq/avow/connect/saas"
	"github.com/avowhq/avow/connect/sqldb"
)

// Source opens a system. For a manual system there is nothing to open, which is Invalid.
func Source(ctx context.Context, c connect.Config) (connect.Source, error) {
	switch c.Kind {
	case "postgresql", "mysql", "sqlite":
		return sqldb.Open(ctx, c)
	case "mongodb":
		return mongo.Open(ctx, c)
	case "files":
		return files.Open(ctx, c)
	case "http":
		return saas.Open(ctx, c)
	case "manual":
		return nil, avow.Errorf(avow.Invalid, "system %s: no program reaches a manual system", c.System)
	}
	return nil, avow.Errorf(avow.Invalid, "system %s: %q is no kind of system that can be opened; see `kind` in the reference of data maps", c.System, c.Kind)
}

// maxSecret bounds a file of credentials: a connection string, a token, a key.
const maxSecret = 64 << 10

// Secret finds credentials as a map points at them: scheme env, file or secret, and the
// name behind it. A secret is the file of that name in folder; relative files stand in
// the working directory. White space around what is found does not count.
func Secret(scheme, name, folder string, getenv func(string) string) (string, error) {
	switch scheme {
	case "env":
		if v := strings.TrimSpace(getenv(name)); v != "" {
			return v, nil
		}
		return "", avow.Errorf(avow.Invalid, "credentials env:%s: the variable %s is not set; set it to what opens the system", name, name)
	case "file":
		return read("file:"+name, name)
	case "secret":
		if folder == "" {
			return "", avow.Errorf(avow.Invalid, "credentials secret:%s: no folder of secrets is configured", name)
		}
		if name != filepath.Base(name) || !filepath.IsLocal(name) || name == "." {
			return "", avow.Errorf(avow.Invalid, "credentials secret:%s: the name of a secret has no folders in it", name)
		}
		return read("secret:"+name, filepath.Join(folder, name))
	}
	return "", avow.Errorf(avow.Invalid, "credentials are found by env:, file: or secret:; %s: is none of them", scheme)
}

func read(place, path string) (string, error) {
	f, err := os.Open(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", avow.Errorf(avow.Invalid, "credentials %s: there is no file %s; put there what opens the system", place, path)
	case err != nil:
		return "", avow.Errorf(avow.Forbidden, "credentials %s: the file %s cannot be opened; look at its owner and its mode", place, path)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	if err != nil {
		return "", avow.Errorf(avow.Forbidden, "credentials %s: the file %s cannot be read", place, path)
	}
	if len(text) > maxSecret {
		return "", avow.Errorf(avow.TooLarge, "credentials %s: the file %s is larger than %d bytes; it is something else", place, path, maxSecret)
	}
	out := strings.TrimSpace(string(text))
	if out == "" {
		return "", avow.Errorf(avow.Invalid, "credentials %s: the file %s is empty; put there what opens the system", place, path)
	}
	return out, nil
}
