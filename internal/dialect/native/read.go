package native

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"tandem/internal/dialect"
	"tandem/internal/flow"
	"tandem/internal/voice"
)

// Version is the value of "flow" in a document.
const Version = 1

// Keys of Program.Meta that hold what stands at the top of a document.
const (
	metaLanguage  = "native.language"
	metaLanguages = "native.languages"
)

// reader makes a program of a tree.
type reader struct {
	ctx       context.Context
	look      dialect.Resolver
	self      voice.AppID // the app whose document it is, or ""
	apps      []voice.App
	listed    bool     // apps holds the account's
	voice     string   // of spoken prompts that name none
	languages []string // of the document
	ways      []way
	ds        flow.Diagnostics
	err       error // the first look-up that broke
}

// way is an exit of a step, with the place that says it.
type way struct {
	node int
	exit flow.Exit
	to   flow.NodeID // "" = it ends the call
	at   string
}

// read makes the program of a document.
func (r *reader) read(n *yaml.Node) flow.Program {
	var p flow.Program
	if n.Kind != yaml.MappingNode {
		r.wrong(n, "", "a map of flow, name, start and steps")
		return p
	}
	r.head(n, &p)
	if r.version(n); len(r.ds) > 0 && r.ds[0].Code == CodeVersion {
		return p
	}
	if _, steps := find(n, "steps"); steps != nil {
		r.steps(steps, &p)
		if steps.Kind == yaml.MappingNode && len(steps.Content) == 0 {
			r.ds.Errorf(CodeMissing, "/steps", "steps holds no step")
		}
	} else {
		r.ds.Errorf(CodeMissing, "", "steps is missing: the map of steps")
	}
	if p.Entry == "" && len(p.Nodes) > 0 {
		r.ds.Errorf(CodeMissing, "", "start is missing: the name of the first step")
	}
	r.wire(&p)
	return p
}

func (r *reader) version(n *yaml.Node) {
	_, v := find(n, "flow")
	switch {
	case v == nil:
		r.ds = append(flow.Diagnostics{{Severity: flow.Error, Code: CodeVersion, Pointer: "", Text: "flow is missing: a document begins with flow: 1"}}, r.ds...)
	case v.Value != strconv.Itoa(Version) || v.Kind != yaml.ScalarNode:
		r.ds = append(flow.Diagnostics{{Severity: flow.Error, Code: CodeVersion, Pointer: "/flow", Text: fmt.Sprintf("flow is %s; this version reads flow: 1", shown(v))}}, r.ds...)
	}
}

// topWords lists what may stand at the top of a document.
func topWords() []string {
	return []string{"flow", "name", "language", "languages", "start", "lifetime", "expired", "meta", "steps"}
}

// head reads everything but the steps.
func (r *reader) head(n *yaml.Node, p *flow.Program) {
	meta := func(key, value string) {
		if p.Meta == nil {
			p.Meta = map[string]string{}
		}
		p.Meta[key] = value
	}
	r.members(n, "", func(key string, value *yaml.Node, at string) {
		switch key {
		case "flow", "steps":
		case "name":
			p.Name, _ = r.text(value, at)
		case "start":
			s, _ := r.text(value, at)
			p.Entry = flow.NodeID(s)
		case "expired":
			s, _ := r.text(value, at)
			p.Expired = flow.NodeID(s)
		case "lifetime":
			duration{}.read(r, value, reflect.ValueOf(&p.Lifetime).Elem(), at)
		case "language":
			if s, ok := r.language(value, at); ok {
				r.voice = s
				meta(metaLanguage, s)
			}
		case "languages":
			list{text{}}.read(r, value, reflect.ValueOf(&r.languages).Elem(), at)
			for i := range value.Content {
				r.language(value.Content[i], at+"/"+strconv.Itoa(i))
			}
			meta(metaLanguages, strings.Join(r.languages, ","))
		case "meta":
			m := map[string]string{}
			dict{text{}}.read(r, value, reflect.ValueOf(&m).Elem(), at)
			for k, v := range m {
				meta(k, v)
			}
		default:
			r.unknown(key, at, topWords())
		}
	})
}

func (r *reader) language(n *yaml.Node, at string) (string, bool) {
	s, ok := r.text(n, at)
	if ok && !isLanguage(s) {
		r.ds.Errorf(flow.CodeValue, at, "%s is %q; a language tag such as sv or en-US is needed", lastOf(at), s)
	}
	return s, ok && isLanguage(s)
}

func (r *reader) steps(n *yaml.Node, p *flow.Program) {
	if n.Kind != yaml.MappingNode {
		r.wrong(n, "/steps", "a map from the name of a step to the step")
		return
	}
	if len(n.Content)/2 > flow.MaxNodes {
		r.ds.Errorf(flow.CodeTooMany, "/steps", "steps has %d steps; at most %d are allowed", len(n.Content)/2, flow.MaxNodes)
		return
	}
	r.members(n, "/steps", func(key string, value *yaml.Node, at string) {
		node := flow.Node{ID: flow.NodeID(key), Origin: at}
		if key == "" {
			r.ds.Errorf(flow.CodeValue, at, "a step has no name")
		}
		r.step(value, &node, at, len(p.Nodes))
		if node.Step != nil {
			p.Nodes = append(p.Nodes, node)
		}
	})
}

// step reads one step into node, which is the program's at-th.
func (r *reader) step(n *yaml.Node, node *flow.Node, at string, index int) {
	if n.Kind != yaml.MappingNode {
		r.wrong(n, at, "a map with one of "+strings.Join(stepWords(), ", "))
		return
	}
	var f form
	for _, candidate := range forms() {
		if _, v := find(n, candidate.word); v != nil {
			if f.word != "" {
				r.ds.Errorf(CodeStep, at, "step %s is both %s and %s; a step does one thing", node.ID, f.word, candidate.word)
				return
			}
			f = candidate
		}
	}
	if f.word == "" {
		r.ds.Errorf(CodeStep, at, "step %s says nothing to do: it needs one of %s", node.ID, strings.Join(stepWords(), ", "))
		return
	}
	into := reflect.New(reflect.TypeOf(f.zero)).Elem()
	r.members(n, at, func(key string, value *yaml.Node, at string) {
		switch key {
		case f.word:
			r.value(f, value, into, at)
		case wordLabel:
			node.Label, _ = r.text(value, at)
		case wordMeta:
			dict{text{}}.read(r, value, reflect.ValueOf(&node.Meta).Elem(), at)
		default:
			r.way(f, key, value, into, at, index)
		}
	})
	node.Step = into.Interface().(flow.Step)
	if h, ok := node.Step.(flow.Hours); ok && h.Schedule.Named != "" {
		node.Step = r.hours(h, at+"/"+f.word)
	}
}

// value reads what stands behind the word of a step.
func (r *reader) value(f form, n *yaml.Node, into reflect.Value, at string) {
	switch {
	case isNull(n) && f.mayBeEmpty(): // "answer:" alone
	case f.alone != "":
		f.value().read(r, n, into.FieldByName(f.alone), at)
	case f.short != "" && n.Kind != yaml.MappingNode:
		shapeOf(into.FieldByName(f.short).Type()).read(r, n, into.FieldByName(f.short), at)
	default:
		f.value().read(r, n, into, at)
	}
}

// way reads a way on, or the ways that depend on the document.
func (r *reader) way(f form, key string, n *yaml.Node, into reflect.Value, at string, index int) {
	for _, e := range f.ways {
		if f.wayWord(e) == key {
			r.lead(index, e, n, at)
			return
		}
	}
	if key != f.special() || key == "" {
		r.unknown(key, at, f.allowed())
		return
	}
	if key == wordPhrases {
		r.phrases(n, into.FieldByName("Phrases"), at, index)
		return
	}
	if n.Kind != yaml.MappingNode {
		r.wrong(n, at, "a map to steps")
		return
	}
	r.members(n, at, func(name string, to *yaml.Node, at string) {
		exit := flow.Exit(name)
		if key == wordKeys {
			exit = flow.Key(voice.Digits(name))
			keys := into.FieldByName("Keys")
			keys.Set(reflect.Append(keys, reflect.ValueOf(voice.Digits(name))))
		} else {
			ways := into.FieldByName("Ways")
			ways.Set(reflect.Append(ways, reflect.ValueOf(exit)))
		}
		r.lead(index, exit, to, at)
	})
}

// phrases reads the ways of listen.
func (r *reader) phrases(n *yaml.Node, into reflect.Value, at string, index int) {
	if n.Kind != yaml.SequenceNode {
		r.wrong(n, at, "a list of phrases, each with words and then")
		return
	}
	phrases := make([]flow.Phrase, len(n.Content))
	for i, item := range n.Content {
		at := at + "/" + strconv.Itoa(i)
		if item.Kind != yaml.MappingNode {
			r.wrong(item, at, "a map of words, exit and then")
			continue
		}
		var then *yaml.Node
		named := false
		r.members(item, at, func(key string, value *yaml.Node, at string) {
			switch key {
			case "words":
				phrases[i].Words, _ = r.text(value, at)
			case "exit":
				s, _ := r.text(value, at)
				phrases[i].Exit, named = flow.Exit(s), true
			case "then":
				then = value
			default:
				r.unknown(key, at, []string{"words", "exit", "then"})
			}
		})
		if then != nil && !named {
			phrases[i].Exit = flow.Exit(unnamedExit + then.Value)
		}
		if then != nil {
			r.lead(index, phrases[i].Exit, then, at+"/then")
		}
	}
	into.Set(reflect.ValueOf(phrases))
}

// lead notes where an exit leads; null ends the call.
func (r *reader) lead(index int, e flow.Exit, n *yaml.Node, at string) {
	if isNull(n) {
		r.ways = append(r.ways, way{index, e, "", at})
		return
	}
	if s, ok := r.text(n, at); ok {
		r.ways = append(r.ways, way{index, e, flow.NodeID(s), at})
	}
}

// wire puts the ways into the nodes, once all steps are known.
func (r *reader) wire(p *flow.Program) {
	known := make(map[flow.NodeID]bool, len(p.Nodes))
	for i := range p.Nodes {
		known[p.Nodes[i].ID] = true
	}
	for _, w := range r.ways {
		if w.node >= len(p.Nodes) {
			continue
		}
		n := &p.Nodes[w.node]
		have, twice := n.Exits[w.exit]
		switch {
		case w.to == "":
			continue
		case twice && have != w.to:
			r.ds.Errorf(flow.CodeDuplicate, w.at, "exit %q of step %s leads to %s and to %s", w.exit, n.ID, have, w.to)
		case !slices.Contains(n.Step.Exits(), w.exit):
			r.ds.Errorf(flow.CodeExit, w.at, "%s: step %s never leaves this way; it can leave by %s", lastOf(w.at), n.ID, exitWords(n.Step))
			continue
		default:
			if !known[w.to] && !r.broken(w.to) {
				r.ds.Errorf(flow.CodeDangling, w.at, "%s leads to step %q, which does not exist", lastOf(w.at), w.to)
			}
		}
		if n.Exits == nil {
			n.Exits = map[flow.Exit]flow.NodeID{}
		}
		n.Exits[w.exit] = w.to
	}
}

// broken reports whether a step stands in the document and could not be read,
// which has been said already.
func (r *reader) broken(id flow.NodeID) bool {
	at := "/steps/" + escape(string(id))
	return slices.ContainsFunc(r.ds, func(d flow.Diagnostic) bool { return d.Pointer == at })
}

func exitWords(s flow.Step) string {
	f, _ := formOf(s)
	var words []string
	for _, e := range s.Exits() {
		words = append(words, f.wayWord(e))
	}
	return strings.Join(words, ", ")
}
