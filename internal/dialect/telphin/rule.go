package telphin

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"

	"tandem/internal/dialect/input"
	"tandem/internal/dialect/telphinivr"
)

// optionOf finds the context and option of the path in a voice menu.
func (q *request) optionOf(d *telphinivr.Document) (*telphinivr.Context, *telphinivr.Option, error) {
	c, err := q.context(d)
	if err != nil {
		return nil, nil, err
	}
	o, err := q.option(c)
	return c, o, err
}

// rule gives the place of the rule of the path among the option's.
func (q *request) rule(o *telphinivr.Option) (int, error) {
	gone := missing(statusRule, "rule %s does not exist in this option", cut(q.params["rule"]))
	id, err := q.id("rule", gone)
	if err != nil {
		return 0, err
	}
	i := slices.IndexFunc(o.Rules, func(r telphinivr.Rule) bool { return r.ID == id })
	if i < 0 {
		return 0, gone
	}
	return i, nil
}

func listRules(q *request) (any, error) {
	d, err := q.menu()
	if err != nil {
		return nil, err
	}
	_, o, err := q.optionOf(d)
	if err != nil {
		return nil, err
	}
	answers := []map[string]any{}
	for i := range o.Rules {
		answers = append(answers, telphinivr.Answer(&o.Rules[i]))
	}
	return paged(q, answers)
}

func getRule(q *request) (any, error) {
	d, err := q.menu()
	if err != nil {
		return nil, err
	}
	_, o, err := q.optionOf(d)
	if err != nil {
		return nil, err
	}
	i, err := q.rule(o)
	if err != nil {
		return nil, err
	}
	return telphinivr.Answer(&o.Rules[i]), nil
}

// setRule lays a request over a rule and checks it.
func (q *request) setRule(d *telphinivr.Document, c *telphinivr.Context, r *telphinivr.Rule, body input.Fields) error {
	if err := r.Merge(body, "", "id"); err != nil {
		return err
	}
	if r.Action == telphinivr.VoiceHelper && !q.d.cfg.Speech {
		return failf(http.StatusForbidden, statusNoSpeech, "action: voice_helper needs a speech recogniser, and none is configured here")
	}
	return telphinivr.CheckRule(q.Context(), d, c, r, q.resolver())
}

func postRule(q *request) (any, error) {
	return q.merged(func(d *telphinivr.Document, body input.Fields) (any, error) {
		c, o, err := q.optionOf(d)
		if err != nil {
			return nil, err
		}
		if len(o.Rules) >= telphinivr.MaxRules {
			return nil, badf("an option has at most %d rules", telphinivr.MaxRules)
		}
		d.LastRule++
		r := telphinivr.Rule{ID: d.LastRule}
		if err := q.setRule(d, c, &r, body); err != nil {
			return nil, err
		}
		o.Rules = append(o.Rules, r)
		return telphinivr.Answer(&r), nil
	})
}

func putRule(q *request) (any, error) {
	return q.merged(func(d *telphinivr.Document, body input.Fields) (any, error) {
		c, o, err := q.optionOf(d)
		if err != nil {
			return nil, err
		}
		i, err := q.rule(o)
		if err != nil {
			return nil, err
		}
		if err := q.setRule(d, c, &o.Rules[i], body); err != nil {
			return nil, err
		}
		return telphinivr.Answer(&o.Rules[i]), nil
	})
}

func deleteRule(q *request) (any, error) {
	return q.change(func(d *telphinivr.Document) (any, error) {
		_, o, err := q.optionOf(d)
		if err != nil {
			return nil, err
		}
		i, err := q.rule(o)
		if err != nil {
			return nil, err
		}
		o.Rules = slices.Delete(o.Rules, i, i+1)
		return nil, nil
	})
}

func orderAnswer(o *telphinivr.Option) map[string]any {
	ids := []int64{}
	for _, r := range o.Rules {
		ids = append(ids, r.ID)
	}
	return map[string]any{"order": ids}
}

func getOrder(q *request) (any, error) {
	d, err := q.menu()
	if err != nil {
		return nil, err
	}
	_, o, err := q.optionOf(d)
	if err != nil {
		return nil, err
	}
	return orderAnswer(o), nil
}

// putOrder puts the rules of an option in the order of the ids given.
func putOrder(q *request) (any, error) {
	ids, err := q.order()
	if err != nil {
		return nil, err
	}
	return q.change(func(d *telphinivr.Document) (any, error) {
		_, o, err := q.optionOf(d)
		if err != nil {
			return nil, err
		}
		var rules []telphinivr.Rule
		for _, id := range ids {
			i := slices.IndexFunc(o.Rules, func(r telphinivr.Rule) bool { return r.ID == id })
			if i < 0 || slices.ContainsFunc(rules, func(r telphinivr.Rule) bool { return r.ID == id }) {
				return nil, badf("order: rule %d is not in the option, or is given twice", id)
			}
			rules = append(rules, o.Rules[i])
		}
		if len(rules) != len(o.Rules) {
			return nil, badf("order: %d ids are given; the option has %d rules", len(rules), len(o.Rules))
		}
		o.Rules = rules
		return orderAnswer(o), nil
	})
}

// order reads {"order": [ids]}, or the list under "rules", or the list alone.
func (q *request) order() ([]int64, error) {
	data, err := input.ReadValue(q.Body)
	if err != nil {
		return nil, badf("%s", err)
	}
	raw := data
	if input.Kind(data) == "an object" {
		f, err := input.ParseObject(data)
		if err != nil {
			return nil, badf("%s", err)
		}
		raw = f["order"]
		if raw == nil {
			raw = f["rules"]
		}
	}
	if input.IsNull(raw) {
		return nil, badf("order: it is missing")
	}
	list, err := input.Array(raw, "order")
	if err != nil {
		return nil, badf("%s", err)
	}
	return ids(list)
}

func ids(list []json.RawMessage) ([]int64, error) {
	var ids []int64
	for _, raw := range list {
		s, err := input.Text(raw, "order")
		if err != nil {
			return nil, badf("%s", err)
		}
		id, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return nil, badf("order: %q is no id of a rule", cut(s))
		}
		ids = append(ids, id)
	}
	return ids, nil
}
