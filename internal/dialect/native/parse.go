package native

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// Bounds of a document.
const (
	MaxDocument = 1 << 20 // bytes
	MaxNesting  = 32      // lists and maps within one another
	MaxFindings = 100     // diagnostics of one document
)

// Codes of the diagnostics of this package, besides those of package flow.
const (
	CodeVersion   = "wrong-version"       // "flow" is not 1
	CodeStep      = "not-one-step"        // a step without a step word, or with two
	CodeMissing   = "missing-field"       // a field that must be there
	CodeReference = "reference-not-found" // an app, sound, user, extension or group that is not there
	CodeAmbiguous = "ambiguous-name"      // several apps or sounds have the name
)

// parseError is a text that is no document, with its place; 0 = unknown.
type parseError struct {
	line, column int
	words        string
}

func (e *parseError) Error() string {
	switch {
	case e.line == 0:
		return e.words
	case e.column == 0:
		return fmt.Sprintf("line %d: %s", e.line, e.words)
	}
	return fmt.Sprintf("line %d, column %d: %s", e.line, e.column, e.words)
}

// parse reads a text as a tree of maps, lists and scalars. JSON (RFC 8259) is
// what begins with "{" and is JSON; everything else is YAML. What a tree can't
// be trusted with is refused: anchors and aliases, tags, several documents,
// keys that are no scalars or stand there twice, too much depth.
func parse(data []byte) (*yaml.Node, error) {
	if len(data) > MaxDocument {
		return nil, &parseError{words: fmt.Sprintf("the document has %d bytes; at most %d are allowed", len(data), MaxDocument)}
	}
	if isJSON(data) {
		return parseJSON(data)
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc, more yaml.Node
	switch err := dec.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return nil, &parseError{words: "the document is empty"}
	case err != nil:
		return nil, yamlError(err)
	}
	if err := dec.Decode(&more); !errors.Is(err, io.EOF) {
		if err != nil {
			return nil, yamlError(err)
		}
		return nil, &parseError{more.Line, more.Column, "a second document begins; a file holds one"}
	}
	if len(doc.Content) != 1 {
		return nil, &parseError{words: "the document is empty"}
	}
	return &doc, check(doc.Content[0], 1)
}

var yamlLine = regexp.MustCompile(`^(?:yaml: )?(?:line (\d+): )?`)

// yamlError takes the place out of the words of the YAML parser, which says
// lines but no columns.
func yamlError(err error) error {
	words := err.Error()
	m := yamlLine.FindStringSubmatch(words)
	line, _ := strconv.Atoi(m[1]) // 0 where there is none
	return &parseError{line: line, words: "the document is no YAML: " + strings.TrimPrefix(words, m[0])}
}

// check refuses what parse does not take; depth is that of n, from 1.
func check(n *yaml.Node, depth int) error {
	bad := func(format string, args ...any) error {
		return &parseError{n.Line, n.Column, fmt.Sprintf(format, args...)}
	}
	switch {
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		return bad("anchors and aliases (&name, *name) are not part of the format; a text that begins with * or & must be in quotes")
	case n.Style&yaml.TaggedStyle != 0:
		return bad("tags such as %s are not part of the format; a text that begins with ! must be in quotes", n.Tag)
	case depth > MaxNesting:
		return bad("lists and maps are nested more than %d deep", MaxNesting)
	}
	if n.Kind == yaml.MappingNode {
		seen := map[string]int{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			k := n.Content[i]
			if k.Kind != yaml.ScalarNode {
				return &parseError{k.Line, k.Column, "a key must be a text; one that begins with *, [ or { must be in quotes"}
			}
			if first := seen[k.Value]; first > 0 {
				return &parseError{k.Line, k.Column, fmt.Sprintf("%s stands there twice; first in line %d", k.Value, first)}
			}
			seen[k.Value] = k.Line
		}
	}
	for _, c := range n.Content {
		if err := check(c, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// Position finds the line and column, from 1, of a JSON Pointer (RFC 6901) in a
// JSON or YAML text: of the key for a member, of the value for an item of a
// list. Where the place does not exist, the nearest above it counts; where the
// text can't be read, the place of the fault. 0, 0 = unknown.
func Position(data []byte, pointer string) (line, column int) { return Positions(data)(pointer) }

// Positions is Position for many places of one text, which is read once.
func Positions(data []byte) func(pointer string) (line, column int) {
	doc, err := parse(data)
	if err != nil {
		line, column := 0, 0
		if e, ok := errors.AsType[*parseError](err); ok {
			line, column = e.line, max(e.column, min(e.line, 1))
		}
		return func(string) (int, int) { return line, column }
	}
	return func(pointer string) (line, column int) {
		n := doc.Content[0]
		line, column = n.Line, n.Column
		for _, token := range tokens(pointer) {
			key, value := find(n, token)
			if value == nil {
				break
			}
			n, line, column = value, value.Line, value.Column
			if key != nil {
				line, column = key.Line, key.Column
			}
		}
		return line, column
	}
}

// find gives the member or item of n that a reference token names; key is nil
// for an item of a list.
func find(n *yaml.Node, token string) (key, value *yaml.Node) {
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == token {
				return n.Content[i], n.Content[i+1]
			}
		}
	case yaml.SequenceNode:
		if i, err := strconv.Atoi(token); err == nil && i >= 0 && i < len(n.Content) {
			return nil, n.Content[i]
		}
	}
	return nil, nil
}

// tokens parts a JSON Pointer into its reference tokens.
func tokens(pointer string) []string {
	if pointer == "" {
		return nil
	}
	list := strings.Split(strings.TrimPrefix(pointer, "/"), "/")
	for i, t := range list {
		list[i] = strings.ReplaceAll(strings.ReplaceAll(t, "~1", "/"), "~0", "~")
	}
	return list
}

// escape writes a name as a reference token (RFC 6901 §3).
func escape(name string) string {
	return strings.ReplaceAll(strings.ReplaceAll(name, "~", "~0"), "/", "~1")
}

// unreadable says a parse error as a diagnostic.
func unreadable(err error) flow.Diagnostics {
	var ds flow.Diagnostics
	ds.Errorf(flow.CodeSyntax, "", "%s", voice.Reason(err))
	return ds
}
