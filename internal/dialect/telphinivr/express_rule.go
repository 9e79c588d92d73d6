package telphinivr

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"tandem/internal/flow"
	"tandem/internal/outline"
	"tandem/internal/voice"
)

func jump(s spot) Rule { return Rule{Action: JumpToContext, Context: &s.ctx, ContextOption: &s.opt} }

// prompted puts rules before the waiting of a menu, where a way comes to it.
func (w *writer) prompted(menu flow.NodeID, rules []Rule) {
	if w.lead == nil {
		w.lead = map[flow.NodeID][]Rule{}
	}
	w.lead[menu] = rules
}

// write writes the rules of an option.
func (w *writer) write(t pending) {
	rules := t.begin
	if !t.empty && !(len(rules) > 0 && rules[len(rules)-1].Action == JumpToContext) {
		rules = append(rules, w.rules(t)...)
	}
	if !t.exact && len(rules) == 1 && rules[0].Action == Hangup && len(rules[0].Extra) == 0 {
		rules = nil // an option without rules hangs up
	}
	if len(rules) == 0 && !t.empty && w.waiting(t) {
		rules = []Rule{{Action: PlaySilence, SilenceTime: ms(time.Millisecond)}} // one without rules would not wait for digits
	}
	if len(rules) > MaxRules {
		w.lose(w.ol.Node(t.from), fmt.Sprintf("%d rules after the first %d", len(rules)-MaxRules, MaxRules), "an option has at most as many", nothing)
		rules = rules[:MaxRules]
	}
	c, _ := w.doc.Context(t.ctx)
	c.option(t.opt).Rules = rules
}

// waiting reports whether an option comes to the waiting of its own context.
func (w *writer) waiting(t pending) bool {
	way := w.ol.Way(t.from)
	return way.End == outline.ToMenu && w.waits[way.At.ID] == t.ctx
}

// rules follows a way from a node and writes its actions.
func (w *writer) rules(t pending) []Rule {
	var rules []Rule
	seen := map[flow.NodeID]bool{}
	for id := t.from; ; {
		n := w.ol.Node(id)
		if n == nil {
			return append(rules, Rule{Action: Hangup})
		}
		if c, waits := w.waits[id]; waits && c == t.ctx && (id == t.from && w.spots[id] == t.spot || len(w.lead[id]) > 0 || w.bare(n)) {
			return append(rules, w.lead[id]...)
		}
		if s, ok := w.spots[id]; ok && (t.exact || id != t.from || s != t.spot) {
			return append(rules, jump(s))
		}
		if seen[id] || !t.exact && id != t.from && len(w.before[id]) > 1 && !transparent(n) {
			if _, hangup := n.Step.(flow.Hangup); !hangup {
				return append(rules, jump(w.spotOf(id)))
			}
		}
		seen[id] = true
		w.told.Tell(id)
		w.by[t.ctx] = append(w.by[t.ctx], id)
		next, more := w.action(t.spot, n, &rules)
		if !more {
			return rules
		}
		id = next
	}
}

// bare reports whether coming to a menu again plays nothing.
func (w *writer) bare(n *flow.Node) bool {
	g, ok := n.Step.(flow.Gather)
	return ok && len(g.Prompts) == 0
}

// transparent tells steps that a document does not hold.
func transparent(n *flow.Node) bool {
	switch n.Step.(type) {
	case flow.Answer, flow.Count, flow.Reset:
		return true
	}
	return false
}

// action writes one node and gives where the way goes on; more is false when the
// option ends with it.
func (w *writer) action(at spot, n *flow.Node, rules *[]Rule) (next flow.NodeID, more bool) {
	begin := len(*rules)
	next, more = w.step(at, n, rules)
	if extra := n.Meta[metaExtra]; extra != "" && len(*rules) > begin {
		_ = json.Unmarshal([]byte(extra), &(*rules)[begin].Extra) // Compile wrote it
	}
	return next, more
}

func (w *writer) step(at spot, n *flow.Node, rules *[]Rule) (next flow.NodeID, more bool) {
	add := func(r Rule) { *rules = append(*rules, r) }
	switch s := n.Step.(type) {
	case flow.Answer, flow.Reset:
		return n.Exits[flow.Next], true
	case flow.Count:
		if !w.ol.Guard(n) {
			w.lose(n, "after "+fmt.Sprint(s.Limit)+" times something else is done", "a voice menu does not count", "it goes on as before")
		}
		return n.Exits[flow.Again], true
	case flow.Hangup:
		if s.Cause != voice.CauseNormal && s.Cause != "" {
			w.lose(n, "the call ends with cause "+string(s.Cause), whyNoRule, "it hangs up")
		}
		add(Rule{Action: Hangup})
		return "", false
	case flow.Return:
		add(Rule{Action: Hangup})
		return "", false
	case flow.Wait:
		w.lose(n, "keys do not end the pause of "+s.For.String(), "a silence is ended by a key", "a silence")
		add(Rule{Action: PlaySilence, SilenceTime: ms(s.For)})
	case flow.Play:
		if len(s.In) > 0 {
			w.lose(n, "other prompts for other languages", whyNoRule, "those without a language")
		}
		*rules = append(*rules, w.prompts(n, s.Prompts, s.BargeIn, w.cutsHere(at, n))...)
	case flow.Set:
		if v, ok := w.text(n, s.Value); ok && variablePattern.MatchString(s.Name) {
			add(Rule{Action: SetVariable, SetVariableName: &s.Name, SetVariableValue: &v})
		} else if !variablePattern.MatchString(s.Name) {
			w.lose(n, flow.Words(s), "names of variables are letters, digits and _", nothing)
		}
	case flow.SetCaller:
		if v, ok := w.text(n, s.Number); ok && v != "" {
			add(Rule{Action: SetCallerNumber, CallerIDNumber: &v})
		}
		if v, ok := w.text(n, s.Name); ok && v != "" {
			add(Rule{Action: SetCallerName, CallerIDName: &v})
		}
	case flow.If:
		return w.compare(n, s, rules)
	case flow.Gather:
		return w.gather(at, n, s, rules)
	case flow.Dial:
		return w.dial(n, s, rules)
	case flow.Goto:
		return w.goTo(n, s, rules)
	default:
		return w.outside(at, n, rules)
	}
	return n.Exits[flow.Next], true
}

// loseOfFetch tells what Call Interactive does not do.
func (w *writer) loseOfFetch(n *flow.Node, s flow.Fetch) {
	if s.Fallback != "" {
		w.lose(n, "the fallback address "+string(s.Fallback), whyNoRule, "nobody else is asked")
	}
	if len(s.Comfort) > 0 {
		w.lose(n, "what the caller hears while the application is asked", whyNoRule, "the built-in music")
	}
	if s.Replace {
		w.lose(n, "the answer takes the place of the flow", whyNoRule, "the rules go on after it")
	}
}

// outside writes the steps that ask somebody outside the flow.
func (w *writer) outside(at spot, n *flow.Node, rules *[]Rule) (flow.NodeID, bool) {
	switch s := n.Step.(type) {
	case flow.Fetch:
		if v, ok := w.text(n, s.URL); ok && s.Dialect == string(Kind) {
			method := "POST"
			if s.Method != "" {
				method = s.Method
			}
			w.loseOfFetch(n, s)
			*rules = append(*rules, Rule{Action: CallInteractive, CallInteractiveURL: &v, CallInteractiveMethod: &method})
			return n.Exits[flow.Next], true
		}
	case flow.Listen:
		return w.listen(at, n, s, rules)
	case flow.Save:
		if s.Topic == RateTopic {
			return n.Exits[flow.Next], true
		}
	case flow.Record:
		if v, ok := w.voicemail(n.ID); ok {
			w.loseMail(v, "the voicemail of a menu follows a transfer that reached nobody, and nothing else", "the call ends")
			return "", true
		}
	}
	w.lose(n, flow.Words(n.Step), whyNoRule, nothing)
	if e, ok := outline.Main(n.Step); ok {
		return n.Exits[e], true
	}
	if wired := n.WiredExits(); len(wired) > 0 {
		return n.Exits[wired[0]], true
	}
	return "", true
}

func ms(d time.Duration) *int64 {
	v := min(d.Milliseconds(), maxMillis)
	return &v
}

// text writes a template for a field.
func (w *writer) text(n *flow.Node, t flow.Template) (string, bool) {
	s, ok := plain(t)
	if !ok {
		w.lose(n, "the text "+clip(string(t)), "variables are written $name, of letters, digits and _", nothing)
	}
	return s, ok
}

// cutsHere reports whether a key that cuts the prompts of a node begins a choice in
// the option's own context.
func (w *writer) cutsHere(at spot, n *flow.Node) bool {
	if to := n.Exits[flow.Cut]; to != "" {
		return w.waits[to] == at.ctx && w.ol.Node(to) != nil
	}
	way := w.ol.Way(n.ID)
	return way.End == outline.ToMenu && w.waits[way.At.ID] == at.ctx
}

// prompts writes what is played. here says that keys that cut it begin a choice.
func (w *writer) prompts(n *flow.Node, list []voice.Prompt, cut, here bool) []Rule {
	kind := Foreground
	if cut && here {
		kind = Background
	}
	var rules []Rule
	for _, p := range list {
		r, ok := w.prompt(n, p, kind)
		if ok {
			rules = append(rules, r)
		}
		if r.Action == PlaySilence && ok && kind == Foreground {
			w.lose(n, "keys do not end the silence", "a silence is ended by a key", "a silence")
		}
	}
	if cut && !here && len(rules) > 0 {
		w.lose(n, "a key cuts the prompt", "no digits are taken there", "it is played to its end")
	}
	return rules
}

func (w *writer) prompt(n *flow.Node, p voice.Prompt, kind string) (Rule, bool) {
	switch {
	case p.Kind == voice.PromptSilence:
		return Rule{Action: PlaySilence, SilenceTime: ms(p.Duration)}, true
	case p.Kind == voice.PromptSound && p.Template:
		if name, ok := sole(string(p.Sound)); ok {
			return Rule{Action: PlaySoundFrom, PlaySoundFromVariableOf: &name, SoundType: &kind}, true
		}
	case p.Kind == voice.PromptSound:
		if serial := w.serial(p.Sound); serial != 0 {
			return Rule{Action: PlaySound, Sound: &serial, SoundType: &kind}, true
		}
	case p.Kind == voice.PromptSay && (p.Format == voice.SayDigits || p.Format == voice.SayNumber):
		method := oneByOne
		if p.Format == voice.SayNumber {
			method = asNumber
		}
		if name, ok := sole(p.Text); ok && p.Template {
			return Rule{Action: PlayDigitsFrom, PlayDigitsVariable: &name, PlayDigitsMethod: &method, SoundType: &kind}, true
		}
		t := flow.Template(p.Text)
		if !p.Template {
			t = flow.Literal(p.Text)
		}
		if v, ok := plain(t); ok {
			return Rule{Action: PlayDigits, Digits: &v, PlayDigitsMethod: &method, SoundType: &kind}, true
		}
	}
	w.lose(n, p.String(), whySounds, nothing)
	return Rule{}, false
}

// sole gives the name of the one variable that a template is.
func sole(s string) (string, bool) {
	name, ok := strings.CutPrefix(s, "${")
	name, closed := strings.CutSuffix(name, "}")
	return name, ok && closed && variablePattern.MatchString(name)
}

// serial gives the number of a sound; 0 when it has none.
func (w *writer) serial(id voice.SoundID) int64 {
	if i := slices.IndexFunc(w.sounds, func(s voice.Sound) bool { return s.ID == id }); i >= 0 {
		return w.sounds[i].Serial
	}
	s, err := w.r.Sound(w.ctx, id)
	if err != nil && !voice.IsKind(err, voice.NotExist) {
		w.err = err
	}
	return s.Serial
}

// compare writes a comparison; the way goes on where it is not so.
func (w *writer) compare(n *flow.Node, s flow.If, rules *[]Rule) (flow.NodeID, bool) {
	yes, no := n.Exits[flow.Yes], n.Exits[flow.No]
	if s.Op == flow.NotEqual {
		yes, no = no, yes
	}
	name, ok := sole(string(s.Left))
	value, plainly := plain(s.Right)
	if s.Op != flow.Equal && s.Op != flow.NotEqual || !ok || !plainly {
		w.lose(n, "whether "+string(s.Left)+" "+string(s.Op)+" "+string(s.Right), "a rule asks whether a variable is a text, and nothing else", "as if it were not so")
		return n.Exits[flow.No], true
	}
	if w.ol.Node(yes) == nil {
		w.lose(n, "the call ends where "+name+" is "+value, "a check leads to an option", nothing)
		return no, true
	}
	to := w.spotOf(yes)
	*rules = append(*rules, Rule{Action: CheckVariable, MatchVariableName: &name, MatchVariableValue: &value, Context: &to.ctx, ContextOption: &to.opt})
	return no, true
}

// mailbox makes the voicemail at a node the menu's. False when there is none.
func (w *writer) mailbox(id flow.NodeID) bool {
	v, ok := w.voicemail(id)
	if !ok {
		return false
	}
	w.doc.IVR.VMEnabled = true
	w.voicemailFields(v, id)
	return true
}

// loseMail reports a message that is not taken.
func (w *writer) loseMail(v outline.Voicemail, why, instead string) {
	for _, id := range v.Nodes {
		switch s := w.stepOf(id).(type) {
		case flow.Record, flow.Deliver:
			w.lose(w.ol.Node(id), flow.Words(s), why, instead)
		}
	}
}

func (w *writer) voicemailFields(v outline.Voicemail, id flow.NodeID) {
	ivr := w.doc.IVR
	w.told.Tell(v.Nodes...)
	if w.mailAt != "" {
		if w.mailAt != id {
			w.loseMail(v, "a menu has one voicemail", "the first one")
		}
		return
	}
	w.mailAt = id
	n := w.ol.Node(id)
	ivr.VMAttachFile = !v.Mailbox.NoAttachment
	if v.Mailbox.Email != "" {
		ivr.VMMailto = &v.Mailbox.Email
	}
	if v.Mailbox.User != "" {
		w.lose(n, "the message is user "+string(v.Mailbox.User)+"'s", "it is mailed to addresses", nothing)
	}
	for i, p := range v.Greeting {
		serial := int64(0)
		if p.Kind == voice.PromptSound {
			serial = w.serial(p.Sound)
		}
		switch {
		case serial != 0 && i == 0:
			ivr.VMGreeting = &serial
		case p.Kind != voice.PromptStandard || i > 0:
			w.lose(n, p.String(), whyOneSound, nothing)
		}
	}
	for _, a := range v.Goodbye.Actions {
		w.lose(a.Node, "after the message: "+flow.Words(a.Node.Step), "the call ends then", nothing)
	}
}

// expired writes what is done when the lifetime is over.
func (w *writer) expired() {
	if w.p.Lifetime == 0 {
		return
	}
	ivr, n := w.doc.IVR, w.ol.Node(w.p.Expired)
	if v, ok := w.voicemail(w.p.Expired); ok {
		ivr.LifetimeExpAction = ExpireVoicemail
		w.voicemailFields(v, w.p.Expired)
		return
	}
	if n == nil {
		return
	}
	w.told.Tell(n.ID)
	var rules []Rule
	switch s := n.Step.(type) {
	case flow.Hangup:
		return
	case flow.Dial:
		w.dial(n, s, &rules)
	case flow.Goto:
		w.goTo(n, s, &rules)
	}
	if len(rules) > 0 && rules[0].TransferDst != nil {
		ivr.LifetimeExpAction, ivr.LifetimeExpTransferDst = ExpireTransfer, rules[0].TransferDst
		return
	}
	w.lose(n, "when the time is over: "+flow.Words(n.Step), "the lifetime ends in a transfer, the voicemail or a hang-up", "it hangs up")
}
