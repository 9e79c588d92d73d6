package telphin

import (
	"net/http"
	"slices"
	"strings"

	"tandem/internal/dialect/input"
	"tandem/internal/dialect/telphinivr"
)

func menuRoutes() []route {
	const ivr = "extension/{extension}/ivr"
	const one = ivr + "/context/{context}"
	const opt = one + "/options/{option}"
	const rules = opt + "/rules"
	return []route{
		{"GET", ivr, false, getIVR},
		{"PUT", ivr, false, putIVR},
		{"GET", ivr + "/context", false, listContexts},
		{"POST", ivr + "/context", false, postContext},
		{"GET", one, false, getContext},
		{"PUT", one, false, putContext},
		{"DELETE", one, false, deleteContext},
		{"GET", one + "/options", false, listOptions},
		{"POST", one + "/options", false, postOption},
		{"DELETE", opt, false, deleteOption},
		{"GET", rules, false, listRules},
		{"POST", rules, false, postRule},
		{"GET", rules + "/order", false, getOrder},
		{"PUT", rules + "/order", false, putOrder},
		{"GET", rules + "/{rule}", false, getRule},
		{"PUT", rules + "/{rule}", false, putRule},
		{"DELETE", rules + "/{rule}", false, deleteRule},
	}
}

// menu finds the voice menu of the path.
func (q *request) menu() (*telphinivr.Document, error) {
	e, err := q.extension()
	if err == nil {
		err = e.of(telphinivr.TypeIVR)
	}
	if err != nil {
		return nil, err
	}
	return &e.doc, nil
}

// change makes a change to the voice menu of the path, in one write of the store.
func (q *request) change(do func(d *telphinivr.Document) (any, error)) (any, error) {
	var answer any
	_, err := q.changed(func(e *extension) error {
		err := e.of(telphinivr.TypeIVR)
		if err == nil {
			answer, err = do(&e.doc)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return answer, nil
}

// merged reads the body and makes a change with it.
func (q *request) merged(do func(d *telphinivr.Document, body input.Fields) (any, error)) (any, error) {
	body, err := q.fields()
	if err != nil {
		return nil, err
	}
	return q.change(func(d *telphinivr.Document) (any, error) { return do(d, body) })
}

func getIVR(q *request) (any, error) {
	d, err := q.menu()
	if err != nil {
		return nil, err
	}
	return telphinivr.Answer(d.IVR), nil
}

func putIVR(q *request) (any, error) {
	return q.merged(func(d *telphinivr.Document, body input.Fields) (any, error) {
		if err := telphinivr.Merge(d.IVR, body, ""); err != nil {
			return nil, err
		}
		if err := telphinivr.CheckIVR(q.Context(), d, q.resolver()); err != nil {
			return nil, err
		}
		return telphinivr.Answer(d.IVR), nil
	})
}

func listContexts(q *request) (any, error) {
	d, err := q.menu()
	if err != nil {
		return nil, err
	}
	answers := []map[string]any{}
	for i := range d.Contexts {
		answers = append(answers, telphinivr.Answer(&d.Contexts[i]))
	}
	return paged(q, answers)
}

func postContext(q *request) (any, error) {
	return q.merged(func(d *telphinivr.Document, body input.Fields) (any, error) {
		if len(d.Contexts) >= telphinivr.MaxContexts {
			return nil, badf("a voice menu has at most %d contexts", telphinivr.MaxContexts)
		}
		d.LastContext++
		c := telphinivr.NewContext(d.LastContext)
		if err := telphinivr.Merge(&c, body, "", "id"); err != nil {
			return nil, err
		}
		if err := c.Check(); err != nil {
			return nil, err
		}
		d.Contexts = append(d.Contexts, c)
		return telphinivr.Answer(&c), nil
	})
}

// context finds the context of the path.
func (q *request) context(d *telphinivr.Document) (*telphinivr.Context, error) {
	gone := missing(statusContext, "context %s does not exist in this voice menu", q.params["context"])
	id, err := q.id("context", gone)
	if err != nil {
		return nil, err
	}
	c, ok := d.Context(id)
	if !ok {
		return nil, gone
	}
	return c, nil
}

// contextOf finds the voice menu and the context of the path.
func (q *request) contextOf() (*telphinivr.Context, error) {
	d, err := q.menu()
	if err != nil {
		return nil, err
	}
	return q.context(d)
}

func getContext(q *request) (any, error) {
	c, err := q.contextOf()
	if err != nil {
		return nil, err
	}
	return telphinivr.Answer(c), nil
}

func putContext(q *request) (any, error) {
	return q.merged(func(d *telphinivr.Document, body input.Fields) (any, error) {
		c, err := q.context(d)
		if err != nil {
			return nil, err
		}
		if err := telphinivr.Merge(c, body, "", "id"); err != nil {
			return nil, err
		}
		if err := c.Check(); err != nil {
			return nil, err
		}
		return telphinivr.Answer(c), nil
	})
}

func deleteContext(q *request) (any, error) {
	return q.change(func(d *telphinivr.Document) (any, error) {
		c, err := q.context(d)
		if err != nil {
			return nil, err
		}
		id := c.ID
		if d.IVR.EntryContext != nil && *d.IVR.EntryContext == id {
			return nil, conflictf(statusInUse, "context %d is the entry_context of the voice menu", id)
		}
		if at := leadsTo(d, id, ""); at != "" {
			return nil, conflictf(statusInUse, "context %d is used by %s", id, at)
		}
		d.Contexts = slices.DeleteFunc(d.Contexts, func(c telphinivr.Context) bool { return c.ID == id })
		return nil, nil
	})
}

func listOptions(q *request) (any, error) {
	c, err := q.contextOf()
	if err != nil {
		return nil, err
	}
	answers := []map[string]any{}
	for _, o := range c.Options {
		answers = append(answers, map[string]any{"digits": o.Digits})
	}
	return paged(q, answers)
}

func postOption(q *request) (any, error) {
	return q.merged(func(d *telphinivr.Document, body input.Fields) (any, error) {
		c, err := q.context(d)
		if err != nil {
			return nil, err
		}
		digits, err := input.Text(body["digits"], "digits")
		if err != nil {
			return nil, badf("%s", err)
		}
		if digits == "" {
			return nil, badf("digits: it is missing")
		}
		if err := c.CheckDigits(digits); err != nil {
			return nil, err
		}
		if _, ok := c.Option(digits); ok {
			return nil, conflictf(statusExists, "digits: option %s exists already", digits)
		}
		if len(c.Options) >= telphinivr.MaxOptions {
			return nil, badf("a context has at most %d options", telphinivr.MaxOptions)
		}
		c.Options = append(c.Options, telphinivr.Option{Digits: digits})
		return map[string]any{"digits": digits}, nil
	})
}

// option finds the option of the path.
func (q *request) option(c *telphinivr.Context) (*telphinivr.Option, error) {
	o, ok := c.Option(q.params["option"])
	if !ok {
		return nil, missing(statusOption, "option %s does not exist in this context", cut(q.params["option"]))
	}
	return o, nil
}

func deleteOption(q *request) (any, error) {
	return q.change(func(d *telphinivr.Document) (any, error) {
		c, err := q.context(d)
		if err != nil {
			return nil, err
		}
		o, err := q.option(c)
		if err != nil {
			return nil, err
		}
		digits := o.Digits
		if telphinivr.Fixed(digits) {
			return nil, failf(http.StatusBadRequest, statusInvalid, "option %s is part of every context and can't be deleted", digits)
		}
		if at := leadsTo(d, c.ID, digits); at != "" {
			return nil, conflictf(statusInUse, "option %s is used by %s", digits, at)
		}
		c.Options = slices.DeleteFunc(c.Options, func(o telphinivr.Option) bool { return o.Digits == digits })
		return nil, nil
	})
}

// leadsTo gives a rule, in words, that leads to an option of a context (option ""
// = to any) from somewhere else; "" = there is none.
func leadsTo(d *telphinivr.Document, id int64, option string) string {
	for _, c := range d.Contexts {
		for _, o := range c.Options {
			if c.ID == id && (option == "" || o.Digits == option) {
				continue // it goes too
			}
			for _, r := range o.Rules {
				if r.LeadsTo(c.ID, id, option) {
					return strings.Join([]string{"a rule of option", o.Digits, "of context", c.Name}, " ")
				}
			}
		}
	}
	return ""
}
