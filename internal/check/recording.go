package check

import (
	"slices"
	"strings"
	"unicode"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// consentWords begin the words by which a prompt says that a call is recorded, in
// the languages that the program speaks, and some more.
func consentWords() []string {
	return []string{"record", "monitor", "consent", "inspel", "spelas in", "spelar in", "aufgezeichnet", "aufzeichn", "aufgenommen", "mitgeschnitten",
		"enregistr", "grabad", "grabar", "grabaci", "registrat", "opgenomen", "optag", "tallenn", "запис", "تسجيل", "रिकॉर्ड", "பதிவு", "రికార్డ"}
}

// cardWords are those by which a prompt asks for the digits of a card.
func cardWords() []string {
	return []string{"card number", "credit card", "debit card", "bank card", "payment card", "number of your card", "your card", "security code", "cvv", "cvc",
		"expiry date", "kortnummer", "kreditkort", "betalkort", "kartennummer", "kreditkarte", "carte bancaire", "carte de crédit", "numéro de carte", "tarjeta"}
}

// cardNames are parts of the names of variables that hold such digits.
func cardNames() []string {
	return []string{"card", "cardnumber", "pan", "cvv", "cvc", "cvv2", "expiry", "kort", "kortnummer", "creditcard", "ccnum", "ccn"}
}

// recordings finds talks that are recorded without the caller's having been told,
// and card digits that a recording would hold.
func (c *checker) recordings() {
	g := c.g
	var begins []int
	if !slices.ContainsFunc(g.nodes, func(n *flow.Node) bool { return records(n.Step) }) {
		return
	}
	untold := g.flood(g.entry(), func(i int) bool { return !c.tells(g.nodes[i]) }, nil)
	for i, n := range g.nodes {
		if !g.reach[i] || n.Step == nil {
			continue
		}
		if t, ok := n.Step.(flow.Tape); ok && (t.Order == flow.TapeStart || t.Order == flow.TapeResume) {
			begins = append(begins, i)
		}
		if records(n.Step) && untold[i] && !consents(n) {
			c.at(n, flow.Warning, CodeConsent, "play a prompt that says so on every way to it, or title the step that does with the word consent",
				"%s records the call, and a caller may come to it without having been told", c.name(n))
		}
	}
	if len(begins) == 0 {
		return
	}
	taped := g.flood(begins, func(i int) bool {
		t, ok := g.nodes[i].Step.(flow.Tape)
		return !ok || t.Order == flow.TapeStart || t.Order == flow.TapeResume
	}, nil)
	for i, n := range g.nodes {
		if g, ok := n.Step.(flow.Gather); ok && taped[i] && g.Secret {
			c.at(n, flow.Error, CodeCardRecorded, "pause the recording before it and resume it behind it", "%s asks for secret digits while the call is recorded: the recording would hold them", c.name(n))
		} else if taped[i] && asksForCard(n) {
			c.at(n, flow.Error, CodeCardRecorded, "pause the recording before it and resume it behind it", "%s asks for the digits of a card while the call is recorded: the recording would hold them", c.name(n))
		}
	}
}

// records reports whether a step records what the caller says to somebody.
func records(s flow.Step) bool {
	switch s := s.(type) {
	case flow.Dial:
		return s.Record
	case flow.Transfer:
		return s.Record
	case flow.Conference:
		return s.Record
	case flow.Tape:
		return s.Order == flow.TapeStart
	}
	return false
}

// consents reports whether the author says that a step tells of the recording.
func consents(n *flow.Node) bool {
	return strings.Contains(strings.ToLower(n.Label), "consent") || strings.Contains(strings.ToLower(string(n.ID)), "consent")
}

// tells reports whether a step tells the caller of a recording, or may: what a
// sound says is not known unless its name, its file or its text does.
func (c *checker) tells(n *flow.Node) bool {
	if consents(n) {
		return true
	}
	prompts, in, ok := spoken(n.Step)
	if !ok {
		return false
	}
	for _, list := range in {
		if slices.ContainsFunc(list, c.mentions) {
			return true
		}
	}
	return slices.ContainsFunc(prompts, c.mentions)
}

func (c *checker) mentions(p voice.Prompt) bool {
	c.g.visits++
	text := p.Text
	switch p.Kind {
	case voice.PromptSound:
		if c.in.World == nil {
			return true
		}
		s := c.in.World.Sounds[p.Sound]
		text = s.Name + " " + s.FileName + " " + s.Text
	case voice.PromptURL:
		return true
	}
	return holdsAny(text, consentWords())
}

func holdsAny(text string, words []string) bool {
	text = strings.ToLower(text)
	return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(text, w) })
}

// asksForCard reports whether a gather asks for the digits of a payment card: by
// its variable, by what it says, or by taking 13 to 19 digits (ISO/IEC 7812).
func asksForCard(n *flow.Node) bool {
	g, ok := n.Step.(flow.Gather)
	if !ok || len(g.Keys) > 0 {
		return false
	}
	if g.MaxDigits >= 13 && g.MaxDigits <= 19 {
		return true
	}
	parts := strings.FieldsFunc(strings.ToLower(g.Into), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	if slices.ContainsFunc(parts, func(part string) bool { return slices.Contains(cardNames(), part) }) {
		return true
	}
	return slices.ContainsFunc(g.Prompts, func(p voice.Prompt) bool { return holdsAny(p.Text, cardWords()) })
}
