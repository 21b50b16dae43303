//go:build unix

package store_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
)

const (
	childPath = "AVOW_STORE_TEST_CHILD_PATH"
	childDSN  = "AVOW_STORE_TEST_CHILD_DSN"
	childRun  = "AVOW_STORE_TEST_CHILD_RUN"
)

// TestMain is also the process that TestKilled kills.
func TestMain(m *testing.M) {
	if run := os.Getenv(childRun); run != "" {
		child(store.Config{Path: os.Getenv(childPath), DSN: os.Getenv(childDSN)}, run)
	}
	if name := os.Getenv(childState); name != "" {
		inState(name, os.Getenv(childPath))
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// child writes pairs of rows from many goroutines and prints the name of each pair that was acknowledged.
func child(c store.Config, run string) {
	db, err := store.Open(context.Background(), c)
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := 0; ; i++ {
				name := fmt.Sprintf("%s-%d-%d", run, g, i)
				err := db.Write(context.Background(), func(tx *store.Tx) error {
					if err := add(tx, name); err != nil {
						return err
					}
					return add(tx, name+"-twin")
				})
				if err != nil {
					fmt.Println("error", err)
					os.Exit(1)
				}
				fmt.Println("kept", name)
			}
		})
	}
	wg.Wait()
}

// A process killed while it writes: what it acknowledged is there, and every pair is whole.
func TestKilled(t *testing.T) {
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		db := storetest.OpenConfig(t, c)
		things(t, db)
		kept := 0
		for run := range 6 {
			acknowledged := killedAfter(t, c, fmt.Sprintf("run%d", run), 40*(run+1))
			got := names(t, db)
			for _, name := range acknowledged {
				if _, ok := slices.BinarySearch(got, name); !ok {
					t.Errorf("%s was acknowledged and is gone", name)
				}
			}
			for _, name := range got {
				if twin, ok := strings.CutSuffix(name, "-twin"); ok {
					name = twin
				} else {
					name += "-twin"
				}
				if _, ok := slices.BinarySearch(got, name); !ok {
					t.Errorf("half a pair: %s is missing", name)
				}
			}
			kept += len(acknowledged)
		}
		if kept < 6*40 {
			t.Errorf("only %d pairs were acknowledged", kept)
		}
	})
}

// killedAfter starts a child, kills it once it has acknowledged n pairs, and gives all that it had acknowledged.
func killedAfter(t *testing.T, c store.Config, run string, n int) (acknowledged []string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childPath+"="+c.Path, childDSN+"="+c.DSN, childRun+"="+run)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		name, ok := strings.CutPrefix(lines.Text(), "kept ")
		if !ok {
			t.Errorf("the child says: %s", lines.Text())
		}
		acknowledged = append(acknowledged, name)
		if len(acknowledged) == n {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err == nil {
		t.Error("the child ended by itself")
	}
	return acknowledged
}
