package native

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// isJSON reports whether a text is meant as JSON: it begins with "{". A YAML
// map in braces whose first key has no quotes is YAML.
func isJSON(data []byte) bool {
	rest, ok := bytes.CutPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte("{"))
	if !ok {
		return false
	}
	rest = bytes.TrimLeft(rest, " \t\r\n")
	return len(rest) == 0 || rest[0] == '"' || rest[0] == '}'
}

// jsonParser makes the tree that the YAML parser would make, with places.
type jsonParser struct {
	data []byte
	dec  *json.Decoder
	// line and column of offset at, from 1; columns count characters.
	line, column, at int
}

func parseJSON(data []byte) (*yaml.Node, error) {
	p := &jsonParser{data: data, dec: json.NewDecoder(bytes.NewReader(data)), line: 1, column: 1}
	p.dec.UseNumber()
	if !utf8.Valid(data) {
		return nil, &parseError{words: "the document is not UTF-8"}
	}
	n, err := p.value(1)
	if err == nil {
		if _, more := p.dec.Token(); !errors.Is(more, io.EOF) {
			err = p.fault("something follows the document")
		}
	}
	if err != nil {
		return nil, err
	}
	return &yaml.Node{Kind: yaml.DocumentNode, Line: 1, Column: 1, Content: []*yaml.Node{n}}, nil
}

// move takes the place to an offset, which never goes back.
func (p *jsonParser) move(offset int) {
	for p.at < offset && p.at < len(p.data) {
		_, size := utf8.DecodeRune(p.data[p.at:])
		if p.data[p.at] == '\n' {
			p.line, p.column = p.line+1, 0
		}
		p.column++
		p.at += size
	}
}

// next takes the place to the beginning of the next token.
func (p *jsonParser) next() {
	offset := int(p.dec.InputOffset())
	for offset < len(p.data) && strings.IndexByte(" \t\r\n,:", p.data[offset]) >= 0 {
		offset++
	}
	p.move(offset)
}

func (p *jsonParser) fault(words string) error { return &parseError{p.line, p.column, words} }

func (p *jsonParser) token() (json.Token, error) {
	p.next()
	t, err := p.dec.Token()
	if err == nil {
		return t, nil
	}
	if s, ok := errors.AsType[*json.SyntaxError](err); ok {
		p.move(int(s.Offset) - 1)
	}
	if errors.Is(err, io.EOF) {
		return nil, p.fault("the document is no JSON: it ends too early")
	}
	return nil, p.fault("the document is no JSON: " + err.Error())
}

func (p *jsonParser) value(depth int) (*yaml.Node, error) {
	t, err := p.token()
	if err != nil {
		return nil, err
	}
	n := &yaml.Node{Line: p.line, Column: p.column}
	switch t := t.(type) {
	case json.Delim:
		if depth > MaxNesting {
			return nil, p.fault(fmt.Sprintf("lists and maps are nested more than %d deep", MaxNesting))
		}
		return n, p.members(n, t, depth)
	case string:
		n.Kind, n.Tag, n.Value, n.Style = yaml.ScalarNode, tagText, t, yaml.DoubleQuotedStyle
	case json.Number:
		n.Kind, n.Tag, n.Value = yaml.ScalarNode, tagNumber, t.String()
	case bool:
		n.Kind, n.Tag, n.Value = yaml.ScalarNode, tagTruth, fmt.Sprint(t)
	case nil:
		n.Kind, n.Tag, n.Value = yaml.ScalarNode, tagNull, "null"
	}
	return n, nil
}

func (p *jsonParser) members(n *yaml.Node, open json.Delim, depth int) error {
	n.Kind, n.Tag, n.Style = yaml.SequenceNode, "!!seq", yaml.FlowStyle
	if open == '{' {
		n.Kind, n.Tag = yaml.MappingNode, "!!map"
	}
	seen := map[string]int{}
	for p.dec.More() {
		if n.Kind == yaml.MappingNode {
			key, err := p.value(depth)
			if err != nil {
				return err
			}
			if first := seen[key.Value]; first > 0 {
				return &parseError{key.Line, key.Column, fmt.Sprintf("%s stands there twice; first in line %d", key.Value, first)}
			}
			seen[key.Value] = key.Line
			n.Content = append(n.Content, key)
		}
		v, err := p.value(depth + 1)
		if err != nil {
			return err
		}
		n.Content = append(n.Content, v)
	}
	_, err := p.token()
	return err
}
