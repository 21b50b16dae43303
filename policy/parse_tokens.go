package policy

import (
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/token"
)

// tokenize keeps a fault in the library from being more than a problem of the file.
func tokenize(r *report, text string) (tokens token.Tokens) {
	defer func() {
		if fault := recover(); fault != nil {
			r.add(Pos{1, 1}, "unreadable", "the file cannot be read as YAML", "", "check its quotes and brackets")
			tokens = nil
		}
	}()
	return lexer.Tokenize(text)
}

// rejoin mends a fault of the library: in a list in brackets inside braces it cuts
// texts such as https://shop.example at the colon. YAML ends a key at a colon only
// where a space follows.
func rejoin(all token.Tokens) token.Tokens {
	out := make(token.Tokens, 0, len(all))
	for i := 0; i < len(all); i++ {
		t := all[i]
		if last := len(out) - 1; last >= 0 && i+1 < len(all) && cutInText(out[last], t, all[i+1]) {
			joined := *out[last]
			joined.Type = token.StringType
			joined.Value += ":" + all[i+1].Value
			out[last] = &joined
			i++
			continue
		}
		out = append(out, t)
	}
	return out
}

func cutInText(before, colon, after *token.Token) bool {
	return len(before.Value) < maxJoined && isColon(colon) && isPlain(before) && isPlain(after) && sameLine(before, colon) && sameLine(colon, after) &&
		before.Position.Column+utf8.RuneCountInString(before.Value) == colon.Position.Column &&
		colon.Position.Column+1 == after.Position.Column
}

// isPlain reports whether a token is a text without quotes.
func isPlain(t *token.Token) bool {
	return isScalar(t) && t.Type != token.SingleQuoteType && t.Type != token.DoubleQuoteType && t.Type != token.ImplicitNullType
}

// plain takes out comments and refuses what this language leaves out of YAML.
func (b *builder) plain(all token.Tokens) []*token.Token {
	var kept []*token.Token
	ended, directive := false, 0
	for _, t := range all {
		if t.Type == token.DirectiveType {
			directive = t.Position.Line
		} else if t.Position.Line == directive {
			continue
		}
		if t.Type == token.CommentType {
			b.comment(t, len(kept))
			continue
		}
		if t.Type == token.DocumentEndType {
			ended = true
			continue
		}
		if t.Type == token.DocumentHeaderType && len(kept) == 0 && !ended {
			continue
		}
		if t.Type == token.DocumentHeaderType || ended {
			b.add(place(t), "second-document", "a second document begins here", t.Value, "put each policy in a file of its own")
			return kept
		}
		if what, do := leftOut(t); what != "" {
			b.add(place(t), "yaml-not-allowed", what, t.Value, do)
			continue
		}
		kept = append(kept, t)
	}
	return kept
}

// leftOut says why a kind of token has no place in a policy: nothing in it may
// mean something that a reader does not see standing there.
func leftOut(t *token.Token) (what, do string) {
	switch t.Type {
	case token.AnchorType:
		return "`&` marks a part to be repeated elsewhere, which a policy may not do", "write the part out; put a text that begins with `&` in quotes"
	case token.AliasType:
		return "`*` repeats a part from elsewhere, which a policy may not do", "write the part out; put a text that begins with `*` in quotes"
	case token.TagType:
		return "`!` gives a part a type, which a policy does not need", "remove it; put a text that begins with `!` in quotes"
	case token.MergeKeyType:
		return "`<<` merges another part, which a policy may not do", "write the keys out"
	case token.MappingKeyType:
		return "`?` begins a key of several lines, which a policy does not have", "write `key: value`; put a text that begins with `?` in quotes"
	case token.DirectiveType:
		return "`%` begins an instruction to the YAML reader, which a policy does not need", "remove it; put a text that begins with `%` in quotes"
	case token.InvalidType:
		return unreadable(t.Error)
	}
	return "", ""
}

// unreadable puts the library's commonest complaints in words for everybody.
func unreadable(complaint string) (what, do string) {
	switch {
	case strings.Contains(complaint, "end character"):
		return "the quotes that open here are never closed", "close them where the text ends"
	case strings.Contains(complaint, "escape"):
		return "a backslash in double quotes stands before a letter it cannot stand before", "put the text in single quotes"
	case strings.Contains(complaint, "reserved"):
		return "a text cannot begin with this character", "put the text in quotes"
	}
	return "this cannot be read: " + complaint, "put a text with special characters in quotes"
}
