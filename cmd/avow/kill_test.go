package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
)

// killPoints names the variable that says how many times TestKilled kills on each
// database; `make kill` sets ten thousand.
const killPoints = "AVOW_TEST_KILLS"

const (
	fewKills   = 20   // in an ordinary run
	houseKills = 1000 // points after which a new house is begun
)

// TestKilled kills the process at random points, under load and while it opens its
// rooms. The next process first checks what the last one acknowledged: no event is
// lost and none is there twice, every fold is as its events say, the log passes the
// audit, and who was erased is gone.
func TestKilled(t *testing.T) {
	t.Parallel() // most of its time passes while processes start
	points, err := strconv.Atoi(cmp.Or(os.Getenv(killPoints), strconv.Itoa(fewKills)))
	if err != nil || points < 1 {
		t.Fatalf("%s is a number of times", killPoints)
	}
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		for done := 0; done < points; done += houseKills {
			k := newKiller(t, c, fmt.Sprint("house", done))
			for range min(points-done, houseKills) {
				k.point()
			}
			k.end()
			t.Logf("%d processes killed, %d of them while they opened; %d events acknowledged, %d in the log", k.kills, k.opening, k.kept, k.size)
			if min(points, houseKills) >= fewKills && k.kept < k.kills {
				t.Errorf("only %d events were acknowledged: this proves little", k.kept)
			}
			if c.DSN != "" && done+houseKills < points {
				c = storetest.PostgreSQL(t)
			}
		}
	})
}

// killer is a house whose processes are killed.
type killer struct {
	t             *testing.T
	dir           string
	part          killedPart
	journal       []step // what the processes since the last check said
	kills, kept   int
	opening       int
	size, checked int64
}

// killedPart is what a process is told.
type killedPart struct {
	Data, Keys, DSN string
	Run             int
	Since           int64  // the events before this one have been checked
	Journal         string // a file of steps to check
	Rest            bool   // check, and end
}

// step is one line a process says: something it begins, or something it has been told is kept.
type step struct {
	Said    string `json:"said"` // begin, kept, checked, wrong
	Op      string `json:"op,omitempty"`
	Kind    string `json:"kind,omitempty"`
	Who     string `json:"who,omitempty"` // an address that names nobody real
	Event   string `json:"event,omitempty"`
	Index   int64  `json:"index,omitempty"`
	Problem string `json:"problem,omitempty"`
}

func newKiller(t *testing.T, c store.Config, name string) *killer {
	t.Helper()
	dir := filepath.Join(t.TempDir(), name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return &killer{t: t, dir: dir, part: killedPart{Data: filepath.Join(dir, "data"), Keys: filepath.Join(dir, "keys"), DSN: c.DSN,
		Journal: filepath.Join(dir, "journal")}}
}

// point starts a process and kills it: mostly under load, sometimes while it opens.
func (k *killer) point() {
	k.t.Helper()
	cmd, out := k.start()
	if rand.N(8) == 0 {
		k.opening++
		time.AfterFunc(rand.N(80*time.Millisecond), func() { cmd.Process.Kill() })
	}
	lines := 1 + rand.N(60)
	k.listen(cmd, out, func() {
		if lines--; lines == 0 {
			time.AfterFunc(rand.N(2*time.Millisecond), func() { cmd.Process.Kill() })
		}
	})
	k.kills++
}

// end has a last process check what is left, and end by itself.
func (k *killer) end() {
	k.t.Helper()
	k.part.Rest = true
	cmd, out := k.start()
	if err := k.listen(cmd, out, func() {}); err != nil {
		k.t.Errorf("the last process: %v", err)
	}
}

func (k *killer) start() (*exec.Cmd, io.Reader) {
	k.t.Helper()
	k.part.Run++
	k.part.Since = k.checked
	b, err := json.Marshal(k.journal)
	if err == nil {
		err = os.WriteFile(k.part.Journal, b, 0o600)
	}
	if err != nil {
		k.t.Fatal(err)
	}
	part, err := json.Marshal(k.part)
	if err != nil {
		k.t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), role+"=killed", killedVariable+"="+string(part))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		k.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		k.t.Fatal(err)
	}
	return cmd, out
}

// listen takes down what a process says until it ends, and calls heard at each line.
func (k *killer) listen(cmd *exec.Cmd, out io.Reader, heard func()) error {
	k.t.Helper()
	for lines := bufio.NewScanner(out); lines.Scan(); {
		var s step
		if err := json.Unmarshal(lines.Bytes(), &s); err != nil {
			if strings.HasSuffix(lines.Text(), "}") {
				k.t.Fatalf("a process says %q", lines.Text())
			}
			break // cut short
		}
		switch s.Said {
		case "wrong":
			k.t.Errorf("after %d kills: %s", k.kills, s.Problem)
		case "checked":
			k.journal, k.size = nil, s.Index
			k.checked = s.Index
		default:
			if s.Said == "kept" {
				k.kept++
			}
			k.journal = append(k.journal, s)
		}
		heard()
	}
	err := cmd.Wait()
	if k.t.Failed() {
		k.t.FailNow()
	}
	return err
}
