package check

import (
	"slices"
	"strings"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// variables finds the use of variables that nothing sets.
func (c *checker) variables() {
	set := map[string]bool{flow.VarDigits: true, flow.VarExtension: true, flow.VarRecording: true, flow.VarLanguage: true, flow.VarAnsweredBy: true,
		flow.VarHTTPStatus: true, flow.VarHeard: true, flow.VarExtFrom: true}
	for i, n := range c.g.nodes {
		if n.Step == nil || !c.g.reach[i] {
			continue
		}
		switch s := n.Step.(type) {
		case flow.Set:
			set[s.Name] = true
		case flow.Gather:
			set[s.Into] = true
		case flow.Tape:
			set[s.Into] = true
		case flow.Request:
			for _, x := range s.Extract {
				set[x.Variable] = true
			}
		case flow.Subflow, flow.Fetch, flow.Await:
			return // others set variables too
		}
	}
	for i, n := range c.g.nodes {
		if !c.g.reach[i] || n.Step == nil {
			continue
		}
		for _, v := range uses(n.Step) {
			c.g.visits++
			if !set[v] && !strings.Contains(v, ".") { // call.from, and the vendors' own
				c.at(n, flow.Warning, CodeUnset, "set it before, or correct its name", "%s uses ${%s}, which no step of the flow sets: it is empty, unless another app that leads here sets it", c.name(n), v)
			}
		}
	}
}

// uses lists the variables that a step reads, in order.
func uses(s flow.Step) []string {
	var list []string
	read := func(templates ...flow.Template) {
		for _, t := range templates {
			t.Expand(func(v string) string {
				if !slices.Contains(list, v) {
					list = append(list, v)
				}
				return ""
			})
		}
	}
	heard := func(ps []voice.Prompt) {
		for _, p := range ps {
			if p.Template {
				read(flow.Template(p.Text), flow.Template(p.Sound), flow.Template(p.Recording))
			}
		}
	}
	prompts, in, _ := spoken(s)
	heard(prompts)
	for _, ps := range beside(s) {
		heard(ps)
	}
	for _, tag := range sorted(in) {
		heard(in[tag])
	}
	variable := func(v string) {
		if v != "" && !slices.Contains(list, v) {
			list = append(list, v)
		}
	}
	switch s := s.(type) {
	case flow.Set:
		read(s.Value)
	case flow.If:
		read(s.Left, s.Right)
	case flow.SetCaller:
		read(s.Number, s.Name)
	case flow.Save:
		for _, f := range sorted(s.Fields) {
			read(s.Fields[f])
		}
	case flow.Request:
		read(s.URL, s.Body)
		for _, h := range sorted(s.Headers) {
			read(s.Headers[h])
		}
	case flow.SMS:
		read(s.To, s.Text)
	case flow.Conference:
		read(s.Room)
	case flow.Dial:
		variable(s.ToVar)
	case flow.Transfer:
		variable(s.ToVar)
	}
	return list
}
