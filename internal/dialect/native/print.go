package native

import (
	"bytes"
	"encoding/json"
	"fmt"

	"go.yaml.in/yaml/v3"

	"tandem/internal/voice"
)

// Tags of scalars (YAML 1.2 §10.2).
const (
	tagText   = "!!str"
	tagNumber = "!!int"
	tagTruth  = "!!bool"
	tagNull   = "!!null"
)

// printYAML writes a tree as YAML, with its comments.
func printYAML(doc *yaml.Node) ([]byte, error) {
	var b bytes.Buffer
	sayNulls(doc, false)
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(doc); err != nil {
		return nil, fmt.Errorf("native: yaml: %w", err)
	}
	if err := enc.Close(); err != nil {
		return nil, fmt.Errorf("native: yaml: %w", err)
	}
	return b.Bytes(), nil
}

// sayNulls writes out the empty values within braces, which the encoder would
// turn into empty texts.
func sayNulls(n *yaml.Node, braces bool) {
	braces = braces || n.Style&yaml.FlowStyle != 0
	if braces && isNull(n) {
		n.Value = "null"
	}
	for _, c := range n.Content {
		sayNulls(c, braces)
	}
}

// printJSON writes a tree as JSON, indented, ending in a newline.
func printJSON(doc *yaml.Node) ([]byte, error) {
	var tight, b bytes.Buffer
	if err := appendJSON(&tight, root(doc)); err != nil {
		return nil, err
	}
	if err := json.Indent(&b, tight.Bytes(), "", "  "); err != nil {
		return nil, fmt.Errorf("native: json: %w", err)
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

func root(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.DocumentNode {
		return n.Content[0]
	}
	return n
}

func appendJSON(b *bytes.Buffer, n *yaml.Node) error {
	switch n.Kind {
	case yaml.MappingNode:
		b.WriteByte('{')
		for i := 0; i+1 < len(n.Content); i += 2 {
			if i > 0 {
				b.WriteByte(',')
			}
			appendText(b, n.Content[i].Value)
			b.WriteByte(':')
			if err := appendJSON(b, n.Content[i+1]); err != nil {
				return err
			}
		}
		b.WriteByte('}')
		return nil
	case yaml.SequenceNode:
		b.WriteByte('[')
		for i, c := range n.Content {
			if i > 0 {
				b.WriteByte(',')
			}
			if err := appendJSON(b, c); err != nil {
				return err
			}
		}
		b.WriteByte(']')
		return nil
	}
	switch tag := n.ShortTag(); {
	case tag == tagNull:
		b.WriteString("null")
	case (tag == tagNumber || tag == tagTruth) && json.Valid([]byte(n.Value)):
		b.WriteString(n.Value)
	default:
		appendText(b, n.Value)
	}
	return nil
}

func appendText(b *bytes.Buffer, s string) {
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // a text always encodes; json.Indent drops the newline
}

// Nodes of a new tree.

func textNode(s string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: tagText, Value: s}
}

func scalar(tag, s string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: s} }

func nullNode() *yaml.Node { return scalar(tagNull, "null") }

func listNode(items ...*yaml.Node) *yaml.Node {
	n := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Content: items}
	if len(items) == 0 {
		n.Style = yaml.FlowStyle
	}
	return n
}

// mapNode makes a map; add fills it.
func mapNode() *yaml.Node { return &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"} }

func add(m *yaml.Node, key string, value *yaml.Node) {
	m.Content = append(m.Content, textNode(key), value)
}

// inline writes a small map or list of scalars in one line.
func inline(n *yaml.Node) *yaml.Node {
	size := 0
	for _, c := range n.Content {
		if c.Kind != yaml.ScalarNode && c.Style != yaml.FlowStyle {
			return n
		}
		size += len(c.Value)
		for _, cc := range c.Content {
			size += len(cc.Value)
		}
	}
	if size <= 80 {
		n.Style = yaml.FlowStyle
	}
	return n
}

// JSON gives a native text as JSON, steps in their order, without comments.
// Invalid when the text can't be read.
func JSON(text []byte) (json.RawMessage, error) {
	doc, err := parse(text)
	if err != nil {
		return nil, voice.E("native.JSON", voice.Invalid, err)
	}
	return printJSON(doc)
}
