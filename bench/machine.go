package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// machine is how the machine was when a part began: who reads the numbers has to know who else was at work.
type machine struct {
	part string
	load string        // of the last minute, as the system tells it
	disk time.Duration // median of a write of 4 KiB that waits for the disk
}

const diskWrites = 200

func lookAround(dir, part string) (machine, error) {
	m := machine{part: part, load: "unknown"}
	if b, err := os.ReadFile("/proc/loadavg"); err == nil {
		m.load, _, _ = strings.Cut(string(b), " ")
	}
	if dir == "" {
		dir = os.TempDir()
	}
	f, err := os.Create(filepath.Join(dir, fmt.Sprintf("avow-bench-disk-%d", os.Getpid())))
	if err != nil {
		return m, err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	waited, page := make([]time.Duration, diskWrites), make([]byte, 4096)
	for i := range waited {
		began := time.Now()
		if _, err := f.Write(page); err != nil {
			return m, err
		}
		if err := f.Sync(); err != nil {
			return m, err
		}
		waited[i] = time.Since(began)
	}
	m.disk = middle(waited)
	return m, nil
}
