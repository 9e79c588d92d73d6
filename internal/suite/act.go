package suite

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"tandem/internal/flow"
	"tandem/internal/sim"
	"tandem/internal/voice"
)

// act does at the present step what leads to the exit that is to be taken, once.
func (o *author) act() {
	n, node, exit := o.visit()
	if n == 0 || exit == "" {
		return
	}
	switch s := node.Step.(type) {
	case flow.Dial:
		o.ring(exit)
		return
	case flow.Transfer:
		o.ring(exit)
		return
	case flow.Queue:
		if exit == flow.QueueKey {
			break
		}
		o.ring(exit)
		return
	case flow.Record:
		if o.acted >= n || !o.c.sim.Listens() {
			return
		}
		o.acted = n
		o.record(s, exit)
		return
	case flow.Listen:
		if o.acted < n && o.c.sim.Listens() {
			o.acted = n
			o.say(s, exit)
		}
		return
	}
	if o.acted >= n || o.patient() && o.sounding() {
		return
	}
	o.acted = n
	switch s := node.Step.(type) {
	case flow.Gather:
		if o.keyed {
			o.keyed = false
			return
		}
		o.press(o.keysFor(s, exit))
	case flow.Play:
		if exit == flow.Cut {
			o.cut(n)
		}
	case flow.Queue:
		o.press(s.ExitKey)
	case flow.Conference:
		switch exit {
		case flow.Next:
			o.press(s.Leave[:min(1, len(s.Leave))])
		case flow.Kicked:
			name := string(s.Room)
			for _, e := range o.c.sim.Events() {
				if e.Kind == voice.EventRoomJoined {
					name = e.Data["room"]
				}
			}
			o.write("room %s ends", name)
			o.d.world.EndRoom(name)
		}
	}
}

// ring has those who are rung do what leads to an exit.
func (o *author) ring(exit flow.Exit) {
	for target, p := range o.d.world.Phones() {
		switch {
		case p.Talks() && exit == flow.Completed && o.talks != target:
			o.talks = target
			o.write("%s hangs up", target)
			o.d.world.HangsUp(target)
		case !p.Rings():
		case (exit == flow.Completed || exit == flow.MaxDuration) && o.d.fars[target].Does != sim.Answers:
			o.talks = ""
			o.tell(target, "answers", sim.FarEnd{Does: sim.Answers})
		case exit == flow.Busy && o.d.fars[target].Does != sim.IsBusy:
			o.tell(target, "is busy", isBusy)
		case exit == flow.Failed && o.d.fars[target].Does != sim.Fails:
			o.tell(target, "is unreachable", fails)
		case exit == flow.NoAnswer && o.d.fars[target].Does != sim.Rings:
			o.tell(target, "does not answer", rings)
		}
	}
}

// cut presses a key during a prompt that a key cuts: the one that the next step is to
// have.
func (o *author) cut(n int) {
	key := voice.Digits("1")
	for _, w := range o.ways[n:] {
		node, ok := w.program.Node(w.node)
		if g, is := node.Step.(flow.Gather); ok && is {
			key = o.keysFor(g, w.exit)
			o.keyed = key != ""
			break
		}
	}
	if key == "" {
		key = "1"
	}
	o.press(key)
}

// keysFor gives the keys by which a gather is left by an exit; "" = none.
func (o *author) keysFor(g flow.Gather, exit flow.Exit) voice.Digits {
	whole := func(d voice.Digits) voice.Digits {
		if g.Finish != "" && !o.manner.waits && (g.Whole || len(g.Keys) == 0 && !g.Extensions) && (g.MaxDigits == 0 || len(d) < g.MaxDigits) {
			d += g.Finish[:1]
		}
		return d
	}
	switch exit {
	case flow.NoInput:
		return ""
	case flow.GotDigits:
		d := voice.Digits(o.want[flow.VarDigits])
		if v := o.want[g.Into]; g.Into != "" && v != "" {
			d = voice.Digits(v)
		}
		if d == "" || strings.Trim(string(d), "0123456789*#") != "" {
			d = "1234567890"
			d = d[:max(1, min(4, len(d), max(g.MaxDigits, 0)))]
			if g.MaxDigits == 0 {
				d = "1234"
			}
		}
		return whole(d)
	case flow.InvalidKey:
		if d, ok := o.hesitates(g, exit); ok {
			return d
		}
		return whole(strange(g))
	case flow.Extension:
		return anExtension
	case flow.UnknownExt:
		return anExtension[:len(anExtension)-1] + "9"
	}
	if d, is := strings.CutPrefix(string(exit), "key "); is {
		return whole(voice.Digits(d))
	}
	return ""
}

// anExtension is the extension of tests that are written.
const anExtension voice.Digits = "701"

// strange gives a key that a gather does not expect.
func strange(g flow.Gather) voice.Digits {
	for _, k := range "987654321*0#" {
		d := voice.Digits(k)
		if !slices.ContainsFunc(g.Keys, func(x voice.Digits) bool { return strings.HasPrefix(string(x), string(d)) }) &&
			!strings.Contains(string(g.Finish), string(d)) && !(g.Extensions && d == anExtension[:1]) {
			return d
		}
	}
	return ""
}

// record speaks, or is silent.
func (o *author) record(s flow.Record, exit flow.Exit) {
	if exit == flow.Recorded {
		t := longest(s.MinLength)
		if o.manner.talks {
			t = cmp.Or(s.MaxLength, voice.DefaultRecordLength)
		}
		o.write("speaks %v", t)
		_ = o.d.speak(ref{}, t, "") // it listens
	}
	if s.Finish != "" && exit != flow.Failed && !o.manner.waits && !o.manner.talks {
		o.press(s.Finish[:1])
	}
}

// say says what leads to an exit of a Listen.
func (o *author) say(s flow.Listen, exit flow.Exit) {
	words := ""
	for _, p := range s.Phrases {
		if p.Exit == exit {
			words, _, _ = strings.Cut(p.Words, "|")
			break
		}
	}
	switch {
	case exit == flow.NotUnderstood, exit == flow.Failed:
		words = "xyzzy"
	case exit == flow.GotDigits:
		o.press(voice.Digits("1234567890")[:max(1, min(s.MaxDigits, 10))])
	}
	if words = strings.TrimSpace(words); words != "" {
		o.write("says %s", quote(words))
		_ = o.d.speak(ref{}, spoken(words), words) // it listens
	}
}

// prepare makes the world one in which an exit of a node can be taken; false when
// that can't be.
func (p *path) prepare(n *flow.Node, exit flow.Exit) bool {
	if p.world == nil {
		p.world, p.want = map[string]string{}, map[string]string{}
	}
	fails := func(service string) bool { p.world[service] = service; return true }
	switch s := n.Step.(type) {
	case flow.Gather:
		if exit == flow.Extension || exit == flow.UnknownExt {
			p.world["extensions"] = "extensions " + string(anExtension)
		}
	case flow.Hours:
		at, ok := timeOf(s.Schedule, exit)
		p.world["clock"] = "clock " + at
		return ok
	case flow.If:
		return p.compare(s, exit)
	case flow.Request:
		return p.answer(s, exit)
	case flow.Fetch:
		p.world["web "+string(s.URL)] = "web " + open(s.URL) + " fails"
		return exit == flow.Failed
	case flow.Record, flow.SaveSound, flow.Tape:
		if exit == flow.Failed {
			return fails("storage fails")
		}
	case flow.Deliver:
		if exit == flow.Failed {
			return fails("mailboxes fail")
		}
	case flow.Save:
		if exit == flow.Failed {
			return fails("records fail")
		}
	case flow.SMS:
		if exit == flow.Failed {
			return fails("SMS fails")
		}
	case flow.Listen:
		if exit == flow.Failed {
			return fails("speech recognition fails")
		}
	case flow.Queue:
		if exit == flow.QueueFull {
			p.world["queue "+s.ID] = "queue " + quote(s.ID) + " has " + strconv.Itoa(max(1, s.MaxLength)) + " ahead"
			return s.MaxLength > 0
		}
		if exit == flow.Failed {
			return fails("queues fail")
		}
		if exit == flow.QueueKey {
			p.world["queue "+s.ID] = "queue " + quote(s.ID) + " has 1 ahead"
		}
	case flow.Conference:
		if exit == flow.RoomFull {
			p.world["room"] = "room " + string(s.Room) + " is full"
			return !strings.Contains(string(s.Room), "${")
		}
	case flow.Goto:
		p.world["app "+string(s.App)] = "app " + string(s.App) + " is gone"
	case flow.Subflow:
		if exit == flow.Failed {
			p.world["app "+string(s.App)] = "app " + string(s.App) + " is gone"
		}
	case flow.DetectMachine:
		p.world["caller"] = map[flow.Exit]string{"machine": "caller is a machine", "human": "caller is a person"}[exit]
		if p.world["caller"] == "" {
			p.world["caller"] = "caller is nobody known"
		}
	}
	return true
}

// timeOf finds a time at which a schedule leads to an exit.
func timeOf(s voice.Schedule, exit flow.Exit) (string, bool) {
	zone := s.Timezone
	if zone == "" {
		zone = "UTC"
	}
	loc, err := time.LoadLocation(zone)
	if err != nil {
		return "", false
	}
	start := time.Date(2026, 1, 5, 10, 0, 0, 0, loc) // a Monday
	for i := range 400 * 24 {
		at := start.Add(time.Duration(i) * time.Hour)
		state, _, err := s.At(at, zone)
		if err == nil && (exit == flow.Open) == (state == voice.StateOpen) && (exit == flow.Holiday) == (state == voice.StateHoliday) {
			return at.Format("2006-01-02 15:04") + " " + zone, true
		}
	}
	return "", false
}

// compare gives the variable of an If a value by which it is left by an exit.
func (p *path) compare(s flow.If, exit flow.Exit) bool {
	name, is := strings.CutPrefix(string(s.Left), "${")
	name, end := strings.CutSuffix(name, "}")
	if !is || !end || strings.Contains(name, "${") {
		return true // perhaps something else leads there
	}
	right := string(s.Right)
	yes := exit == flow.Yes
	value := right
	switch s.Op {
	case flow.IsSet:
		value = map[bool]string{true: "1", false: ""}[yes]
	case flow.NotEqual:
		yes = !yes
	case flow.Less, flow.Greater:
		n, err := strconv.Atoi(right)
		if err != nil {
			return true
		}
		if (s.Op == flow.Less) == yes {
			n -= 2
		}
		value, yes = strconv.Itoa(n+1), true
	case flow.OneOf:
		value, _, _ = strings.Cut(right, ",")
		value = strings.TrimSpace(value)
	}
	if !yes && s.Op != flow.IsSet {
		value = "9" + strings.Repeat("9", max(0, len(right)-1))
		if value == right {
			value = "8" + value[1:]
		}
	}
	switch name {
	case flow.VarCallFrom, flow.VarCallTo:
		if s.Op == flow.BeginsWith && yes {
			value += "00000000"
		}
		if value == "" || value[0] != '+' {
			value = "+" + value
		}
	case flow.VarHTTPStatus:
		p.world["status"] = value
		return true
	}
	p.want[name] = value
	return true
}

// open gives an address whose end may be anything from its first variable on.
func open(t flow.Template) string {
	s, _, more := strings.Cut(string(t), "${")
	if more {
		s += "*"
	}
	return s
}

// answer has an address answer what leads to an exit.
func (p *path) answer(s flow.Request, exit flow.Exit) bool {
	url := open(s.URL)
	if exit == flow.Failed {
		delete(p.asks, url)
		p.world["web "+url] = "web " + url + " fails"
		return true
	}
	delete(p.world, "web "+url)
	if p.asks == nil {
		p.asks = map[string]flow.Request{}
	}
	p.asks[url] = s
	return true
}

// body gives an answer that has all that a request takes out of it.
func (p *path) body(s flow.Request) (string, bool) {
	root := map[string]any{}
	for _, x := range s.Extract {
		value, ok := p.want[x.Variable]
		if !ok {
			value = "one"
		}
		if !put(root, strings.Split(strings.TrimPrefix(x.Pointer, "/"), "/"), value) {
			return "", false
		}
	}
	body, err := json.Marshal(root)
	return string(body), err == nil
}

// put sets a value in a tree of objects. Lists are beyond it.
func put(at map[string]any, way []string, value string) bool {
	name := strings.NewReplacer("~1", "/", "~0", "~").Replace(way[0])
	if len(way) == 1 {
		at[name] = value
		return true
	}
	next, ok := at[name].(map[string]any)
	if !ok {
		next = map[string]any{}
		at[name] = next
	}
	return put(next, way[1:], value)
}
