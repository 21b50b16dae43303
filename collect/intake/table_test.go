package intake

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
)

// said reads a file to its end and writes down what came: the names of the columns,
// each line, and what is wrong.
func readAll(f File, o Options) (out []string) {
	t, err := open(f, o)
	var names []string
	if err == nil {
		names, err = t.header()
	}
	if err != nil {
		return append(out, trouble(err))
	}
	if names != nil {
		out = append(out, strings.Join(names, "|"))
	}
	for {
		r, err := t.next()
		if err == io.EOF {
			return out
		}
		var p *problem
		if err != nil {
			out = append(out, trouble(err))
			if errors.As(err, &p) && !p.fatal {
				continue
			}
			return out
		}
		line := fmt.Sprint(r.line, ":")
		for i, c := range r.cells {
			if names == nil {
				line += " " + r.names[i] + "="
			} else if i > 0 {
				line += "|"
			}
			if c.formula {
				line += "(formula)"
			}
			line += c.text
		}
		out = append(out, line)
	}
}

func trouble(err error) string {
	var p *problem
	if !errors.As(err, &p) {
		return "ERROR " + err.Error()
	}
	s := fmt.Sprintf("%d! %s", p.Line, p.Code)
	if p.fatal {
		s += " fatal"
	}
	return s
}

func textFile(text string) File {
	return File{Name: "f", ReaderAt: strings.NewReader(text), Size: int64(len(text))}
}

func TestCSV(t *testing.T) {
	long := strings.Repeat("x", maxLine)
	for _, c := range []struct{ name, text, want string }{
		{"plain", "a,b\n1,2\n3,4\n", "a|b 2:1|2 3:3|4"},
		{"no end of line", "a,b\n1,2", "a|b 2:1|2"},
		{"CRLF", "a,b\r\n1,2\r\n", "a|b 2:1|2"},
		{"mark of byte order", "\ufeffa,b\n1,2\n", "a|b 2:1|2"},
		{"semicolons", "a;b\n1,5;2\n", "a|b 2:1,5|2"},
		{"tabs", "a\tb\n1;5\t2\n", "a|b 2:1;5|2"},
		{"separators in quotes do not count", "\"a,x,y\";b\n1;2\n", "a,x,y|b 2:1|2"},
		{"one column", "a\n1\n", "a 2:1"},
		{"quotes", "a,b\n\"1,\"\"one\"\"\",2\n", `a|b 2:1,"one"|2`},
		{"a value over two lines", "a,b\n\"1\n1\",2\n3,4\n", "a|b 2:1\n1|2 4:3|4"},
		{"empty values", "a,b\n,\n\"\",\n", "a|b 2:| 3:|"},
		{"empty lines", "a,b\n\n1,2\n\r\n\n3,4\n", "a|b 3:1|2 6:3|4"},
		{"an empty quoted value is a line", "a\n\"\"\n", "a 2:"},
		{"too few", "a,b\n1\n3,4\n", "a|b 2! columns 3:3|4"},
		{"too many", "a,b\n1,2,3\n3,4\n", "a|b 2! columns 3:3|4"},
		{"a formula", "a,b\n=1+1,2\n", "a|b 2:(formula)=1+1|2"},
		{"an equals sign alone", "a,b\n=,2\n", "a|b 2:=|2"},
		{"a quote in the middle", "a,b\n1\"1,2\n3,4\n", "a|b 2! quotes 3:3|4"},
		{"something behind a quote", "a,b\n\"1\"1,2\n3,4\n", "a|b 2! quotes 3:3|4"},
		{"a quote that does not close", "a,b\n1,2\n\"3,4\n5,6\n", "a|b 2:1|2 3! quotes fatal"},
		{"a quote that does not close for long", "a,b\n\"" + long + "\n" + long + "\n", "a|b 2! quotes fatal"},
		{"a line too long", "a,b\n" + long + ",2\n3,4\n", "a|b 2! too-long 3:3|4"},
		{"too many columns", "a,b\n" + strings.Repeat(",", 300) + "\n3,4\n", "a|b 2! too-long 3:3|4"},
		{"names twice", "a,a\n1,2\n", "1! header fatal"},
		{"a name left out", "a,,b\n1,2,3\n", "1! header fatal"},
		{"a name too long", strings.Repeat("a", 300) + ",b\n", "1! header fatal"},
		{"too many names", strings.Repeat("a,", 300) + "\n", "1! too-long fatal"},
		{"nothing", "", "1! header fatal"},
		{"blank lines only", "\n\n", "1! header fatal"},
		{"Latin-1", "a,b\n1,caf\xe9\n", "a|b 2! encoding fatal"},
		{"UTF-16", "\xff\xfea\x00,\x00b\x00\n\x00", "1! encoding fatal"},
		{"zero bytes", "a,b\n1,2\x00\n", "1! encoding fatal"},
	} {
		if got := strings.Join(readAll(textFile(c.text), Options{Format: CSV}), " "); got != c.want {
			t.Errorf("%s:\n got %q\nwant %q", c.name, got, c.want)
		}
	}
	if got := strings.Join(readAll(textFile("a;b,c\n1;2,3\n"), Options{Delimiter: ','}), " "); got != "a;b|c 2:1;2|3" {
		t.Errorf("a sign that was said: %q", got)
	}
}

func TestJSONL(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"plain", `{"a":"1","b":2}` + "\n" + `{"b":true,"c":null,"d":false}` + "\n", "1: a=1 b=2 2: b=yes c= d=no"},
		{"empty lines", "\n" + `{"a":"1"}` + "\n\n", "2: a=1"},
		{"numbers as they are written", `{"a":10000000000000000001,"b":1.50}`, "1: a=10000000000000000001 b=1.50"},
		{"a name twice", `{"a":1,"a":2}` + "\n" + `{"a":3}`, "1! header 2: a=3"},
		{"a name twice, written otherwise", `{"a":1,"\u0061":2}`, "1! header"},
		{"a list", `{"a":[1]}` + "\n" + `{"a":3}`, "1! value 2: a=3"},
		{"an object", `{"a":{"b":1}}`, "1! value"},
		{"no object", `[1]` + "\n" + `{"a":3}`, "1! json 2: a=3"},
		{"cut off", `{"a":"1`, "1! json"},
		{"cut off behind a name", `{"a":`, "1! json"},
		{"two on a line", `{"a":1}{"a":2}`, "1! json"},
		{"too long", `{"a":"` + strings.Repeat("x", maxLine) + `"}` + "\n" + `{"a":3}`, "1! too-long 2: a=3"},
		{"Latin-1", `{"a":"caf` + "\xe9" + `"}`, "1! encoding fatal"},
		{"nothing", "", ""},
	} {
		if got := strings.Join(readAll(textFile(c.text), Options{Format: JSONL}), " "); got != c.want {
			t.Errorf("%s:\n got %q\nwant %q", c.name, got, c.want)
		}
	}
}

func TestFormatIsFound(t *testing.T) {
	for text, want := range map[string]Format{"a,b\n": CSV, "\ufeff {\"a\":1}": JSONL, "PK\x03\x04": XLSX, "\xd0\xcf\x11\xe0": XLSX, "": CSV} {
		if got := detect([]byte(text)); got != want {
			t.Errorf("%q is %s", text, got)
		}
	}
}

// sheetOf has an independent writer make a spreadsheet.
func sheetOf(t testing.TB, fill func(x *excelize.File)) File {
	t.Helper()
	x := excelize.NewFile()
	fill(x)
	b, err := x.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	return File{Name: "f.xlsx", ReaderAt: bytes.NewReader(b.Bytes()), Size: int64(b.Len())}
}

func set(t testing.TB, x *excelize.File, sheet string, cells map[string]any) {
	t.Helper()
	for at, v := range cells {
		if err := x.SetCellValue(sheet, at, v); err != nil {
			t.Fatal(err)
		}
	}
}

func TestXLSX(t *testing.T) {
	f := sheetOf(t, func(x *excelize.File) {
		set(t, x, "Sheet1", map[string]any{"A1": "email", "B1": "phone", "C1": "note", "A2": "ann@mail.example", "B2": 442079460018, "C2": true,
			"A4": "bob@mail.example", "C4": " ä & <b> ", "A5": "x", "D5": "beyond", "C6": "last"})
		if err := x.SetCellFormula("Sheet1", "B4", "=1+1"); err != nil {
			t.Fatal(err)
		}
		if err := x.SetCellRichText("Sheet1", "C2", []excelize.RichTextRun{{Text: "two "}, {Text: "runs"}}); err != nil {
			t.Fatal(err)
		}
		if _, err := x.NewSheet("People"); err != nil {
			t.Fatal(err)
		}
		set(t, x, "People", map[string]any{"B2": "only"})
	})
	want := []string{"email|phone|note", "2:ann@mail.example|442079460018|two runs", "4:bob@mail.example|(formula)| ä & <b> ", "5! columns", "6:||last"}
	if got := readAll(f, Options{}); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	if got := readAll(f, Options{Sheet: "People"}); !slices.Equal(got, []string{"2! header fatal"}) { // its first column has no name
		t.Errorf("got %q", got)
	}
	if got := readAll(f, Options{Sheet: "Other"}); !slices.Equal(got, []string{"1! format fatal"}) {
		t.Errorf("got %q", got)
	}
}

func TestXLSXStreamed(t *testing.T) {
	f := sheetOf(t, func(x *excelize.File) {
		w, err := x.NewStreamWriter("Sheet1") // texts stand in their cells
		if err != nil {
			t.Fatal(err)
		}
		for i := range 3000 {
			if err := w.SetRow(fmt.Sprintf("A%d", i+1), []any{fmt.Sprint("a", i), fmt.Sprint("b", i)}); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
	})
	got := readAll(f, Options{})
	if len(got) != 3000 || got[0] != "a0|b0" || got[2999] != "3000:a2999|b2999" {
		t.Errorf("%d lines: %q … %q", len(got), got[0], got[len(got)-1])
	}
}

// packed makes a spreadsheet of parts as they are given.
func packed(t testing.TB, sheet, strs string) File {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range map[string]string{
		"xl/workbook.xml":            `<workbook xmlns:r="r"><sheets><sheet name="S" r:id="a"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels": `<Relationships><Relationship Id="a" Type="x/worksheet" Target="worksheets/s.xml"/><Relationship Id="b" Type="x/sharedStrings" Target="/xl/strings.xml"/></Relationships>`,
		"xl/worksheets/s.xml":        sheet,
		"xl/strings.xml":             strs,
	} {
		w, err := z.Create(name)
		if err == nil {
			_, err = io.WriteString(w, text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return File{ReaderAt: bytes.NewReader(b.Bytes()), Size: int64(b.Len())}
}

func TestXLSXThatIsHostile(t *testing.T) {
	head := `<worksheet><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c></row>`
	for _, c := range []struct{ name, sheet, strings, want string }{
		{"fine", head + `<row r="2"><c r="A2"><v>1</v></c></row></sheetData></worksheet>`, "", "a 2:1"},
		{"no references", head + `<row><c><v>1</v></c></row></sheetData></worksheet>`, "", "a 2:1"},
		{"cut off", head + `<row r="2"><c r="A2"><v>1</v>`, "", "a 2! format fatal"},
		{"cut off behind a row", head + `<row r="2"><c r="A2"><v>1</v></c></row>`, "", "a 2:1 2! format fatal"},
		{"broken", head + `<row r="2"><c r="A2"><v>1</v></c></row><row <`, "", "a 2:1 2! format fatal"},
		{"rows out of order", head + `<row r="2"><c r="A2"><v>1</v></c></row><row r="2"/></sheetData>`, "", "a 2:1 3! format fatal"},
		{"cells out of order", head + `<row r="2"><c r="B2"><v>1</v></c><c r="A2"><v>1</v></c></row><row r="3"><c r="A3"><v>2</v></c></row></sheetData>`, "", "a 2! too-long 3:2"},
		{"far away", head + `<row r="2"><c r="ZZZZZZZ2"><v>1</v></c></row></sheetData>`, "", "a 2! too-long"},
		{"no such text", head + `<row r="2"><c r="A2" t="s"><v>7</v></c></row></sheetData>`, `<sst><si><t>x</t></si></sst>`, "a 2! format fatal"},
		{"a text", head + `<row r="2"><c r="A2" t="s"><v>0</v></c></row></sheetData>`, `<sst><si><r><t>x</t></r><r><t>y</t></r><rPh><t>z</t></rPh></si></sst>`, "a 2:xy"},
		{"an error", head + `<row r="2"><c r="A2" t="e"><v>#REF!</v></c></row><row r="3"><c r="A3"><v>2</v></c></row></sheetData>`, "", "a 2! value 3:2"},
		{"a number with an exponent", head + `<row r="2"><c r="A2"><v>4.42079460018E11</v></c></row></sheetData>`, "", "a 2:442079460018"},
		{"a value too long", head + `<row r="2"><c r="A2" t="inlineStr"><is><t>` + strings.Repeat("x", maxLine+1) + `</t></is></c></row><row r="3"><c r="A3"><v>2</v></c></row></sheetData>`, "", "a 2! too-long 3:2"},
		{"a piece too long", head + `<row r="2"><c r="A2"><v>` + strings.Repeat("1", 2*maxToken) + `</v></c></row></sheetData>`, "", "a 2! too-long fatal"},
		{"deep", head + strings.Repeat("<x>", 1<<18) + `<row r="2"><c r="A2"><v>1</v></c></row></sheetData>`, "", "a 2:1"},
		{"no rows", `<worksheet><sheetData/></worksheet>`, "", "1! header fatal"},
		{"no sheet", ``, "", "0! format fatal"},
	} {
		if got := strings.Join(readAll(packed(t, c.sheet, c.strings), Options{}), " "); got != c.want {
			t.Errorf("%s:\n got %q\nwant %q", c.name, got, c.want)
		}
	}
	for _, text := range []string{"PK\x03\x04", "PK\x03\x04" + strings.Repeat("x", 100), "\xd0\xcf\x11\xe0 with a password"} {
		if got := readAll(textFile(text), Options{}); !slices.Equal(got, []string{"1! format fatal"}) {
			t.Errorf("%.10q: %q", text, got)
		}
	}
}

// A bomb: little packed, much unpacked.
func TestXLSXThatUnpacksToTooMuch(t *testing.T) {
	x := newPieces(strings.NewReader("<a>"+strings.Repeat("<b></b>", 100)), 200)
	for n := 0; ; n++ {
		_, err := x.next()
		if errors.Is(err, errTooMuch) {
			break
		}
		if err != nil || n > 300 {
			t.Fatal(err, n)
		}
	}
	bomb := packed(t, "", "<sst>"+strings.Repeat("<si><t>"+strings.Repeat("x", 1<<20-100)+"</t></si>", 140)+"</sst>")
	if bomb.Size > 1<<20 {
		t.Fatal("that is no bomb")
	}
	if got := readAll(bomb, Options{}); !slices.Equal(got, []string{"1! too-long fatal"}) {
		t.Error(got)
	}
}

// FuzzTable: whatever the file, reading ends, lines come in order, and no line is half there.
func FuzzTable(f *testing.F) {
	for _, text := range []string{"a,b\n1,2\n", "a;b\n\"1\";2\n", "a\tb\n\"x\ny\"\tz", "\ufeffa\n", "{\"a\":1}\n{\"b\":[2]}", "a,b\n\"", "a,b\n\"\"\"\",=x\n"} {
		f.Add([]byte(text))
	}
	for _, file := range []File{packed(f, `<sheetData><row><c t="s"><v>0</v></c></row><row r="3"><c r="A3"><f>x</f><v>1</v></c></row></sheetData>`, `<sst><si><t>a</t></si></sst>`)} {
		b := make([]byte, file.Size)
		file.ReadAt(b, 0)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, format := range []Format{Detect, CSV, JSONL, XLSX} {
			table, err := open(File{ReaderAt: bytes.NewReader(b), Size: int64(len(b))}, Options{Format: format})
			if err != nil {
				continue
			}
			names, err := table.header()
			if err != nil {
				continue
			}
			inOrder(t, table, names, len(b))
		}
	})
}

func inOrder(t *testing.T, table table, names []string, size int) {
	t.Helper()
	last := 0
	for n := 0; ; n++ {
		r, err := table.next()
		if err == io.EOF {
			return
		}
		line := r.line
		var p *problem
		if errors.As(err, &p) {
			line = p.Line
		} else if err != nil {
			t.Fatalf("neither a line nor a problem: %v", err)
		}
		switch {
		case line < last || err == nil && line == last || n > size+2:
			t.Fatalf("line %d comes after line %d", line, last)
		case err == nil && names != nil && len(r.cells) != len(names), err == nil && len(r.cells) != len(r.names):
			t.Fatalf("line %d is half there", line)
		}
		last = line
		if p != nil && p.fatal {
			return
		}
	}
}
