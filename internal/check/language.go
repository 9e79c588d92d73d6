package check

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

func sorted[V any](m map[string]V) []string {
	if len(m) < 2 { // as most are, which no sorting is needed for
		for key := range m {
			return []string{key}
		}
		return nil
	}
	return slices.Sorted(maps.Keys(m))
}

// mostLanguages bounds the languages that are followed through a flow.
const mostLanguages = 32

// languages follows each language that a flow sets, and finds what is not spoken
// in it.
func (c *checker) languages() {
	g := c.g
	setters := map[string][]int{}
	any := []int{} // set to what is only known in a call
	for i, n := range g.nodes {
		s, ok := n.Step.(flow.Set)
		if !ok || s.Name != flow.VarLanguage || !g.reach[i] {
			continue
		}
		if strings.Contains(string(s.Value), "${") {
			any = append(any, i)
			continue
		}
		setters[string(s.Value)] = append(setters[string(s.Value)], i)
	}
	spoken := c.spokenLanguages()
	if len(any) > 0 {
		for _, tag := range spoken {
			setters[tag] = append(setters[tag], any...)
		}
	}
	if len(setters) == 0 {
		return
	}
	set := sorted(setters)
	for _, tag := range set[:min(len(set), mostLanguages)] {
		c.language(tag, setters[tag], len(spoken) > 0)
	}
	serves := map[string]bool{} // the tags that serve a language that is set: see speaks
	for _, tag := range set {
		tag = strings.ToLower(tag)
		for serves[tag] = true; strings.Contains(tag, "-"); serves[tag] = true {
			tag = tag[:strings.LastIndexByte(tag, '-')]
		}
	}
	for _, tag := range spoken {
		c.g.visits++
		if !serves[strings.ToLower(tag)] {
			c.put(Finding{Code: CodeLanguageUnused, Severity: Note, Text: "there are prompts in " + tag + ", and no step sets that language", Mend: "set the language, or remove the prompts"})
		}
	}
}

// spokenLanguages lists the languages that some step has prompts in.
func (c *checker) spokenLanguages() []string {
	tags := map[string]bool{}
	for i, h := range c.g.heard {
		for tag := range h.in {
			c.g.visits++
			if c.g.reach[i] {
				tags[tag] = true
			}
		}
	}
	return sorted(tags)
}

// speaks reports whether prompts in tag serve a call in the language set: they
// are equal, or tag is its first part.
func speaks(tag, set string) bool {
	return strings.EqualFold(tag, set) || len(set) > len(tag) && strings.EqualFold(set[:len(tag)], tag) && set[len(tag)] == '-'
}

// speaksAny reports whether some prompts serve a call in the language set.
func speaksAny(in map[string][]voice.Prompt, set string) bool {
	for tag := range in {
		if speaks(tag, set) {
			return true
		}
	}
	return false
}

// language finds the prompts that are missing in a language, behind the steps
// that set it. others says that some step has prompts in other languages.
func (c *checker) language(tag string, setters []int, others bool) {
	g := c.g
	var from []int
	for _, i := range setters {
		for _, e := range g.out[i] {
			from = append(from, e.to)
		}
	}
	other := func(i int) bool {
		s, ok := g.nodes[i].Step.(flow.Set)
		return ok && s.Name == flow.VarLanguage && string(s.Value) != tag
	}
	hears := g.flood(from, func(i int) bool { return !other(i) }, nil)
	var missing, has []int
	for i, h := range g.heard {
		prompts, in := h.prompts, h.in
		if !hears[i] || !h.ok || !inWords(prompts) && len(in) == 0 {
			continue
		}
		g.visits++
		switch {
		case speaksAny(in, tag):
			has = append(has, i)
		case !slices.ContainsFunc(prompts, func(p voice.Prompt) bool { return p.Voice != "" && related(p.Voice, tag) }):
			missing = append(missing, i)
		}
	}
	if len(has) == 0 {
		// Prompts of the flow's own language: setting it back is no fault.
		if !others {
			return
		}
		if !c.ownLanguage(tag) && len(missing) > 0 {
			for _, i := range setters {
				c.at(g.nodes[i], flow.Warning, CodeLanguageMissing, "add prompts in that language", "%s sets the language to %s, and no step has prompts in it", c.name(g.nodes[i]), tag)
			}
		}
		return
	}
	for _, i := range missing {
		n := g.nodes[i]
		c.at(n, flow.Warning, CodeLanguageMissing, "add its prompts in "+tag, "callers who have heard %s hear %s in another language", tag, c.name(n))
	}
}

// ownLanguage reports whether the flow's usual prompts are in a language: some
// say so by their voice, or none says anything and other languages are beside them.
func (c *checker) ownLanguage(tag string) bool {
	unknown := true
	for i, h := range c.g.heard {
		for _, p := range h.prompts {
			if !c.g.reach[i] || p.Voice == "" {
				continue
			}
			unknown = false
			if related(p.Voice, tag) {
				return true
			}
		}
	}
	return unknown
}

// related reports whether a voice or language and another are the same language:
// "en-GB" and "en".
func related(x, y string) bool {
	first := func(s string) string { head, _, _ := strings.Cut(strings.ToLower(s), "-"); return head }
	return cmp.Compare(first(x), first(y)) == 0
}

// inWords reports whether prompts say something that depends on a language.
func inWords(prompts []voice.Prompt) bool {
	return slices.ContainsFunc(prompts, func(p voice.Prompt) bool {
		return p.Kind == voice.PromptSpeech || p.Kind == voice.PromptSound && !p.Template || p.Kind == voice.PromptStandard
	})
}
