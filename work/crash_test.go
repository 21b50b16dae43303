package work_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/work"
)

const (
	childPath = "AVOW_WORK_TEST_CHILD_PATH"
	childDSN  = "AVOW_WORK_TEST_CHILD_DSN"
	childDir  = "AVOW_WORK_TEST_CHILD_DIR"
)

// kills is how often a child is killed on each database.
const kills = 10

// TestMain is also the process that TestKilled kills.
func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		child(store.Config{Path: os.Getenv(childPath), DSN: os.Getenv(childDSN)}, dir)
	}
	os.Exit(m.Run())
}

// child appends events and runs effects on them until it is killed. It fails the
// process, not a test, so it brings a testing.TB of its own.
func child(c store.Config, dir string) {
	tb := &process{}
	n := open(tb, c, dir, short())
	n.register()
	must(tb, n.Start(context.Background()))
	fmt.Println("started")
	for {
		n.append(1 + rand.N(40))
		time.Sleep(time.Duration(rand.N(4)) * time.Millisecond)
	}
}

// short has a lease that ends well before the next kill.
func short() work.Config {
	wc := quick()
	wc.Lease = 300 * time.Millisecond
	return wc
}

// register has two effects, one of which fails and panics now and then.
func (n *node) register() {
	n.Effect("tell", withdrawals, row("tell"))
	n.Effect("flaky", withdrawals, func(tx *store.Tx, e ledger.Entry) error {
		if err := row("flaky")(tx, e); err != nil {
			return err
		}
		switch rand.N(40) {
		case 0:
			return avow.Errorf(avow.Refused, "on purpose")
		case 1:
			panic("on purpose")
		}
		return nil
	})
}

// process is the testing.TB of a child: what fails ends the process.
type process struct{ testing.TB }

func (p *process) Helper()        {}
func (p *process) Cleanup(func()) {}
func (p *process) Fatal(args ...any) {
	fmt.Println(append([]any{"fatal:"}, args...)...)
	os.Exit(1)
}

// A process killed while it appends and follows: each effect's rows are there once an event.
func TestKilled(t *testing.T) {
	each(t, func(t *testing.T, c store.Config, dir string) {
		n := open(t, c, dir, short())
		for range kills {
			killSoon(t, c, dir)
		}
		n.register()
		n.start()
		for _, name := range []string{"tell", "flaky"} {
			until(t, name+" at the head", func() bool {
				for _, f := range n.state(name).Failures { // a dead letter failed by bad luck
					if f.State == "dead" {
						must(t, n.Retry(t.Context(), name, f.Event))
					}
				}
				s := n.state(name)
				return s.Lag == 0 && s.Waiting == 0 && s.Dead == 0
			})
			n.once(name, ledger.ConsentWithdrawn)
		}
		n.settled("tell", "flaky")
		t.Logf("%d events", len(n.events(ledger.ConsentWithdrawn)))
	})
}

func killSoon(t *testing.T, c store.Config, dir string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childPath+"="+c.Path, childDSN+"="+c.DSN, childDir+"="+dir)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if lines.Text() == "started" {
			time.Sleep(rand.N(800 * time.Millisecond)) // the one before it is taken for gone within
			must(t, cmd.Process.Kill())
			continue
		}
		t.Errorf("the child says: %s", lines.Text())
	}
	if err := cmd.Wait(); err == nil {
		t.Error("the child ended by itself")
	}
}
