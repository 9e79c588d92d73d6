package flow

import (
	"slices"
	"strings"
	"time"

	"tandem/internal/voice"
)

// step checks the values of a step.
func (v *validator) step(n *Node) {
	switch s := n.Step.(type) {
	case Play:
		v.prompts(n, s.Prompts)
		v.languages(n, s.In)
	case Gather:
		v.gather(n, s)
	case Dial:
		v.dial(n, s)
	case Transfer:
		v.transfer(n, s)
	case Goto:
		v.must(n, s.App != "", "names no app")
	case Count:
		v.must(n, s.Name != "", "names no counter")
		v.must(n, s.Limit >= 1, "has limit %d; it must be at least 1", s.Limit)
	case Reset:
		v.must(n, s.Name != "", "names no counter")
	case Record:
		v.must(n, s.Purpose != "", "has no purpose")
		v.keys(n, s.Finish)
		v.span(n, "max_length", s.MaxLength, voice.MaxRecordLength)
		v.span(n, "silence", s.Silence, voice.MaxRecordLength)
		v.span(n, "min_length", s.MinLength, voice.MaxRecordLength)
	case SaveSound:
		v.must(n, s.Sound != "", "names no sound")
	case Wait:
		v.span(n, "for", s.For, voice.DefaultMaxDuration)
	case Set, If, Hours, SetCaller, Save:
		v.variableStep(n)
	default:
		v.outsideStep(n)
	}
}

func (v *validator) gather(n *Node, s Gather) {
	v.prompts(n, s.Prompts)
	v.languages(n, s.In)
	for i, k := range s.Keys {
		v.must(n, k != "", "has an empty key")
		v.keys(n, k)
		v.must(n, !slices.Contains(s.Keys[:i], k), "has key %q twice", k)
	}
	v.keys(n, s.Finish)
	v.must(n, s.Into == "" || Settable(s.Into), "puts the digits into %q, which is no variable that can be set", s.Into)
	v.must(n, !s.Secret || len(s.Keys) == 0 && !s.Extensions, "is secret and has keys or extensions, which the timeline would tell: compare the digits in an if")
	v.must(n, s.MaxDigits >= 0 && s.MaxDigits <= voice.MaxGatherDigits, "has max_digits %d; it must be 0 to %d", s.MaxDigits, voice.MaxGatherDigits)
	v.span(n, "first_digit", s.FirstDigit, voice.DefaultMaxDuration)
	v.span(n, "inter_digit", s.InterDigit, voice.DefaultMaxDuration)
	v.span(n, "overall", s.Overall, voice.DefaultMaxDuration)
}

func (v *validator) dial(n *Node, s Dial) {
	v.to(n, s.To, s.ToVar)
	v.destinations(n, "also", s.Also, voice.MaxTargets-1)
	v.strategy(n, s.Strategy)
	v.prompts(n, s.Music)
	v.prompts(n, s.Announce)
	v.must(n, strings.Trim(s.SendDigits, "0123456789*#Ww") == "" && len(s.SendDigits) <= voice.MaxGatherDigits,
		"has send_digits %q; it must be up to %d of 0-9 * # W w", s.SendDigits, voice.MaxGatherDigits)
	v.span(n, "ring_time", s.RingTime, voice.MaxRingTime)
	v.span(n, "max_duration", s.MaxDuration, 24*time.Hour)
	v.must(n, slices.Contains([]voice.MachineRule{"", voice.MachineHangup, voice.MachineConnect}, s.Machine),
		"has machine %q; it must be %s or %s", s.Machine, voice.MachineHangup, voice.MachineConnect)
}

func (v *validator) transfer(n *Node, s Transfer) {
	v.to(n, s.To, s.ToVar)
	v.must(n, slices.Contains([]TransferHow{"", TransferByRefer, TransferByDial}, s.How),
		"has how %q; it must be %s or %s", s.How, TransferByRefer, TransferByDial)
	v.span(n, "ring_time", s.RingTime, voice.MaxRingTime)
	v.span(n, "max_duration", s.MaxDuration, 24*time.Hour)
	v.must(n, s.How != TransferByRefer || s.CallerID == "" && s.MaxDuration == 0 && !s.Record,
		"has caller_id, max_duration or record, which a transfer by refer alone can't keep to")
}

// to checks a destination whose id may be in a variable.
func (v *validator) to(n *Node, d voice.Destination, variable string) {
	v.must(n, d.Kind != "", "has no destination")
	v.must(n, d.ID != "" || variable != "", "has no destination id")
	v.must(n, variable == "" || IsName(variable), "takes the destination from %q, which is no name of a variable", variable)
}

func (v *validator) destinations(n *Node, field string, list []voice.Destination, most int) {
	v.must(n, len(list) <= most, "has %d destinations in %s; at most %d are allowed", len(list), field, most)
	for i, d := range list {
		v.must(n, d.Kind != "" && d.ID != "", "has no kind or id for destination %d of %s", i+1, field)
	}
}

func (v *validator) strategy(n *Node, s voice.Strategy) {
	all := []voice.Strategy{"", voice.AllAtOnce, voice.InTurn, voice.Random, voice.Rotating}
	v.must(n, slices.Contains(all, s), "has strategy %q; it must be one of all, in turn, random, rotating", s)
}

// languages checks prompts that stand for others in a language.
func (v *validator) languages(n *Node, in map[string][]voice.Prompt) {
	for _, tag := range sortedKeys(in) {
		v.must(n, tag != "" && IsName(tag), "has prompts in language %q, which is no language tag", tag)
		v.prompts(n, in[tag])
	}
}

func (v *validator) prompts(n *Node, ps []voice.Prompt) {
	for _, p := range ps {
		switch p.Kind {
		case voice.PromptSound:
			v.must(n, p.Sound != "", "has a prompt without its sound")
		case voice.PromptStandard, voice.PromptTone:
			v.must(n, p.Standard != "", "has a %s prompt without its name", p.Kind)
		case voice.PromptSpeech, voice.PromptSay:
			v.must(n, p.Text != "", "has a %s prompt without text", p.Kind)
			v.must(n, len(p.Text) <= voice.MaxSpeechText, "has a text of %d bytes; at most %d can be spoken", len(p.Text), voice.MaxSpeechText)
			v.must(n, p.Kind != voice.PromptSay || slices.Contains(sayFormats(), p.Format), "has a say prompt of unknown format %q", p.Format)
		case voice.PromptURL:
			v.url(n, Template(p.Text))
		case voice.PromptSilence, voice.PromptRecorded, voice.PromptMusic:
		default:
			v.must(n, false, "has a prompt of unknown kind %q", p.Kind)
		}
		v.span(n, "duration of a prompt", p.Duration, voice.DefaultMaxDuration)
		if p.Template {
			v.template(n, "text of a prompt", Template(p.Text))
			v.template(n, "sound of a prompt", Template(p.Sound))
			v.template(n, "recording of a prompt", Template(p.Recording))
		}
	}
}

func sayFormats() []voice.SayFormat {
	return []voice.SayFormat{voice.SayDigits, voice.SayNumber, voice.SayOrdinal, voice.SayDate, voice.SayTime, voice.SayCurrency}
}

func (v *validator) keys(n *Node, d voice.Digits) {
	v.must(n, strings.Trim(string(d), "0123456789*#ABCD") == "", "has %q, which is not made of telephone keys", d)
	v.must(n, len(d) <= voice.MaxGatherDigits, "has %d keys; at most %d are allowed", len(d), voice.MaxGatherDigits)
}

func (v *validator) span(n *Node, name string, d, most time.Duration) {
	v.must(n, d >= 0 && d <= most, "has %s %v; it must be 0 to %v", name, d, most)
}

func (v *validator) must(n *Node, ok bool, format string, args ...any) {
	if !ok {
		v.ds.Errorf(CodeValue, v.at, "node %q (%s) "+format, append([]any{n.ID, n.Step.Kind()}, args...)...)
	}
}
