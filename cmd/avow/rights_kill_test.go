package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
)

const (
	fewRightsKills = 20  // in an ordinary run, on each database
	mostPeople     = 240 // in the systems of one house
)

// TestRightsKilled kills the process at random points while requests are done in three systems: as it
// opens, at a step, in the middle of a change. Now and then a system is away for a while, or its connections are cut. After each
// kill no system is half done; at the end every request is closed, once, and everybody is as they asked, and everybody
// else to the letter as they were.
func TestRightsKilled(t *testing.T) {
	t.Parallel() // most of its time passes while processes start
	points, err := strconv.Atoi(cmp.Or(os.Getenv(killPoints), strconv.Itoa(fewRightsKills)))
	if err != nil || points < 1 {
		t.Fatalf("%s is a number of times", killPoints)
	}
	for _, kind := range storetest.Kinds(t) {
		t.Run(kind.Name, func(t *testing.T) {
			var sum killedCount
			for house := 0; sum.Kills < points; house++ {
				k := newRightsKiller(t, kind.Config(t), house, min(mostPeople, 40+points))
				for !k.idle && k.Kills < points-sum.Kills {
					k.point()
				}
				k.end()
				sum.add(k.killedCount)
			}
			t.Logf("%+v", sum)
			if sum.Kills >= fewRightsKills && (sum.InChange == 0 || sum.InStep == 0) {
				t.Error("no process was killed at a step or in a change: this proves little")
			}
		})
	}
}

// killedCount is what a run came to.
type killedCount struct {
	Kills, Opening   int // processes killed; those of them that opened their rooms still
	InStep, InChange int // killed while a step was done; in the middle of a change of a system
	Away, Cut        int // how often a system was away, and its connections cut
	Requests         int
}

func (c *killedCount) add(o killedCount) {
	c.Kills, c.Opening, c.InStep, c.InChange = c.Kills+o.Kills, c.Opening+o.Opening, c.InStep+o.InStep, c.InChange+o.InChange
	c.Away, c.Cut, c.Requests = c.Away+o.Away, c.Cut+o.Cut, c.Requests+o.Requests
}

// rightsPart is what a process is told.
type rightsPart struct {
	Dir, DSN string
	Asks     []rightsAsk
	Taken    []string // of the asks, what earlier processes acknowledged: kept there, and not asked again
	Rest     bool     // do all, check, and end
}

// rightsAsk is one request that somebody makes.
type rightsAsk struct {
	ID     avow.ID
	Person invented
	Wants  stage // corrected or erased
	Number bool  // they give their member number too
}

// rightsSaid is one line a process says.
type rightsSaid struct {
	Said    string `json:"said"` // opened, begin, end, taken, idle, done, wrong
	What    string `json:"what,omitempty"`
	Change  bool   `json:"change,omitempty"` // of begin and end: a change of a system
	Problem string `json:"problem,omitempty"`
}

// rightsKiller is a house and three systems whose processes are killed.
type rightsKiller struct {
	killedCount
	t     *testing.T
	world *threeSystems
	part  rightsPart
	asked map[invented]stage
	away  map[string]int // for how many processes more
	idle  bool
}

func newRightsKiller(t *testing.T, c store.Config, house, people int) *rightsKiller {
	t.Helper()
	dir := filepath.Join(t.TempDir(), fmt.Sprint("house", house))
	k := &rightsKiller{t: t, world: newThreeSystems(t, dir, people), part: rightsPart{Dir: dir, DSN: c.DSN}, asked: map[invented]stage{}, away: map[string]int{}}
	for p := invented(1); int(p) <= people; p++ {
		wants := []stage{erased, erased, corrected, erased, before, erased, before}[int(p)%7]
		if p%11 == 0 {
			wants = erased
		}
		if wants == before {
			continue
		}
		k.asked[p] = wants
		for range 1 + int(p)%10/9 { // some ask twice
			k.part.Asks = append(k.part.Asks, rightsAsk{avow.NewID(time.Now()), p, wants, p%6 == 0})
		}
	}
	k.Requests = len(k.part.Asks)
	return k
}

// point starts a process and kills it.
func (k *rightsKiller) point() {
	k.t.Helper()
	k.weather()
	cmd, out := k.start()
	kill := func() { cmd.Process.Kill() }
	inChange := rand.N(3) == 0
	if rand.N(10) == 0 {
		time.AfterFunc(rand.N(120*time.Millisecond), kill)
	}
	defer time.AfterFunc(2*time.Second, kill).Stop() // what waits for a system that is away says little
	left := 1 + rand.N(60)
	if inChange {
		left = 1 + rand.N(12)
	}
	began, opened := map[bool]int{}, false
	err := k.listen(cmd, out, func(s rightsSaid) {
		switch s.Said {
		case "opened":
			opened = true
		case "begin":
			began[s.Change]++
		case "end":
			began[s.Change]--
		}
		if inChange && !(s.Said == "begin" && s.Change) {
			return
		}
		if left--; left == 0 {
			if inChange {
				time.AfterFunc(rand.N(4*time.Millisecond), kill)
			} else {
				time.AfterFunc(rand.N(12*time.Millisecond), kill)
			}
		}
	})
	if k.idle {
		if err != nil {
			k.t.Fatal(err)
		}
		return
	}
	k.Kills++
	if !opened {
		k.Opening++
	}
	if began[false] > 0 {
		k.InStep++
	}
	if began[true] > 0 {
		k.InChange++
	}
	k.look()
}

// weather has systems go away for some processes, and come back.
func (k *rightsKiller) weather() {
	for system := range systemTables {
		n, gone := k.away[system]
		switch {
		case gone && n == 0:
			k.world.setAway(system, false)
			delete(k.away, system)
		case gone:
			k.away[system]--
		case rand.N(25) == 0:
			k.away[system] = 1 + rand.N(2)
			k.world.setAway(system, true)
			k.Away++
		case rand.N(12) == 0 && k.world.lines[system] != nil:
			k.Cut++
			time.AfterFunc(rand.N(600*time.Millisecond), k.world.lines[system].cut)
		}
	}
}

// look looks into the systems, as anybody can between two processes. Sometimes it does not, so that the next
// process finds them as the last one left them.
func (k *rightsKiller) look() {
	k.t.Helper()
	for system := range systemTables {
		if _, gone := k.away[system]; gone && k.world.lines[system] == nil || rand.N(2) == 0 {
			continue
		}
		if err := k.world.look(system, k.asked); err != nil {
			k.t.Fatalf("after %d kills: %v", k.Kills, err)
		}
	}
}

// end has a last process do what is left, and looks at everything.
func (k *rightsKiller) end() {
	k.t.Helper()
	for system := range k.away {
		k.world.setAway(system, false)
	}
	k.part.Rest = true
	cmd, out := k.start()
	if err := k.listen(cmd, out, func(rightsSaid) {}); err != nil {
		k.t.Fatalf("the last process: %v", err)
	}
	if err := k.world.finished(k.asked); err != nil {
		k.t.Error(err)
	}
	k.traces()
}

func (k *rightsKiller) start() (*exec.Cmd, io.Reader) {
	k.t.Helper()
	part, err := json.Marshal(k.part)
	if err != nil {
		k.t.Fatal(err)
	}
	file := filepath.Join(k.part.Dir, "part.json")
	k.world.write(file, string(part))
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(append(os.Environ(), role+"=rights", killedVariable+"="+file), k.world.env...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		k.t.Fatal(err)
	}
	return cmd, out
}

// listen takes down what a process says until it ends.
func (k *rightsKiller) listen(cmd *exec.Cmd, out io.Reader, heard func(rightsSaid)) error {
	k.t.Helper()
	for lines := bufio.NewScanner(out); lines.Scan(); {
		var s rightsSaid
		if err := json.Unmarshal(lines.Bytes(), &s); err != nil {
			break // cut short
		}
		switch s.Said {
		case "wrong":
			k.t.Errorf("after %d kills: %s", k.Kills, s.Problem)
		case "taken":
			k.part.Taken = append(k.part.Taken, s.What)
		case "idle":
			k.idle = true
		}
		heard(s)
	}
	err := cmd.Wait()
	if k.t.Failed() {
		k.t.FailNow()
	}
	return err
}

// traces: of who was erased and of what was corrected nothing can be read in avow's own database and files.
func (k *rightsKiller) traces() {
	k.t.Helper()
	all := k.kept()
	for p := range k.asked {
		for _, text := range []string{p.email(), p.name(), p.renamed(), p.member(), p.phone()} {
			if bytes.Contains(all, []byte(text)) || bytes.Contains(all, []byte(hex.EncodeToString([]byte(text)))) {
				k.t.Fatalf("%q can be read in avow's own records", text)
			}
		}
	}
}

// kept is everything avow keeps, in one text: its files, and the tables of a server.
func (k *rightsKiller) kept() (all []byte) {
	k.t.Helper()
	err := filepath.WalkDir(filepath.Join(k.part.Dir, "data"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		all = append(all, b...)
		return err
	})
	if err == nil && k.part.DSN != "" {
		all, err = k.dump(all)
	}
	if err != nil {
		k.t.Fatal(err)
	}
	if len(all) < 100_000 {
		k.t.Fatalf("only %d bytes are kept: nothing was looked at", len(all))
	}
	return all
}

func (k *rightsKiller) dump(all []byte) ([]byte, error) {
	db, err := sql.Open("pgx", k.part.DSN)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	tx, err := db.BeginTx(context.Background(), nil)
	if err != nil {
		return nil, err
	}
	defer tx.Rollback()
	tables, err := texts(tx, `SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()`)
	for _, table := range tables {
		if err != nil {
			return nil, err
		}
		var rows [][]string
		rows, err = texts(tx, `SELECT t::text FROM `+quoted(table[0])+` t`)
		for _, r := range rows {
			all = append(append(all, r[0]...), '\n')
		}
	}
	return all, err
}

// line stands between a process and a server, and can be cut.
type line struct {
	server string
	mu     sync.Mutex
	away   bool
	open   map[net.Conn]bool
}

var dsnHost = regexp.MustCompile(`@(?:tcp\()?([^/)]+)`)

// newLine lays a line to the server of a connection string, and gives the string that leads through it.
func newLine(t *testing.T, dsn string) (*line, string) {
	t.Helper()
	at := dsnHost.FindStringSubmatchIndex(dsn)
	if at == nil {
		t.Fatal("a server for tests is named with its port")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &line{server: dsn[at[2]:at[3]], open: map[net.Conn]bool{}}
	t.Cleanup(func() { listener.Close(); l.set(true) })
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			go l.join(c)
		}
	}()
	return l, dsn[:at[2]] + listener.Addr().String() + dsn[at[3]:]
}

func (l *line) join(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", l.server)
	if err != nil {
		return
	}
	defer server.Close()
	if !l.keep(client, server) {
		return
	}
	go func() {
		io.Copy(client, server)
		client.Close()
	}()
	io.Copy(server, client)
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.open, client)
	delete(l.open, server)
}

func (l *line) keep(conns ...net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range conns {
		l.open[c] = !l.away
	}
	return !l.away
}

// set takes the server away, or gives it back.
func (l *line) set(away bool) {
	l.mu.Lock()
	l.away = away
	l.mu.Unlock()
	if away {
		l.cut()
	}
}

// cut ends every connection.
func (l *line) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.open {
		c.Close()
	}
}
