// Command s3server runs a versitygw, a server of S3 that keeps its objects in files, for
// the tests of connect/files: on a free loopback port, with what it keeps in the directory
// that is its argument. With a second argument, a folder that holds server.pem and
// server-key.pem, it speaks TLS. When it answers it prints its address and its two logins
// as one line of JSON, and it runs until its standard input ends, so that it never outlives
// the test that started it.
//
// It is a module of its own because versitygw needs much that avow does not.
package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/versity/versitygw/auth"
	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/embedgw"
)

// answer is what is printed.
type answer struct {
	Endpoint     string `json:"endpoint"`
	Access       string `json:"access-key"` // of the owner, who may do everything
	Secret       string `json:"secret-key"`
	Guest        string `json:"guest-access-key"` // of somebody else, who may do what the policy of a bucket says
	GuestSecret  string `json:"guest-secret-key"`
	certificates string
}

func main() {
	if len(os.Args) < 2 || len(os.Args) > 3 {
		fmt.Fprintln(os.Stderr, "s3server: name the directory for the objects, and the one with certificates")
		os.Exit(2)
	}
	a := &answer{Access: rand.Text()[:20], Secret: rand.Text(), Guest: rand.Text()[:20], GuestSecret: rand.Text()}
	if len(os.Args) == 3 {
		a.certificates = os.Args[2]
	}
	out := os.Stdout
	os.Stdout = os.Stderr // the server speaks of itself
	if err := run(os.Args[1], out, a); err != nil {
		fmt.Fprintln(os.Stderr, "s3server:", err)
		os.Exit(1)
	}
}

func run(dir string, out io.Writer, a *answer) error {
	objects, logins, versions := filepath.Join(dir, "objects"), filepath.Join(dir, "logins"), filepath.Join(dir, "versions")
	for _, d := range []string{objects, logins, versions} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return err
		}
	}
	iam, err := auth.NewInternal(auth.Account{Access: a.Access, Secret: a.Secret, Role: auth.RoleAdmin}, logins)
	if err != nil {
		return err
	}
	if err := iam.CreateAccount(auth.Account{Access: a.Guest, Secret: a.GuestSecret, Role: auth.RoleUser}); err != nil {
		return err
	}
	files, err := posix.New(objects, meta.XattrMeta{}, posix.PosixOpts{VersioningDir: versions})
	if err != nil {
		return err
	}
	port, err := free()
	if err != nil {
		return err
	}
	c := &embedgw.Config{RootUserAccess: a.Access, RootUserSecret: a.Secret, Region: "us-east-1", Ports: []string{port}, IAMService: iam,
		MaxConnections: 1000, MaxRequests: 1000, MultipartMaxParts: 10000, Quiet: true, KeepAlive: true}
	a.Endpoint = "http://" + port
	if a.certificates != "" {
		c.CertFile, c.KeyFile = filepath.Join(a.certificates, "server.pem"), filepath.Join(a.certificates, "server-key.pem")
		a.Endpoint = "https://" + port
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	go func() {
		io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	go a.print(ctx, out, port)
	return embedgw.RunVersityGW(ctx, files, c)
}

// free is a loopback address that nobody listens at; the server does not tell which it took itself.
func free() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// print waits until the server listens.
func (a *answer) print(ctx context.Context, out io.Writer, port string) {
	for ctx.Err() == nil {
		if conn, err := net.Dial("tcp", port); err == nil {
			conn.Close()
			json.NewEncoder(out).Encode(a)
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}
