package connecttest

import (
	"bufio"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// Program builds the program of a nested module of the project (`connect/mongo/ferret`),
// once for each version of it, and returns its file. Where it cannot be built the test
// fails; without says what then is not there.
func Program(tb testing.TB, dir, without string) string {
	tb.Helper()
	at := above(tb, filepath.Join(filepath.FromSlash(dir), "go.mod"))
	hash := sha256.New()
	io.WriteString(hash, runtime.Version()+runtime.GOOS+runtime.GOARCH)
	for _, name := range []string{"go.mod", "go.sum", "main.go"} {
		text, err := os.ReadFile(filepath.Join(filepath.Dir(at), name))
		if err != nil {
			tb.Fatal(err)
		}
		hash.Write(text)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	cache = filepath.Join(cache, "avow-test")
	program := filepath.Join(cache, filepath.Base(dir)+"-"+hex.EncodeToString(hash.Sum(nil)[:8]))
	if _, err := os.Stat(program); err == nil {
		return program
	}
	if err := os.MkdirAll(cache, 0o700); err != nil {
		tb.Fatal(err)
	}
	build(tb, filepath.Dir(at), program, without)
	return program
}

func build(tb testing.TB, dir, program, without string) {
	tb.Helper()
	made := program + "." + strings.ToLower(rand.Text())
	defer os.Remove(made)
	cmd := exec.Command("go", "build", "-o", made, ".")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=-buildvcs=false")
	if out, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("%s cannot be built, and %s: %v\n%s", filepath.Base(dir), without, err, out)
	}
	if err := os.Rename(made, program); err != nil {
		tb.Fatal(err)
	}
}

// RunProgram runs a program until the test ends, whose standard input then ends too, and
// returns the first line that it prints.
func RunProgram(tb testing.TB, program string, arguments ...string) (line string, kill func()) {
	tb.Helper()
	cmd := exec.Command(program, arguments...)
	stdin, err1 := cmd.StdinPipe()
	stdout, err2 := cmd.StdoutPipe()
	if err1 != nil || err2 != nil {
		tb.Fatal(err1, err2)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { stdin.Close(); io.Copy(io.Discard, stdout); cmd.Wait() })
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		tb.Fatalf("%s did not start: %v", filepath.Base(program), err)
	}
	return strings.TrimSpace(line), func() { cmd.Process.Kill() }
}

// above finds a file of the project in a folder above the test.
func above(tb testing.TB, name string) string {
	tb.Helper()
	dir, err := os.Getwd()
	if err != nil {
		tb.Fatal(err)
	}
	for {
		found := filepath.Join(dir, name)
		if _, err := os.Stat(found); err == nil {
			return found
		}
		if filepath.Dir(dir) == dir {
			tb.Fatalf("%s was not found above the test", name)
		}
		dir = filepath.Dir(dir)
	}
}
