package native

import (
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// writer makes a tree of a program.
type writer struct {
	voice string // of spoken prompts that need name none
}

// write gives the document of a program. Invalid when the program has no
// entry, or is none that flow.Validate takes: two nodes of one name, a node
// without a step, an exit that a step can't take.
func write(p flow.Program) (*yaml.Node, error) {
	const op = "native.Express"
	if _, ok := p.Node(p.Entry); !ok {
		return nil, voice.Errorf(op, voice.Invalid, "the program has no node %q to begin with", p.Entry)
	}
	w := &writer{}
	n := mapNode()
	add(n, "flow", scalar(tagNumber, strconv.Itoa(Version)))
	add(n, "name", textNode(p.Name))
	w.head(n, &p)
	steps := mapNode()
	seen := map[flow.NodeID]bool{}
	for i := range p.Nodes {
		node := &p.Nodes[i]
		if node.ID == "" || seen[node.ID] || node.Step == nil {
			return nil, voice.Errorf(op, voice.Invalid, "node %q has no name, no step or a name that another has", node.ID)
		}
		seen[node.ID] = true
		step, err := w.step(node)
		if err != nil {
			return nil, err
		}
		add(steps, string(node.ID), step)
	}
	add(n, "steps", steps)
	return &yaml.Node{Kind: yaml.DocumentNode, Content: []*yaml.Node{n}}, nil
}

func (w *writer) head(n *yaml.Node, p *flow.Program) {
	var rest []string
	for _, k := range sortedWords(p.Meta) {
		v := p.Meta[k]
		languages := strings.Split(v, ",")
		switch {
		case k == metaLanguage && isLanguage(v):
			w.voice = v
			add(n, "language", textNode(v))
		case k == metaLanguages && !slices.ContainsFunc(languages, func(s string) bool { return !isLanguage(s) }):
			add(n, "languages", list{text{}}.write(w, reflect.ValueOf(languages)))
		default:
			rest = append(rest, k)
		}
	}
	add(n, "start", textNode(string(p.Entry)))
	if p.Lifetime != 0 {
		add(n, "lifetime", textNode(spoken(p.Lifetime)))
	}
	if p.Expired != "" {
		add(n, "expired", textNode(string(p.Expired)))
	}
	if len(rest) > 0 {
		meta := mapNode()
		for _, k := range rest {
			add(meta, k, textNode(p.Meta[k]))
		}
		add(n, wordMeta, meta)
	}
}

func (w *writer) step(node *flow.Node) (*yaml.Node, error) {
	f, ok := formOf(node.Step)
	if !ok {
		return nil, voice.Errorf("native.Express", voice.Internal, "no word for step %s", node.Step.Kind())
	}
	can := node.Step.Exits()
	for _, e := range node.WiredExits() {
		if !slices.Contains(can, e) {
			return nil, voice.Errorf("native.Express", voice.Invalid, "node %q has exit %q, which its step does not take", node.ID, e)
		}
	}
	n := mapNode()
	if node.Label != "" {
		add(n, wordLabel, textNode(node.Label))
	}
	add(n, f.word, w.value(f, reflect.ValueOf(nameAlone(node.Step))))
	switch s := node.Step.(type) {
	case flow.Gather:
		keys := mapNode()
		for _, k := range s.Keys {
			add(keys, string(k), target(node.Exits[flow.Key(k)]))
		}
		addFull(n, wordKeys, keys)
	case flow.Fetch:
		ways := mapNode()
		for _, e := range s.Ways {
			add(ways, string(e), target(node.Exits[e]))
		}
		addFull(n, wordWays, ways)
	case flow.Listen:
		addFull(n, wordPhrases, phraseNodes(s, node.Exits))
	}
	for _, e := range f.ways {
		if to := node.Exits[e]; to != "" {
			add(n, f.wayWord(e), textNode(string(to)))
		}
	}
	if len(node.Meta) > 0 {
		add(n, wordMeta, dict{text{}}.write(w, reflect.ValueOf(node.Meta)))
	}
	return n, nil
}

func addFull(n *yaml.Node, word string, value *yaml.Node) {
	if len(value.Content) > 0 {
		add(n, word, value)
	}
}

func target(id flow.NodeID) *yaml.Node {
	if id == "" {
		return nullNode()
	}
	return textNode(string(id))
}

func phraseNodes(s flow.Listen, exits map[flow.Exit]flow.NodeID) *yaml.Node {
	n := listNode()
	for _, p := range s.Phrases {
		m := mapNode()
		add(m, "words", textNode(p.Words))
		to := exits[p.Exit]
		if to == "" || p.Exit != flow.Exit(unnamedExit+string(to)) {
			add(m, "exit", textNode(string(p.Exit)))
		}
		if to != "" {
			add(m, "then", textNode(string(to)))
		}
		n.Content = append(n.Content, inline(m))
	}
	n.Style = 0
	return n
}

// value writes what stands behind the word of a step.
func (w *writer) value(f form, v reflect.Value) *yaml.Node {
	if f.alone != "" {
		if field := v.FieldByName(f.alone); f.alone != "Exit" || !field.IsZero() {
			return f.value().write(w, field)
		}
		return nullNode()
	}
	if f.short != "" {
		bare := reflect.New(v.Type()).Elem()
		bare.FieldByName(f.short).Set(v.FieldByName(f.short))
		if reflect.DeepEqual(tidy(v), tidy(bare)) {
			field := v.FieldByName(f.short)
			return shapeOf(field.Type()).write(w, field)
		}
	}
	return f.value().write(w, v)
}

// tidy gives a copy of a struct whose empty lists and maps are nil.
func tidy(v reflect.Value) any {
	c := reflect.New(v.Type()).Elem()
	c.Set(v)
	for i := range c.NumField() {
		if isEmpty(c.Field(i)) {
			c.Field(i).SetZero()
		}
	}
	return c.Interface()
}
