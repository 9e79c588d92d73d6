package telphinivr

import (
	"encoding/json"
	"slices"

	"tandem/internal/dialect/input"
	"tandem/internal/voice"
)

// Bounds of a document.
const (
	MaxContexts = 200
	MaxOptions  = 200 // of a context
	MaxRules    = 100 // of an option
	MaxExtra    = 20  // unknown fields of a rule
)

// Parse reads a document, stored or from a file. Errors: kind Invalid, naming the
// field.
func Parse(data []byte) (Document, error) {
	f, err := input.ParseObject(data)
	if err != nil {
		return Document{}, voice.E("telphinivr.Parse", voice.Invalid, err)
	}
	d := Document{Extension: Extension{Type: TypeIVR, Status: Active}}
	ext, err := object(f["extension"], "extension")
	if err != nil {
		return d, err
	}
	if err := Merge(&d.Extension, ext, "extension"); err != nil {
		return d, err
	}
	whole := NewDocument(d.Extension.Type)
	d.IVR, d.Queue = whole.IVR, whole.Queue
	if err := d.parts(f); err != nil {
		return d, err
	}
	if d.Contexts, err = contexts(f["contexts"]); err != nil {
		return d, err
	}
	for name, p := range map[string]*int64{"last_context": &d.LastContext, "last_rule": &d.LastRule} {
		if raw, given := f[name]; given {
			if err := assign(p, raw, name); err != nil {
				return d, err
			}
		}
	}
	d.number()
	return d, nil
}

// parts reads what an extension has by its type.
func (d *Document) parts(f input.Fields) error {
	for _, name := range []string{"ivr", "queue"} {
		raw, given := f[name]
		if !given {
			continue
		}
		o, err := object(raw, name)
		if err != nil {
			return err
		}
		switch {
		case name == "ivr" && d.IVR != nil:
			err = Merge(d.IVR, o, name)
		case name == "queue" && d.Queue != nil:
			err = d.Queue.Merge(o, name)
		default:
			err = invalid(name, "an extension of type %s has none", clip(d.Extension.Type))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func object(raw json.RawMessage, path string) (input.Fields, error) {
	o, err := input.Object(raw, path)
	if err != nil {
		return nil, invalid(path, "an object is needed, not %s", input.Kind(raw))
	}
	return o, nil
}

func list(raw json.RawMessage, path string, most int) ([]json.RawMessage, error) {
	a, err := input.Array(raw, path)
	if err != nil && !input.IsNull(raw) {
		return nil, invalid(path, "a list is needed, not %s", input.Kind(raw))
	}
	if len(a) > most {
		return nil, invalid(path, "there are %d; at most %d are allowed", len(a), most)
	}
	return a, nil
}

func contexts(raw json.RawMessage) ([]Context, error) {
	items, err := list(raw, "contexts", MaxContexts)
	if err != nil {
		return nil, err
	}
	var out []Context
	for i, item := range items {
		path := at("contexts", i)
		o, err := object(item, path)
		if err != nil {
			return nil, err
		}
		c := NewContext(0)
		if err := Merge(&c, o, path); err != nil {
			return nil, err
		}
		if err := c.options(o["options"], path+".options"); err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}

func (c *Context) options(raw json.RawMessage, path string) error {
	items, err := list(raw, path, MaxOptions)
	if err != nil {
		return err
	}
	for i, item := range items {
		o, err := object(item, at(path, i))
		if err != nil {
			return err
		}
		var digits string
		if err := assign(&digits, o["digits"], at(path, i)+".digits"); err != nil {
			return err
		}
		rules, err := rules(o["rules"], at(path, i)+".rules")
		if err != nil {
			return err
		}
		if have, ok := c.Option(digits); ok {
			if !Fixed(digits) || len(have.Rules) > 0 {
				return invalid(at(path, i)+".digits", "option %s is given twice", digits)
			}
			have.Rules = rules
			continue
		}
		c.Options = append(c.Options, Option{Digits: digits, Rules: rules})
	}
	return nil
}

func rules(raw json.RawMessage, path string) ([]Rule, error) {
	items, err := list(raw, path, MaxRules)
	if err != nil {
		return nil, err
	}
	var out []Rule
	for i, item := range items {
		o, err := object(item, at(path, i))
		if err != nil {
			return nil, err
		}
		var r Rule
		if err := r.Merge(o, at(path, i)); err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

// Merge lays the fields of a request over the rule. Scalars that are no fields of
// a rule are kept; lists and objects that are none are refused.
func (r *Rule) Merge(f input.Fields, path string, skip ...string) error {
	if err := Merge(r, f, path, skip...); err != nil {
		return err
	}
	return keepExtra(&r.Extra, f, r.Names(), path)
}

// Merge is as Rule.Merge.
func (q *Queue) Merge(f input.Fields, path string, skip ...string) error {
	if err := Merge(q, f, path, skip...); err != nil {
		return err
	}
	return keepExtra(&q.Extra, f, q.Names(), path)
}

func keepExtra(extra *map[string]json.RawMessage, f input.Fields, known []string, path string) error {
	for _, name := range f.Names() {
		raw := f[name]
		if slices.Contains(known, name) {
			continue
		}
		if k := input.Kind(raw); k == "an object" || k == "a list" {
			return invalid(input.Join(path, name), "%s can't be kept here", k)
		}
		if len(raw) > maxText || len(name) > 64 || len(*extra) >= MaxExtra {
			return invalid(input.Join(path, name), "unknown fields are kept while they are short and at most %d", MaxExtra)
		}
		if *extra == nil {
			*extra = map[string]json.RawMessage{}
		}
		(*extra)[name] = raw
	}
	return nil
}

// number gives ids to what a file leaves without one and finds the greatest.
func (d *Document) number() {
	for _, c := range d.Contexts {
		d.LastContext = max(d.LastContext, c.ID)
		for _, o := range c.Options {
			for _, r := range o.Rules {
				d.LastRule = max(d.LastRule, r.ID)
			}
		}
	}
	for i := range d.Contexts {
		c := &d.Contexts[i]
		if c.ID == 0 {
			d.LastContext++
			c.ID = d.LastContext
		}
		for j := range c.Options {
			for k := range c.Options[j].Rules {
				if r := &c.Options[j].Rules[k]; r.ID == 0 {
					d.LastRule++
					r.ID = d.LastRule
				}
			}
		}
	}
}
