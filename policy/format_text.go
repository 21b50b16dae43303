package policy

import (
	"strings"
	"unicode"
)

// text writes a text behind a colon or dash: on its line, or below when it was
// laid out on several lines.
func (l *layout) text(n *node, indent int) {
	step := strings.Repeat(" ", indent+indentStep)
	switch {
	case n.lines && foldable(n.text) && len([]rune(n.text)) > textWidth-indent:
		l.endLine(" >"+chomp(n.text), n.trail)
		for _, line := range wrap(strings.TrimSuffix(n.text, "\n"), textWidth-indent) {
			l.WriteString(step + line + "\n")
		}
	case strings.Contains(n.text, "\n") && blockable(n.text):
		lines := strings.Split(strings.TrimSuffix(n.text, "\n"), "\n")
		l.endLine(" |"+chomp(n.text), n.trail)
		for _, line := range lines {
			l.WriteString(strings.TrimRight(step+line, " ") + "\n")
		}
	default:
		l.endLine(" "+inBlock(n.text, n.quoted), n.trail)
	}
}

// chomp says what becomes of the last line end of a block.
func chomp(text string) string {
	if strings.HasSuffix(text, "\n") {
		return ""
	}
	return "-"
}

// blockable reports whether a text of several lines can stand under `|` as it is.
func blockable(text string) bool {
	body := strings.TrimSuffix(text, "\n")
	if body == "" || strings.HasSuffix(body, "\n") || strings.HasPrefix(body, "\n") || strings.HasPrefix(body, " ") {
		return false
	}
	for line := range strings.SplitSeq(body, "\n") {
		if strings.HasSuffix(line, " ") || !printable(line) {
			return false
		}
	}
	return true
}

// foldable reports whether a text can be wrapped at its spaces and read back the same.
func foldable(text string) bool {
	text = strings.TrimSuffix(text, "\n")
	return printable(text) && !strings.Contains(text, "  ") && strings.TrimSpace(text) == text && strings.Contains(text, " ")
}

// wrap breaks a text at single spaces into lines of at most width characters, where
// its words allow.
func wrap(text string, width int) []string {
	var lines []string
	line, length := "", 0
	for word := range strings.SplitSeq(text, " ") {
		n := len([]rune(word))
		if line != "" && length+1+n > width {
			lines = append(lines, line)
			line, length = "", 0
		}
		if line != "" {
			line += " "
			length++
		}
		line += word
		length += n
	}
	return append(lines, line)
}

// flow writes a part on one line.
func flow(n *node) string {
	switch n.kind {
	case scalarNode:
		return inFlow(n.text, n.quoted)
	case sequenceNode:
		items := make([]string, len(n.items))
		for i, item := range n.items {
			items[i] = flow(item)
		}
		return "[" + strings.Join(items, ", ") + "]"
	case mappingNode:
		pairs := make([]string, len(n.pairs))
		for i, p := range n.pairs {
			pairs[i] = strings.TrimRight(inFlow(p.key.text, false)+": "+flow(p.value), " ")
		}
		return "{" + strings.Join(pairs, ", ") + "}"
	}
	return ""
}

// inFlow writes a text between braces or brackets, where commas and brackets mean something.
func inFlow(text string, quoted bool) string {
	if plain(text) && !strings.ContainsAny(text, ",[]{}:") && !(quoted && otherwiseRead(text)) {
		return text
	}
	return quotedText(text)
}

// inBlock writes a text on a line of its own.
func inBlock(text string, quoted bool) string {
	if plain(text) && !(quoted && otherwiseRead(text)) {
		return text
	}
	return quotedText(text)
}

// plain reports whether a text may stand without quotes.
func plain(text string) bool {
	if text == "" || !printable(text) || strings.TrimSpace(text) != text || strings.HasSuffix(text, ":") {
		return false
	}
	first := []rune(text)[0]
	if !unicode.IsLetter(first) && !unicode.IsDigit(first) && !strings.ContainsRune("_/(.~+", first) {
		return false
	}
	return !strings.Contains(text, ": ") && !strings.Contains(text, " #") && !strings.Contains(text, "  ") && text != "..."
}

func printable(text string) bool {
	return strings.IndexFunc(text, func(c rune) bool { return !unicode.IsPrint(c) }) < 0
}

// otherwiseRead reports whether other readers of YAML take a plain text for a
// boolean, a number, a date or nothing. Who quoted it meant to keep it a text.
func otherwiseRead(text string) bool {
	switch strings.ToLower(text) {
	case "yes", "no", "on", "off", "true", "false", "null", "~", "y", "n", ".inf", ".nan", "+.inf":
		return true
	}
	return strings.ContainsAny(text[:1], "0123456789.+")
}

// quotedText writes a text in quotes.
func quotedText(text string) string {
	if printable(text) && strings.ContainsAny(text, `"\`) {
		return "'" + strings.ReplaceAll(text, "'", "''") + "'"
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range text {
		writeQuoted(&b, c)
	}
	b.WriteByte('"')
	return b.String()
}

func writeQuoted(b *strings.Builder, c rune) {
	switch {
	case c == '"' || c == '\\':
		b.WriteRune('\\')
		b.WriteRune(c)
	case c == '\n':
		b.WriteString(`\n`)
	case unicode.IsPrint(c):
		b.WriteRune(c)
	default:
		writeEscape(b, c)
	}
}

func writeEscape(b *strings.Builder, c rune) {
	const hex = "0123456789abcdef"
	digits, letter := 4, byte('u')
	if c > 0xffff {
		digits, letter = 8, 'U'
	}
	b.WriteByte('\\')
	b.WriteByte(letter)
	for i := digits - 1; i >= 0; i-- {
		b.WriteByte(hex[c>>(4*i)&15])
	}
}
