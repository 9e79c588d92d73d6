package telphinivr

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// place is a rule, and where it leads.
type place struct {
	c      *Context
	rule   *Rule
	origin string
	id     flow.NodeID
	next   flow.NodeID // after it
	failed flow.NodeID // after a transfer that reached nobody
}

// rule adds the nodes of a rule and gives the first: p.next for one that is left
// out.
func (b *builder) rule(ctx context.Context, p place) (flow.NodeID, error) {
	r := p.rule
	if needed, known := needs()[r.Action]; !known || needed != "" && empty(r.Field(needed)) {
		b.diags.Errorf(diagRule, p.origin+"/action", "%s: the action is unknown or %s is missing", dotted(p.origin), needed)
		return p.next, nil
	}
	begin := len(b.program.Nodes)
	first, err := b.action(ctx, p)
	if err != nil || len(r.Extra) == 0 || len(b.program.Nodes) == begin {
		return first, err
	}
	extra, err := json.Marshal(r.Extra)
	if err == nil {
		b.program.Nodes[begin].Meta = map[string]string{metaExtra: string(extra)}
	}
	return first, err
}

func (b *builder) action(ctx context.Context, p place) (flow.NodeID, error) {
	r := p.rule
	next := exits{flow.Next: p.next}
	switch r.Action {
	case Transfer:
		return b.transfer(p, "transfer_dst", *r.TransferDst, voice.ToDialled)
	case SimpleTransfer:
		return b.transfer(p, "transfer_dst", *r.TransferDst, voice.ToPhones)
	case TransferFromVariable:
		b.add(p.id, p.origin, flow.Dial{To: voice.Destination{Kind: voice.ToDialled}, ToVar: variable(r.TransferVariable)}, dialExits(p.failed))
	case Hangup:
		b.add(p.id, p.origin, flow.Hangup{Cause: voice.CauseNormal, Words: "the menu hangs up"}, nil)
	case JumpToContext:
		return b.optionNode(p.origin+"/context", *r.Context, option(r.ContextOption)), nil
	case CheckVariable, MatchVariable:
		return b.check(p)
	case SetVariable:
		value := ""
		if r.SetVariableValue != nil {
			value = *r.SetVariableValue
		}
		b.add(p.id, p.origin, flow.Set{Name: variable(r.SetVariableName), Value: template(value)}, next)
	case SetCallerNumber:
		b.add(p.id, p.origin, flow.SetCaller{Number: template(*r.CallerIDNumber)}, next)
	case SetCallerName:
		b.add(p.id, p.origin, flow.SetCaller{Name: template(*r.CallerIDName)}, next)
	case CallInteractive:
		b.interactive(p)
	case VoiceHelper:
		return b.listen(ctx, p)
	default:
		return b.sounds(ctx, p)
	}
	return p.id, nil
}

// sounds adds the rules that are heard.
func (b *builder) sounds(ctx context.Context, p place) (flow.NodeID, error) {
	r := p.rule
	background := r.SoundType != nil && *r.SoundType == Background
	switch r.Action {
	case PlaySilence:
		b.play(p, voice.Prompt{Kind: voice.PromptSilence, Duration: millis(*r.SilenceTime)}, true)
	case PlayDigits:
		b.play(p, say(template(*r.Digits), r.PlayDigitsMethod), background)
	case PlayDigitsFrom:
		b.play(p, say(flow.Template("${"+variable(r.PlayDigitsVariable)+"}"), r.PlayDigitsMethod), background)
	case PlaySoundFrom:
		b.play(p, voice.Prompt{Kind: voice.PromptSound, Sound: voice.SoundID("${" + variable(r.PlaySoundFromVariableOf) + "}"), Template: true}, background)
	case PlaySound:
		prompt, err := b.sound(ctx, p.origin+"/sound", r.Sound)
		if err != nil || prompt == nil {
			return p.next, err
		}
		b.play(p, *prompt, r.SoundType == nil || background)
	case RecordDigits:
		return p.id, b.record(ctx, p)
	case QualityRate:
		return p.id, b.rate(ctx, p)
	}
	return p.id, nil
}

// play adds a sound. A key that cuts one in the background begins the caller's
// choice.
func (b *builder) play(p place, prompt voice.Prompt, background bool) {
	ways := exits{flow.Next: p.next}
	if background {
		ways[flow.Cut] = waitOf(p.c.ID)
	}
	b.add(p.id, p.origin, flow.Play{Prompts: []voice.Prompt{prompt}, BargeIn: background}, ways)
}

// Methods of play_digits.
const (
	oneByOne = "digits"
	asNumber = "number"
)

func say(text flow.Template, method *string) voice.Prompt {
	p := voice.Prompt{Kind: voice.PromptSay, Format: voice.SayDigits, Text: string(text), Template: true}
	if method != nil && *method == asNumber {
		p.Format = voice.SayNumber
	}
	return p
}

// sound gives the prompt of a sound; nil when there is none.
func (b *builder) sound(ctx context.Context, origin string, id *int64) (*voice.Prompt, error) {
	if id == nil || *id == 0 {
		return nil, nil
	}
	s, err := b.r.SoundBySerial(ctx, *id)
	if voice.IsKind(err, voice.NotExist) {
		b.diags.Errorf(diagSound, origin, "%s: sound %d does not exist in this account", dotted(origin), *id)
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &voice.Prompt{Kind: voice.PromptSound, Sound: s.ID}, nil
}

// transfer adds a call to numbers, all rung at once. A voice menu or queue that is
// the only one takes the call over.
func (b *builder) transfer(p place, field, dst string, kind voice.DestinationKind) (flow.NodeID, error) {
	var to []voice.Destination
	for _, t := range targets(dst) {
		d, ok := destination(t, kind)
		if !ok {
			b.diags.Errorf(diagRule, p.origin, "%s: %s: %q is no number", dotted(p.origin), field, t)
			continue
		}
		if app, is := b.numbers[d.ID]; is && d.Kind == kind {
			d = voice.Destination{Kind: voice.ToApp, ID: string(app.ID)}
		}
		to = append(to, d)
	}
	switch {
	case len(to) == 0:
		return p.failed, nil
	case len(to) == 1 && to[0].Kind == voice.ToApp:
		b.add(p.id, p.origin, flow.Goto{App: voice.AppID(to[0].ID)}, exits{flow.Failed: p.failed})
	default:
		d := flow.Dial{To: to[0]}
		if len(to) > 1 {
			d.Also, d.Strategy = to[1:], voice.AllAtOnce
		}
		b.add(p.id, p.origin, d, dialExits(p.failed))
	}
	return p.id, nil
}

// check adds a comparison of a variable.
func (b *builder) check(p place) (flow.NodeID, error) {
	r := p.rule
	if r.Context == nil {
		b.diags.Errorf(diagRule, p.origin+"/context", "%s: the context is missing", dotted(p.origin))
		return p.next, nil
	}
	value := ""
	if r.MatchVariableValue != nil {
		value = *r.MatchVariableValue
	}
	b.add(p.id, p.origin, flow.If{Left: flow.Template("${" + variable(r.MatchVariableName) + "}"), Op: flow.Equal, Right: template(value)},
		exits{flow.Yes: b.optionNode(p.origin+"/context", *r.Context, option(r.ContextOption)), flow.No: p.next})
	return p.id, nil
}

// record adds the collecting of digits into a variable.
func (b *builder) record(ctx context.Context, p place) error {
	r := p.rule
	most := p.c.DigitLen
	if r.RecordDigitsMax != nil {
		most = *r.RecordDigitsMax
	}
	g := flow.Gather{Into: variable(r.RecordDigitsVariable), MaxDigits: int(most), Finish: "#",
		FirstDigit: max(millis(p.c.Timeout), time.Millisecond), InterDigit: max(millis(p.c.InterDigitTimeout), time.Millisecond)}
	prompt, err := b.sound(ctx, p.origin+"/record_digits_sound", r.RecordDigitsSound)
	if err != nil {
		return err
	}
	if prompt != nil {
		g.Prompts = []voice.Prompt{*prompt}
	}
	b.add(p.id, p.origin, g, exits{flow.GotDigits: p.next, flow.NoInput: p.next})
	return nil
}

// rate asks for a rating and keeps a record of it.
func (b *builder) rate(ctx context.Context, p place) error {
	r := p.rule
	g := flow.Gather{BargeIn: true, Whole: *r.MaxRate > 9, FirstDigit: max(millis(p.c.Timeout), time.Millisecond),
		InterDigit: max(millis(p.c.InterDigitTimeout), time.Millisecond), MaxDigits: len(strconv.FormatInt(*r.MaxRate, 10))}
	prompt, err := b.sound(ctx, p.origin+"/sound", r.Sound)
	if err != nil {
		return err
	}
	if prompt != nil {
		g.Prompts = []voice.Prompt{*prompt}
	}
	save := p.id + ".save"
	ways := exits{flow.NoInput: p.next, flow.InvalidKey: p.next}
	for n := range *r.MaxRate {
		key := voice.Digits(strconv.FormatInt(n+1, 10))
		g.Keys = append(g.Keys, key)
		ways[flow.Key(key)] = save
	}
	b.add(p.id, p.origin, g, ways)
	b.add(save, p.origin, flow.Save{Topic: RateTopic, Fields: map[string]flow.Template{"rate": "${digits}",
		"max_rate": flow.Template(strconv.FormatInt(*r.MaxRate, 10)), "extension": flow.Literal(b.doc.Extension.Name)}},
		exits{flow.Next: p.next, flow.Failed: p.next})
	return nil
}

// listen adds speech recognition. Without a recogniser the rule is left out.
func (b *builder) listen(ctx context.Context, p place) (flow.NodeID, error) {
	r := p.rule
	if !b.settings.Speech {
		b.diags.Warnf(diagSpeech, p.origin, "%s: there is no speech recogniser; the rule is left out", dotted(p.origin))
		return p.next, nil
	}
	l := flow.Listen{Timeout: 12 * time.Second}
	prompt, err := b.sound(ctx, p.origin+"/sound", r.Sound)
	if err != nil {
		return "", err
	}
	if prompt != nil {
		l.Prompts = []voice.Prompt{*prompt}
	}
	if r.VoiceHelperTimeout != nil && *r.VoiceHelperTimeout > 0 {
		l.Timeout = millis(*r.VoiceHelperTimeout)
	}
	if r.VoiceHelperDigitsMax != nil {
		l.MaxDigits = int(*r.VoiceHelperDigitsMax)
	}
	again := p.next
	if n := r.VoiceHelperFinalCount; n != nil && *n > 1 {
		again = p.id + ".again"
	}
	ways := exits{flow.NoInput: again, flow.NotUnderstood: again, flow.Failed: p.next}
	for i, ph := range r.VoiceHelperRules {
		e := flow.Exit("option " + ph.ToOption)
		l.Phrases = append(l.Phrases, flow.Phrase{Words: ph.Transcription, Exit: e})
		ways[e] = b.optionNode(p.origin+"/voice_helper_rules/"+strconv.Itoa(i), p.c.ID, ph.ToOption)
	}
	if l.MaxDigits > 0 {
		ways[flow.GotDigits] = p.id + ".keys"
	}
	b.add(p.id, p.origin, l, ways)
	if again != p.next {
		b.add(again, p.origin, flow.Count{Name: string(p.id), Limit: int(*r.VoiceHelperFinalCount)}, exits{flow.Again: p.id, flow.Over: p.next})
	}
	if l.MaxDigits > 0 {
		b.sortKeys(p)
	}
	return p.id, nil
}

// sortKeys leads from the digits that a Listen took to the option that they are.
func (b *builder) sortKeys(p place) {
	id := p.id + ".keys"
	var keys []string
	for _, o := range p.c.Options {
		if !Fixed(o.Digits) {
			keys = append(keys, o.Digits)
		}
	}
	for _, k := range keys {
		after := p.id + flow.NodeID(".keys.not."+k)
		b.add(id, p.origin, flow.If{Left: "${digits}", Op: flow.Equal, Right: flow.Literal(k)}, exits{flow.Yes: nodeOf(p.c.ID, k), flow.No: after})
		id = after
	}
	b.add(id, p.origin, flow.Reset{Name: string(p.id)}, exits{flow.Next: nodeOf(p.c.ID, Invalid)})
}

// interactive adds the question to an application. Its answer may lead to any
// option of the menu.
func (b *builder) interactive(p place) {
	r := p.rule
	f := flow.Fetch{Dialect: string(Kind), Method: "POST", URL: template(*r.CallInteractiveURL)}
	if r.CallInteractiveMethod != nil {
		f.Method = strings.ToUpper(*r.CallInteractiveMethod)
	}
	ways := exits{flow.Next: p.next, flow.Failed: p.next}
	for _, c := range b.doc.Contexts {
		for _, o := range c.Options {
			way := Way(c.ID, o.Digits)
			f.Ways = append(f.Ways, way)
			ways[way] = nodeOf(c.ID, o.Digits)
		}
	}
	b.add(p.id, p.origin, f, ways)
}

// Way is the exit by which the answer of an application leads to an option.
func Way(c int64, opt string) flow.Exit {
	return flow.Exit("jump " + strconv.FormatInt(c, 10) + " " + opt)
}
