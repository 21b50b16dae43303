package intake_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/collect/collecttest"
	"github.com/avowhq/avow/collect/intake"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
)

// people is a file of many people, each of whom gave a consent.
func people(n int) string {
	var b strings.Builder
	b.WriteString(consented)
	for i := range n {
		fmt.Fprintf(&b, "p%d@mail.example,Person %d,yes,2025-06-01,%s,yes\n", i, i, ground)
	}
	return b.String()
}

// half stages a file and stops after the first chunk.
func (h *house) half(text string) avow.ID {
	h.TB.Helper()
	ctx, cancel := context.WithCancel(bg)
	defer cancel()
	o := from("you")
	o.Progress = func(doing intake.State, _ int) {
		if doing == intake.Staging {
			cancel()
		}
	}
	if _, err := h.desk.Stage(ctx, file(text), o); avow.KindOf(err) != avow.Canceled {
		h.TB.Fatal(err)
	}
	list, err := h.desk.List(bg)
	h.Check(err)
	if list[0].State != intake.Staging || list[0].People == 0 || list[0].People == strings.Count(text, "\n")-1 {
		h.TB.Fatalf("%+v", list[0])
	}
	return list[0].ID
}

func TestStagingGoesOn(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		text := people(1700)
		id := h.half(text)
		h.restart()
		r := h.stage(text, from("you"))
		if r.ID != id {
			t.Error("it began anew")
		}
		h.whole(r, 1700)
	})
}

// whole: nothing twice, nothing lost.
func (h *house) whole(r *intake.Report, n int) {
	h.TB.Helper()
	if r.State != intake.Staged || r.Lines != n || r.Accepted != n || r.People != n || r.Errors != 0 {
		h.TB.Errorf("%s: %d lines, %d accepted, %d people, %d errors", r.State, r.Lines, r.Accepted, r.People, r.Errors)
	}
	if got := h.count("vault_imported"); got != n {
		h.TB.Errorf("%d people are staged", got)
	}
	h.flip(r.ID)
	h.settle(r.ID)
	h.allThere(n)
}

// allThere: each person is there once, with what the file says of them and one event of each kind.
func (h *house) allThere(n int) {
	h.TB.Helper()
	if got := h.count("vault_subjects"); got != n {
		h.TB.Errorf("%d people are there", got)
	}
	perPerson := map[ledger.Type]map[avow.ID]int{ledger.Imported: {}, ledger.ConsentGiven: {}}
	h.Check(h.DB.Read(bg, func(tx *store.Tx) error {
		for from := int64(0); ; from += 1000 {
			list, err := h.Ledger.Read(tx, from, 1000)
			if err != nil || len(list) == 0 {
				return err
			}
			for _, e := range list {
				if perPerson[e.Type] != nil {
					perPerson[e.Type][e.Subject]++
				}
			}
		}
	}))
	for i := range n {
		found := h.found(vault.Email, fmt.Sprintf("p%d@mail.example", i))
		if len(found) != 1 || perPerson[ledger.Imported][found[0].Subject] != 1 || perPerson[ledger.ConsentGiven][found[0].Subject] != 1 {
			h.TB.Fatalf("person %d: %v", i, found)
		}
	}
	for _, i := range []int{0, n / 2, n - 1} {
		address := fmt.Sprintf("p%d@mail.example", i)
		if got := h.values(h.one(address)); !strings.Contains(got["contact.name"], fmt.Sprintf("Person %d", i)) || !h.send(address, "newsletter") {
			h.TB.Errorf("person %d: %v", i, got)
		}
	}
}

// What the killed program is told by its environment.
const (
	childPath, childDSN, childDir, childDoes = "AVOW_INTAKE_TEST_PATH", "AVOW_INTAKE_TEST_DSN", "AVOW_INTAKE_TEST_DIR", "AVOW_INTAKE_TEST_DOES"
	killedPeople                             = 3000
)

func TestMain(m *testing.M) {
	if os.Getenv(childDir) != "" {
		stageAndTell()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// stageAndTell is a program that imports a file and says how far it is, until it is killed.
func stageAndTell() {
	c := store.Config{Path: os.Getenv(childPath), DSN: os.Getenv(childDSN)}
	h := &house{House: collecttest.On(&testing.B{}, c, os.Getenv(childDir), begin)}
	h.open()
	o := from("you")
	o.Progress = func(doing intake.State, line int) { fmt.Println(doing, line) }
	if os.Getenv(childDoes) == "settle" {
		fmt.Println(intake.Flipped)
		if err := h.desk.SettleAll(bg); err != nil {
			panic(err)
		}
		return
	}
	if _, err := h.desk.Stage(bg, file(people(killedPeople)), o); err != nil {
		panic(err)
	}
}

// The program that stages a file is killed again and again, each time a little later;
// what it said was kept is there, and the next one goes on.
func TestKilledWhileStaging(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.Check(h.Vault.Close())
		h.Check(h.DB.Close())
		for kills := 0; ; kills++ {
			if done := h.child("stage", string(intake.Staging), 2, 0); done { // the third chunk is on its way
				if kills < 3 {
					t.Errorf("it was killed %d times only", kills)
				}
				break
			}
		}
		h.open()
		h.whole(h.stage(people(killedPeople), from("you")), killedPeople)
		h.sound()
	})
}

// Killed while people are brought together with those who were there.
func TestKilledWhileSettling(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		for i := 0; i < killedPeople; i += 100 { // some were there
			h.claim(fmt.Sprintf("p%d@mail.example", i))
		}
		id := h.stage(people(killedPeople), from("you")).ID
		h.flip(id)
		h.Check(h.Vault.Close())
		h.Check(h.DB.Close())
		for wait := 10 * time.Millisecond; !h.child("settle", string(intake.Flipped), 1, wait); wait *= 2 {
			if wait > 10*time.Minute {
				t.Fatal("it never ends")
			}
		}
		h.open()
		r, err := h.desk.Report(bg, id)
		h.Check(err)
		if r.State != intake.Settled {
			t.Errorf("%+v", r)
		}
		h.allThere(killedPeople)
		h.sound()
	})
}

// child runs the program, and kills it a while after it has said something so many times.
func (h *house) child(does, says string, times int, wait time.Duration) (done bool) {
	h.TB.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+h.Dir, childPath+"="+h.Config.Path, childDSN+"="+h.Config.DSN, childDoes+"="+does)
	out, err := cmd.StdoutPipe()
	h.Check(err)
	cmd.Stderr = os.Stderr
	h.Check(cmd.Start())
	lines := bufio.NewScanner(out)
	for said := 0; lines.Scan(); {
		if strings.HasPrefix(lines.Text(), says) {
			if said++; said == times {
				time.Sleep(wait)
				cmd.Process.Kill() // unless it has ended
			}
		}
	}
	return cmd.Wait() == nil
}
