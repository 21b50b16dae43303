package connecttest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Authority is a certificate authority of a test's own. Its certificates are files in
// Dir, in PEM: `ca.pem`, and for each that is issued `NAME.pem`, `NAME-key.pem` and both in `NAME-both.pem`.
type Authority struct {
	Dir string

	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// NewAuthority makes an authority.
func NewAuthority(tb testing.TB) *Authority {
	tb.Helper()
	a := &Authority{Dir: tb.TempDir(), key: newKey(tb)}
	a.cert = &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "avow test authority " + rand.Text()},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, a.cert, a.cert, &a.key.PublicKey, a.key)
	if err != nil {
		tb.Fatal(err)
	}
	a.write(tb, "ca.pem", block("CERTIFICATE", der))
	return a
}

// File is the path of one of the authority's files.
func (a *Authority) File(name string) string { return filepath.Join(a.Dir, name) }

// Issue makes a certificate for servers and clients: it is for a common name, and for
// hosts by their names or addresses, until a moment.
func (a *Authority) Issue(tb testing.TB, file, common string, until time.Time, hosts ...string) {
	tb.Helper()
	key := newKey(tb)
	cert := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: common},
		NotBefore: until.Add(-2 * time.Hour), NotAfter: until, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			cert.IPAddresses = append(cert.IPAddresses, ip)
		} else {
			cert.DNSNames = append(cert.DNSNames, host)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, cert, a.cert, &key.PublicKey, a.key)
	if err != nil {
		tb.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		tb.Fatal(err)
	}
	public, secret := block("CERTIFICATE", der), block("PRIVATE KEY", private)
	a.write(tb, file+".pem", public)
	a.write(tb, file+"-key.pem", secret)
	a.write(tb, file+"-both.pem", public+secret)
}

func (a *Authority) write(tb testing.TB, name, text string) {
	tb.Helper()
	if err := os.WriteFile(a.File(name), []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
}

func newKey(tb testing.TB) *ecdsa.PrivateKey {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

func block(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

// StartServer starts a server of the test's own by scripts/NAME.sh and gives what the script prints, the
// connection string. With certificates (a folder as Authority makes one, with a server's) it
// speaks TLS. Where the server is not installed it is not there, and the test says so;
// with AVOW_TEST_REQUIRE=1 that fails.
func StartServer(tb testing.TB, name, certificates string) (dsn string, there bool) {
	tb.Helper()
	dir, err := os.MkdirTemp("/tmp", "avow-"+name) // another user runs the server, who does not reach tb.TempDir
	if err != nil {
		tb.Fatal(err)
	}
	arguments := []string{script(tb, name), "start", dir}
	if certificates != "" {
		arguments = append(arguments, certificates)
	}
	var words strings.Builder
	start := exec.Command("sh", arguments...)
	start.Stderr = &words
	out, err := start.Output()
	if err != nil {
		os.RemoveAll(dir)
		if strings.Contains(words.String(), "is not installed") && os.Getenv("AVOW_TEST_REQUIRE") != "1" {
			tb.Logf("NOT TESTED: %s", words.String())
			return "", false
		}
		tb.Fatalf("%s did not start: %v\n%s", name, err, words.String())
	}
	tb.Cleanup(func() {
		if out, err := exec.Command("sh", script(tb, name), "stop", dir).CombinedOutput(); err != nil {
			tb.Errorf("%s did not stop: %v\n%s", name, err, out)
		}
	})
	return strings.TrimSpace(string(out)), true
}

// script is the path of a script of the project.
func script(tb testing.TB, name string) string {
	tb.Helper()
	return above(tb, filepath.Join("scripts", name+".sh"))
}
