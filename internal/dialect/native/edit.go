package native

import (
	"context"
	"encoding/json"

	"go.yaml.in/yaml/v3"

	"tandem/internal/dialect"
	"tandem/internal/flow"
	"tandem/internal/voice"
)

// Edit gives the document of p as a change of old: in a YAML text, whatever the
// change does not concern keeps its words, its order within maps and its
// comments. Blank lines are not kept where a text is written anew. An old text
// that says what p says stays byte for byte. r is what the program of the old
// text was compiled with: a name in it stays where p has the id that it means.
func Edit(ctx context.Context, old json.RawMessage, p flow.Program, r dialect.Resolver) (json.RawMessage, error) {
	text, err := Text(old)
	if err != nil {
		return nil, err
	}
	text, err = EditText(ctx, text, p, r)
	if err != nil {
		return nil, err
	}
	return Document(text), nil
}

// EditText is Edit for an author's text. Invalid when the text is no document.
func EditText(ctx context.Context, old []byte, p flow.Program, look dialect.Resolver) ([]byte, error) {
	doc, err := parse(old)
	if err != nil {
		return nil, voice.E("native.Edit", voice.Invalid, err)
	}
	to, err := write(p)
	if err != nil {
		return nil, err
	}
	r := &reader{ctx: ctx, look: look}
	was := r.read(doc.Content[0])
	if r.err != nil {
		return nil, r.err
	}
	from, err := write(was)
	if err != nil { // the old text can't run: nothing of it is worth comparing
		from = &yaml.Node{Kind: yaml.DocumentNode, Content: []*yaml.Node{mapNode()}}
	}
	if same(from, to) {
		return old, nil
	}
	doc.Content[0] = merge(doc.Content[0], from.Content[0], to.Content[0])
	if isJSON(old) {
		return printJSON(doc)
	}
	return printYAML(doc)
}

// same reports whether two written trees say the same, in the same order.
func same(a, b *yaml.Node) bool {
	if a.Kind != b.Kind || a.Value != b.Value || a.Tag != b.Tag || len(a.Content) != len(b.Content) {
		return false
	}
	for i := range a.Content {
		if !same(a.Content[i], b.Content[i]) {
			return false
		}
	}
	return true
}

// merge gives old, which says what from says, changed to what to says.
func merge(old, from, to *yaml.Node) *yaml.Node {
	switch {
	case same(from, to):
		return old
	case old.Kind == yaml.MappingNode && from.Kind == yaml.MappingNode && to.Kind == yaml.MappingNode:
		return mergeMap(old, from, to)
	case old.Kind == yaml.SequenceNode && from.Kind == yaml.SequenceNode && to.Kind == yaml.SequenceNode && len(old.Content) == len(from.Content):
		merged := *old
		merged.Content = nil
		for i, item := range to.Content {
			if i < len(old.Content) {
				item = merge(old.Content[i], from.Content[i], item)
			}
			merged.Content = append(merged.Content, item)
		}
		return &merged
	}
	return commented(old, to)
}

// mergeMap keeps the order of the old members; new ones follow the member that
// they follow in to. In the map of steps the order is part of what is said, so
// that a changed one is taken over.
func mergeMap(old, from, to *yaml.Node) *yaml.Node {
	merged := *old
	merged.Content = nil
	take := func(key string) {
		_, toValue := find(to, key)
		_, fromValue := find(from, key)
		oldKey, oldValue := find(old, key)
		switch {
		case oldKey == nil:
			merged.Content = append(merged.Content, textNode(key), toValue)
		case fromValue == nil:
			merged.Content = append(merged.Content, oldKey, commented(oldValue, toValue))
		default:
			merged.Content = append(merged.Content, oldKey, merge(oldValue, fromValue, toValue))
		}
	}
	for _, key := range order(old, from, to) {
		take(key)
	}
	return &merged
}

// order lists the keys of to: as in old when those that both have stand in from
// and to in one order, else as in to.
func order(old, from, to *yaml.Node) []string {
	var kept, all []string
	for _, k := range keysOf(to) {
		all = append(all, k)
		if _, v := find(from, k); v != nil {
			kept = append(kept, k)
		}
	}
	i := 0
	for _, k := range keysOf(from) {
		if contains(kept, k) {
			if kept[i] != k {
				return all
			}
			i++
		}
	}
	var list []string
	for _, k := range keysOf(old) {
		if contains(all, k) {
			list = append(list, k)
		}
	}
	for i, k := range all {
		if contains(list, k) {
			continue
		}
		at := 0
		if i > 0 {
			for list[at] != all[i-1] {
				at++
			}
			at++
		}
		list = append(list[:at], append([]string{k}, list[at:]...)...)
	}
	return list
}

func keysOf(n *yaml.Node) []string {
	var keys []string
	for i := 0; i+1 < len(n.Content); i += 2 {
		keys = append(keys, n.Content[i].Value)
	}
	return keys
}

// commented gives n the comments of the node that it replaces.
func commented(old, n *yaml.Node) *yaml.Node {
	c := *n
	c.HeadComment, c.LineComment, c.FootComment = old.HeadComment, old.LineComment, old.FootComment
	return &c
}
