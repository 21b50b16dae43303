// Package comments reads what the comments in a room's source say of its types.
//
// What stays true: the same source gives the same bytes, sorted. It is used when
// files are generated and by the test that they are fresh.
//
// What it never does: run in the program itself.
package comments

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
)

// Extract lists the comments above the structs of a directory and above those of
// their fields that have a `key` tag: `Type<TAB>text` and `Type.key<TAB>text`, a line each.
func Extract(dir string) ([]byte, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	var lines []string
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		if err != nil {
			return nil, fmt.Errorf("read comments: %w", err)
		}
		lines = append(lines, ofFile(parsed)...)
	}
	slices.Sort(lines)
	return []byte(strings.Join(lines, "\n") + "\n"), nil
}

func ofFile(file *ast.File) []string {
	var lines []string
	for _, decl := range file.Decls {
		general, ok := decl.(*ast.GenDecl)
		if !ok || general.Tok != token.TYPE {
			continue
		}
		for _, spec := range general.Specs {
			lines = append(lines, ofType(spec.(*ast.TypeSpec), general.Doc)...)
		}
	}
	return lines
}

func ofType(spec *ast.TypeSpec, doc *ast.CommentGroup) []string {
	body, ok := spec.Type.(*ast.StructType)
	if !ok || doc == nil || !hasKeys(body) {
		return nil
	}
	name := spec.Name.Name
	lines := []string{name + "\t" + oneLine(doc.Text())}
	for _, field := range body.Fields.List {
		if key := keyOf(field); key != "" && field.Doc != nil {
			lines = append(lines, name+"."+key+"\t"+oneLine(field.Doc.Text()))
		}
	}
	return lines
}

func hasKeys(body *ast.StructType) bool {
	return slices.ContainsFunc(body.Fields.List, func(f *ast.Field) bool { return f.Tag != nil })
}

func keyOf(field *ast.Field) string {
	if field.Tag == nil {
		return ""
	}
	key, _, _ := strings.Cut(reflect.StructTag(strings.Trim(field.Tag.Value, "`")).Get("key"), ",")
	return key
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
