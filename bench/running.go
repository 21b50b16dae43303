package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// withAvow builds the program where a part needs it and none is named, and removes it afterwards.
func withAvow(c config, wanted func(part string) bool, do func(config) error) error {
	if c.binary != "" || !wanted("http") && !wanted("starts") {
		return do(c)
	}
	progress("building avow")
	dir, err := os.MkdirTemp("", "avow-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if c.binary, err = buildAvow(dir); err != nil {
		return fmt.Errorf("building avow: %w", err)
	}
	return do(c)
}

// buildAvow builds the program as `make build` does.
func buildAvow(dir string) (string, error) {
	binary := filepath.Join(dir, "avow")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", binary, "./cmd/avow")
	cmd.Dir, cmd.Env = "..", append(os.Environ(), "CGO_ENABLED=0")
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	return binary, cmd.Run()
}

// running is a server process, `avow serve`.
type running struct {
	cmd    *exec.Cmd
	addr   string
	began  time.Time
	filled chan time.Duration // after the start, when its gates are
}

// startAvow starts a server on a directory, which need not be there. It returns at
// once: the port is known beforehand.
func startAvow(binary, dir string, more ...string) (*running, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	r := &running{addr: fmt.Sprintf("127.0.0.1:%d", port), filled: make(chan time.Duration, 1)}
	r.cmd = exec.Command(binary, append([]string{"serve", "--data", dataOf(dir), "--keys", keysOf(dir), "--listen", r.addr, "--metrics", ""}, more...)...)
	log, err := r.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	r.began = time.Now()
	if err := r.cmd.Start(); err != nil {
		return nil, err
	}
	go r.listen(bufio.NewScanner(log))
	return r, nil
}

// listen reads what the server says until it has no more to say.
func (r *running) listen(lines *bufio.Scanner) {
	for lines.Scan() {
		var said struct{ Msg, Level, Error string }
		if json.Unmarshal(lines.Bytes(), &said) != nil || said.Level == "ERROR" {
			fmt.Fprintf(os.Stderr, "avow: %s\n", lines.Bytes())
		}
		if said.Msg == "the gates are filled" {
			r.filled <- time.Since(r.began)
		}
	}
}

// ready waits until the server says that requests may come, and tells how long that took from its start.
func (r *running) ready() (time.Duration, error) {
	for time.Since(r.began) < time.Minute {
		answer, err := http.Get("http://" + r.addr + "/readyz")
		if err == nil {
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return time.Since(r.began), nil
			}
		}
		time.Sleep(time.Millisecond)
	}
	return 0, fmt.Errorf("the server is not ready after a minute")
}

// stop asks the server to end, and waits.
func (r *running) stop() error {
	if err := r.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return r.cmd.Wait()
}

// memory is the part of the process that is in memory, in bytes.
func (r *running) memory() (int64, error) { return memoryOf(r.cmd.Process.Pid, "VmRSS:") }

// filed is the part of that which are pages of the program's file, and others: the system has them once for all who read them.
func (r *running) filed() (int64, error) { return memoryOf(r.cmd.Process.Pid, "RssFile:") }

// memoryOf is a line of what the system tells of a process, in bytes.
func memoryOf(pid int, line string) (int64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for each := range strings.Lines(string(b)) {
		if f := strings.Fields(each); len(f) == 3 && f[0] == line {
			kilobytes, err := strconv.ParseInt(f[1], 10, 64)
			return kilobytes << 10, err
		}
	}
	return 0, fmt.Errorf("the system does not tell how large the process is")
}

// spent is the time of the processor that the process has used, to a hundredth of a second.
func (r *running) spent() time.Duration {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", r.cmd.Process.Pid))
	_, rest, _ := strings.Cut(string(b), ") ")
	f := strings.Fields(rest)
	if err != nil || len(f) < 13 {
		return 0 // it has ended, and whoever asks it will say so
	}
	user, _ := strconv.ParseInt(f[11], 10, 64)
	system, _ := strconv.ParseInt(f[12], 10, 64)
	return time.Duration(user+system) * 10 * time.Millisecond
}
