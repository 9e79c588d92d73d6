package telphinivr

import (
	"strconv"
	"strings"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// dial writes a call to others.
func (w *writer) dial(n *flow.Node, s flow.Dial, rules *[]Rule) (flow.NodeID, bool) {
	for _, x := range []struct {
		is         bool
		what, with string
	}{
		{s.RingTime > 0 && s.RingTime != voice.DefaultRingTime, "the ring time of " + s.RingTime.String(), "as long as a call rings"},
		{s.MaxDuration > 0, "the longest talk of " + s.MaxDuration.String(), nothing},
		{len(s.Music) > 0, "music while it rings", "the ringing tone"},
		{len(s.Announce) > 0 || s.SendDigits != "", "what whoever answers hears first", nothing},
	} {
		if x.is {
			w.lose(n, x.what, whyNoRule, x.with)
		}
	}
	if s.CallerID != "" {
		*rules = append(*rules, Rule{Action: SetCallerNumber, CallerIDNumber: &s.CallerID})
	}
	if to := w.ol.Node(n.Exits[flow.Completed]); to != nil {
		if _, ends := to.Step.(flow.Hangup); !ends {
			w.lose(n, "what follows the talk", "the call ends with it", nothing)
		}
	}
	if s.ToVar != "" {
		if s.To.Kind != voice.ToDialled && s.ToVar != flow.VarExtension || !variablePattern.MatchString(s.ToVar) {
			w.lose(n, flow.Words(s), "a transfer to a variable calls what it holds as if it were dialled", nothing)
			return failedExit(n), true
		}
		*rules = append(*rules, Rule{Action: TransferFromVariable, TransferVariable: &s.ToVar})
		return w.failed(n)
	}
	before := len(*rules)
	w.transfers(n, s, rules)
	if len(*rules) == before {
		return failedExit(n), true
	}
	return w.failed(n)
}

// transfers writes the destinations of a dial: all at once in one rule, in turn
// one after the other.
func (w *writer) transfers(n *flow.Node, s flow.Dial, rules *[]Rule) {
	action := SimpleTransfer
	var numbers []string
	for _, d := range append([]voice.Destination{s.To}, s.Also...) {
		number, ok := w.number(n, d)
		if !ok {
			continue
		}
		if d.Kind != voice.ToPhones && d.Kind != voice.ToNumber && d.Kind != voice.ToSIP && d.Kind != voice.ToApp {
			action = Transfer
		}
		numbers = append(numbers, number)
	}
	if s.To.Kind != voice.ToPhones && !hasPhones(s.Also) {
		action = Transfer
	}
	switch {
	case len(numbers) == 0:
	case s.Strategy == "" || s.Strategy == voice.AllAtOnce:
		if action == Transfer && len(numbers) > maxTargets {
			w.lose(n, strconv.Itoa(len(numbers)-maxTargets)+" of the numbers", "a transfer calls at most 10", nothing)
			numbers = numbers[:maxTargets]
		}
		dst := strings.Join(numbers, " ")
		*rules = append(*rules, Rule{Action: action, TransferDst: &dst})
	default:
		if s.Strategy != voice.InTurn {
			w.lose(n, "the order "+string(s.Strategy), "transfers are made in the order of their rules", "one after the other")
		}
		for _, number := range numbers {
			*rules = append(*rules, Rule{Action: action, TransferDst: &number})
		}
	}
}

func hasPhones(list []voice.Destination) bool {
	for _, d := range list {
		if d.Kind == voice.ToPhones {
			return true
		}
	}
	return false
}

// number writes a destination as a number.
func (w *writer) number(n *flow.Node, d voice.Destination) (string, bool) {
	why := "transfers go to internal numbers, telephone numbers and SIP addresses"
	switch d.Kind {
	case voice.ToExtension, voice.ToPhones, voice.ToDialled, voice.ToNumber:
		if _, ok := destination(d.ID, d.Kind); ok {
			if d.Kind == voice.ToExtension {
				w.lose(n, d.String(), "a transfer calls whatever has the internal number", "a transfer to "+d.ID)
			}
			return d.ID, true
		}
	case voice.ToSIP:
		if id := strings.TrimPrefix(d.ID, "sip:"); !strings.ContainsAny(id, " ,;") {
			if to, ok := destination(id, voice.ToDialled); ok && to.Kind == voice.ToSIP {
				return id, true
			}
		}
	case voice.ToApp:
		return w.appNumber(n, voice.AppID(d.ID))
	case voice.ToUser:
		u, err := w.r.User(w.ctx, voice.UserID(d.ID))
		if err != nil && !voice.IsKind(err, voice.NotExist) {
			w.err = err
		}
		if u.Extension != "" {
			return u.Extension, true
		}
		why = "transfers go to numbers, and no internal number of the user is known"
	}
	w.lose(n, d.String(), why, nothing)
	return "", false
}

// appNumber gives the internal number of an app.
func (w *writer) appNumber(n *flow.Node, app voice.AppID) (string, bool) {
	if number, ok := w.numbers[app]; ok {
		return number, true
	}
	number, ok := ShortNumber(string(app))
	if !ok {
		w.lose(n, "app "+string(app), "transfers go to numbers, and the app has none", nothing)
		return "", false
	}
	w.lose(n, "app "+string(app), "transfers go to numbers, and the app's is not known", "a transfer to internal number "+number)
	return number, true
}

func (w *writer) goTo(n *flow.Node, s flow.Goto, rules *[]Rule) (flow.NodeID, bool) {
	number, ok := w.appNumber(n, s.App)
	if !ok {
		return n.Exits[flow.Failed], true
	}
	*rules = append(*rules, Rule{Action: Transfer, TransferDst: &number})
	return w.failed(n)
}

// failed gives where the way goes on after a call that reached nobody. What
// Compile puts there by itself needs no rule.
func (w *writer) failed(n *flow.Node) (flow.NodeID, bool) {
	to := failedExit(n)
	if to == "" || w.ol.Node(to) == nil {
		return "", w.mailed // hang up, unless nothing would take the call
	}
	for _, e := range []flow.Exit{flow.Busy, flow.NoAnswer, flow.Failed} {
		if other := n.Exits[e]; other != "" && other != to {
			w.lose(n, "exit "+string(e)+" leads elsewhere than the others", "one rule follows a transfer that reached nobody", "it goes the way of the others")
		}
	}
	if w.mailbox(to) {
		return "", false
	}
	if h, ok := w.ol.Node(to).Step.(flow.Hangup); ok && h.Cause == voice.CauseUnavailable && !w.mailed {
		w.told.Tell(to)
		return "", false
	}
	return to, true
}

// rates reports whether a gather asks for a rating.
func (w *writer) rates(g flow.Gather) bool {
	for i, k := range g.Keys {
		if string(k) != strconv.Itoa(i+1) {
			return false
		}
	}
	return len(g.Keys) > 0 && !g.Extensions
}

// rating reports whether a node is a gather whose keys are all kept as ratings.
func (w *writer) rating(n *flow.Node) bool {
	g, ok := n.Step.(flow.Gather)
	if !ok || !w.rates(g) {
		return false
	}
	for _, k := range g.Keys {
		to := w.ol.Node(n.Exits[flow.Key(k)])
		if to == nil {
			return false
		}
		if save, ok := to.Step.(flow.Save); !ok || save.Topic != RateTopic {
			return false
		}
	}
	return true
}

// gather writes digits that are collected, and ratings.
func (w *writer) gather(at spot, n *flow.Node, g flow.Gather, rules *[]Rule) (flow.NodeID, bool) {
	c, _ := w.doc.Context(at.ctx)
	if !w.settled[at.ctx] {
		w.settle(c, g, false)
	} else if first := durationOr(g.FirstDigit, voice.DefaultFirstDigit); first.Milliseconds() != c.Timeout {
		w.lose(n, "the time of "+first.String()+" to the first digit", "it is the context's", strconv.FormatInt(c.Timeout, 10)+" ms")
	}
	var sound *int64
	for _, p := range g.Prompts {
		serial := int64(0)
		if p.Kind == voice.PromptSound && sound == nil {
			serial = w.serial(p.Sound)
		}
		if serial == 0 {
			w.lose(n, p.String(), whyOneSound+", of the account", nothing)
			continue
		}
		sound = &serial
	}
	if w.rating(n) {
		most := int64(len(g.Keys))
		*rules = append(*rules, Rule{Action: QualityRate, Sound: sound, MaxRate: &most})
		save := w.ol.Node(n.Exits[flow.Key(g.Keys[0])])
		w.told.Tell(save.ID)
		return save.Exits[flow.Next], true
	}
	if g.BargeIn && len(g.Prompts) > 0 {
		w.lose(n, "a key cuts the prompt", "digits are taken after it", "it is played to its end")
	}
	if a, b := n.Exits[flow.GotDigits], n.Exits[flow.NoInput]; b != "" && a != b {
		w.lose(n, "no digits lead elsewhere than digits", "one rule follows", "the rule after digits")
	}
	most := int64(g.MaxDigits)
	if most == 0 {
		most = voice.MaxGatherDigits
	}
	*rules = append(*rules, Rule{Action: RecordDigits, RecordDigitsVariable: &g.Into, RecordDigitsMax: &most, RecordDigitsSound: sound})
	return n.Exits[flow.GotDigits], true
}

// listen writes speech recognition. Its phrases lead to options of its own context.
func (w *writer) listen(at spot, n *flow.Node, s flow.Listen, rules *[]Rule) (flow.NodeID, bool) {
	r := Rule{Action: VoiceHelper, VoiceHelperTimeout: ms(durationOr(s.Timeout, voice.DefaultFirstDigit))}
	for _, p := range s.Prompts {
		serial := int64(0)
		if p.Kind == voice.PromptSound && r.Sound == nil {
			serial = w.serial(p.Sound)
		}
		if serial == 0 {
			w.lose(n, p.String(), whyOneSound+", of the account", nothing)
			continue
		}
		r.Sound = &serial
	}
	for _, p := range s.Phrases {
		to, ok := w.spots[n.Exits[p.Exit]]
		if !ok || to.ctx != at.ctx {
			w.lose(n, "what follows the words "+p.Words, "phrases lead to options of the same context", nothing)
			continue
		}
		r.VoiceHelperRules = append(r.VoiceHelperRules, Phrase{ToOption: to.opt, Transcription: p.Words})
	}
	next := n.Exits[flow.NotUnderstood]
	if again := w.ol.Node(next); again != nil && again.Exits[flow.Again] == n.ID {
		if c, ok := again.Step.(flow.Count); ok {
			limit := int64(c.Limit)
			r.VoiceHelperFinalCount = &limit
			w.told.Tell(again.ID)
			next = again.Exits[flow.Over]
		}
	}
	if s.MaxDigits > 0 {
		most := int64(s.MaxDigits)
		r.VoiceHelperDigitsMax = &most
		for id := n.Exits[flow.GotDigits]; ; {
			to := w.ol.Node(id)
			if to == nil || w.spots[id] != (spot{}) || w.told.Told(id) {
				break
			}
			w.told.Tell(id)
			if id = to.Exits[flow.No]; id == "" {
				id = to.Exits[flow.Next]
			}
		}
	}
	if len(r.VoiceHelperRules) == 0 {
		w.lose(n, flow.Words(s), "none of its phrases can be said", nothing)
		return next, true
	}
	*rules = append(*rules, r)
	return next, true
}
