package intake_test

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/avowhq/avow/collect/intake"
	"github.com/avowhq/avow/store/storetest"
)

// manyPeople is a file as large as one wants, without its bytes: line by line of equal length.
type manyPeople int64

const manyLine = "p%09d@mail.example,Person %09d,yes,2025-06-01,Form of the old shop,yes\n"

func (n manyPeople) size() int64 {
	return int64(len(consented)) + int64(n)*int64(len(fmt.Sprintf(manyLine, 0, 0)))
}

func (n manyPeople) ReadAt(b []byte, off int64) (read int, err error) {
	length := int64(len(fmt.Sprintf(manyLine, 0, 0)))
	for read < len(b) {
		at := off + int64(read)
		var line string
		switch i := (at - int64(len(consented))) / length; {
		case at < int64(len(consented)):
			line = consented[at:]
		case at >= n.size():
			return read, io.EOF
		default:
			line = fmt.Sprintf(manyLine, i, i)[(at-int64(len(consented)))%length:]
		}
		read += copy(b[read:], line)
	}
	return read, nil
}

// BenchmarkImport imports AVOW_IMPORT_ROWS people (20,000 when it is not set) and says
// how many a second, and how much memory the program took from the system:
//
//	AVOW_IMPORT_ROWS=1000000 go test -run - -bench Import -benchtime 1x -timeout 2h ./collect/intake
func BenchmarkImport(b *testing.B) {
	rows, err := strconv.Atoi(os.Getenv("AVOW_IMPORT_ROWS"))
	if err != nil {
		rows = 20_000
	}
	for _, kind := range storetest.Kinds(b) {
		b.Run(kind.Name, func(b *testing.B) {
			for range b.N {
				importMany(b, newHouse(b, kind.Config(b)), manyPeople(rows))
			}
		})
	}
}

func importMany(b *testing.B, h *house, rows manyPeople) {
	f := intake.File{Name: "many.csv", ReaderAt: rows, Size: rows.size()}
	var took [4]time.Duration
	start := time.Now()
	lap := func(i int) {
		took[i] = time.Since(start)
		start = time.Now()
	}
	_, err := h.desk.Check(bg, f, from("you"))
	h.Check(err)
	lap(0)
	r, err := h.desk.Stage(bg, f, from("you"))
	h.Check(err)
	lap(1)
	h.flip(r.ID)
	lap(2)
	h.settle(r.ID)
	lap(3)
	if n := h.count("vault_subjects"); n != int(rows) {
		b.Fatalf("%d people are there", n)
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	for i, name := range []string{"check", "stage", "flip", "settle"} {
		b.ReportMetric(took[i].Seconds(), name+"-s")
	}
	b.ReportMetric(float64(rows)/took[1].Seconds(), "staged/s")
	b.ReportMetric(float64(m.Sys)/(1<<20), "MB-of-the-system")
	b.ReportMetric(peakMB(), "peak-RSS-MB")
}

// peakMB is the most memory this program ever had, where the system tells.
func peakMB() float64 {
	text, _ := os.ReadFile("/proc/self/status")
	var kb float64
	for _, line := range strings.Split(string(text), "\n") {
		if n, _ := fmt.Sscanf(line, "VmHWM: %f kB", &kb); n == 1 {
			return kb / 1024
		}
	}
	return 0
}
