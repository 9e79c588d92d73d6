package suite

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"tandem/internal/flow"
	"tandem/internal/interp"
	"tandem/internal/sim"
	"tandem/internal/voice"
)

// Bounds of the search for ways that no test takes.
const (
	maxSearch = 5_000 // runs
	maxTries  = 4     // for one exit
	maxPath   = 80    // steps of a written test
)

// Written is what WriteMissing has found.
type Written struct {
	Tests []string // each a test in text, ending in a newline
	Left  []Gap    // what no test could be written for
}

// path is a way through a flow: what is done at each step on it, and what the world
// is like.
type path struct {
	ways  []way
	world map[string]string       // sentences by what they are about; a later one wins
	want  map[string]string       // values that variables are to have
	asks  map[string]flow.Request // that are to be answered, by address
	long  bool                    // it goes on to the end of the call
}

// WriteMissing writes a test for each exit that c has not seen, those that lead nowhere
// too, adds what they reach to c, and says what it could not write. Each goes on behind
// the exit, to the end of the call where that is near, and where callers may wait
// instead of pressing a key, or talk for as long as they may, there is one of that as
// well. Times are told where they are the flow's own and not those of its prompts. The
// tests pass.
func (s Setup) WriteMissing(ctx context.Context, f *File, c *Coverage) Written {
	return s.writeAll(ctx, f, c, false)
}

// search is a search for ways.
type search struct {
	setup  Setup
	file   *File
	cover  *Coverage
	queue  []path
	tries  map[way]int
	names  map[string]bool
	manner manner
}

// run searches, and writes what it finds.
func (g *search) run(ctx context.Context) Written {
	var out Written
	g.queue = []path{{}}
	for n := 0; len(g.queue) > 0 && n < maxSearch && ctx.Err() == nil; n++ {
		p := g.queue[0]
		g.queue = g.queue[1:]
		_, r := g.walk(ctx, p, true)
		if r == nil {
			continue
		}
		for {
			test, ok := g.test(ctx, p, r)
			if !ok {
				break
			}
			out.Tests = append(out.Tests, test)
		}
		g.branch(p, r)
	}
	for _, p := range g.setup.Programs() {
		if test, ok := g.expiry(ctx, p); ok {
			out.Tests = append(out.Tests, test)
		}
	}
	for _, p := range g.setup.Programs() {
		out.Left = append(out.Left, g.cover.Of(p).Missing...)
	}
	return out
}

// test writes a test of the last exit that a run has taken and no test has: it takes
// those before it, too.
func (g *search) test(ctx context.Context, p path, r *interp.Trace) (string, bool) {
	all := waysOf(r)
	for i := min(len(all), maxPath) - 1; i >= 0; i-- {
		w := all[i]
		if w.exit == "" || g.cover.seen[w] > 0 || !slices.Contains(g.setup.Programs(), w.program) {
			continue
		}
		if node, ok := w.program.Node(w.node); !ok || !slices.Contains(g.exits(node), w.exit) {
			continue
		}
		to := p
		to.ways = all[:i+1]
		text, r := g.walk(ctx, to, false)
		if r == nil {
			continue
		}
		if test, ok := g.proved(ctx, text); ok && g.cover.seen[w] > 0 {
			return test, true
		}
	}
	return "", false
}

// looped gives the ways by which a run comes to the i-th step, a Count, as often as
// its limit says: the round that leads back to it is gone again and again.
func looped(all []way, i int, count flow.Count) ([]way, bool) {
	passes := 0
	for _, w := range all[:i+1] {
		if node, ok := w.program.Node(w.node); ok && node.Step == flow.Step(count) {
			passes++
		}
	}
	for k := i + 1; k < len(all); k++ {
		for j := i - 1; j >= 0; j-- {
			if all[k].program != all[j].program || all[k].node != all[j].node {
				continue
			}
			round := slices.Concat(all[i+1:k], all[j:i+1])
			if (count.Limit-passes)*len(round) > maxPath {
				return nil, false
			}
			ways := slices.Clone(all[:i+1])
			for range count.Limit - passes {
				ways = append(ways, round...)
			}
			ways[len(ways)-1].exit = flow.Over
			return ways, true
		}
	}
	return nil, false
}

// waysOf gives what a run did at each step.
func waysOf(r *interp.Trace) []way {
	all := make([]way, len(r.Visits))
	for i, v := range r.Visits {
		all[i] = way{r.Programs[i], v.Node, v.Exit}
	}
	return all
}

// expiry writes a test of the end of a program's lifetime: a prompt is as long.
func (g *search) expiry(ctx context.Context, prog *flow.Program) (string, bool) {
	if prog.Expired == "" || g.cover.seen[way{prog, "", expired}] > 0 || prog != g.setup.Main {
		return "", false
	}
	f := &File{Name: g.file.Name, common: g.file.common, names: g.file.names}
	o := &author{explores: true}
	f.Tests = []*Test{{Name: "x", sentences: []sentence{{do: func(d *director) error { return d.arrive(arrival{name: "caller", to: DefaultTo}) }}, {do: o.story}}}}
	heard := ""
	for _, e := range g.setup.Run(ctx, f, f.Tests[0]).log {
		if e.event.Kind == voice.EventPromptStarted {
			heard = heardWords(&e.event)
			break
		}
	}
	if heard == "" {
		return "", false
	}
	p := path{world: map[string]string{"sound": "sound " + quote(heard) + " lasts " + (prog.Lifetime + time.Minute).String()}, long: true}
	text, r := g.walk(ctx, p, false)
	if r == nil {
		return "", false
	}
	text = strings.Replace(text, "The caller does nothing", "The time for the call is over", 1)
	test, ok := g.proved(ctx, text)
	return test, ok && g.cover.seen[way{prog, "", expired}] > 0
}

// proved reads and runs a test that was written, and counts what it reaches.
func (g *search) proved(ctx context.Context, text string) (string, bool) {
	f, faults := Parse(g.file.Name, []byte(text))
	if len(faults) > 0 {
		return "", false
	}
	f.common, f.names = g.file.common, g.file.names
	r := g.setup.Run(ctx, f, f.Tests[0])
	if !r.Passed {
		return "", false
	}
	g.cover.Add(r)
	return text, true
}

// branch queues the ways that a run has come by and not taken.
func (g *search) branch(p path, r *interp.Trace) {
	if len(r.Visits) > 2*maxPath {
		return
	}
	all := waysOf(r)
	for i, at := range all {
		node, ok := at.program.Node(at.node)
		if !ok {
			return
		}
		for _, e := range g.exits(node) {
			w := way{at.program, at.node, e}
			if e == at.exit || g.cover.seen[w] > 0 || g.tries[w] >= maxTries || !slices.Contains(g.setup.Programs(), at.program) {
				continue
			}
			ways := append(slices.Clone(all[:i]), w)
			if count, is := node.Step.(flow.Count); is && e == flow.Over {
				if ways, ok = looped(all, i, count); !ok {
					continue
				}
			}
			g.tries[w]++
			next := path{ways: ways, world: maps.Clone(p.world), want: maps.Clone(p.want), asks: maps.Clone(p.asks)}
			if next.prepare(node, e) {
				g.manner.prepare(next, node)
				g.queue = append(g.queue, next)
			}
		}
	}
}

// walk goes a path, and writes it down as a test; nil when it can't be gone. To explore
// it goes on to the end of the call.
func (g *search) walk(ctx context.Context, p path, explores bool) (string, *interp.Trace) {
	o := &author{path: p, explores: explores, manner: g.manner}
	for _, about := range slices.Sorted(maps.Keys(p.world)) {
		o.write("%s", p.world[about])
	}
	for _, url := range slices.Sorted(maps.Keys(p.asks)) {
		body, ok := p.body(p.asks[url])
		if !ok {
			return "", nil
		}
		o.write("web %s answers 200 %s", url, body)
	}
	from := cmp.Or(p.want[flow.VarCallFrom], DefaultFrom)
	o.write("caller %s dials %s", from, cmp.Or(p.want[flow.VarCallTo], DefaultTo))
	f, faults := Parse(g.file.Name, []byte("test x\n"+strings.Join(o.lines, "\n")))
	if len(faults) > 0 {
		return "", nil
	}
	f.common, f.names = g.file.common, g.file.names
	f.Tests[0].sentences = append(f.Tests[0].sentences, sentence{text: "the path", do: o.story})
	r := g.setup.Run(ctx, f, f.Tests[0])
	if !r.Passed || len(r.traces) != 1 {
		return "", nil
	}
	name := "Test"
	if n := len(p.ways); n > 0 {
		last := p.ways[n-1]
		node, _ := last.program.Node(last.node)
		name = cmp.Or(node.Label, string(last.node)) + ": " + string(last.exit)
		if last.program != g.setup.Main {
			name = cmp.Or(last.program.Name, string(last.program.App)) + ", " + name
		}
	} else {
		name = "The caller does nothing"
	}
	name = strings.TrimSpace(string([]rune(name)[:min(maxName-5, len([]rune(name)))]))
	for n, base := 2, name; g.names[name]; n++ {
		name = fmt.Sprintf("%s (%d)", base, n)
	}
	if !explores {
		g.names[name] = true
	}
	return "test " + quote(name) + "\n  " + strings.Join(o.lines, "\n  ") + "\n", &r.traces[0]
}

// author acts as a path says and writes the sentences of it.
type author struct {
	path
	explores bool
	manner   manner
	seen     int // visits whose beginning was seen
	queued   int // lines written of the present wait in a queue
	lines    []string
	d        *director
	c        *call
	acted    int  // visits at which something was done
	keyed    bool // the keys of the next gather were pressed already
	talks    string
	over     bool
	told     bool      // an expectation is written
	passed   bool      // something that was heard since is not
	done     int       // expectations written since the path is over
	limit    bool      // a time limit has ended a talk
	begun    time.Time // of the dial that goes on
	rung     string    // who is rung by it
}

func (o *author) write(format string, args ...any) {
	o.lines = append(o.lines, fmt.Sprintf(format, args...))
}

// story is the test as it is written: it looks at what happens and acts.
func (o *author) story(d *director) error {
	o.d, o.c = d, d.last
	for range 10_000 {
		for events := o.c.sim.Events(); o.c.cursor < len(events) && !o.over; events = o.c.sim.Events() {
			i := o.c.cursor
			o.c.cursor++
			o.enter(&events[i])
			o.see(events, i)
		}
		if o.over || o.c.over {
			return nil
		}
		o.act()
		if !d.rest() {
			return nil
		}
	}
	return d.faultf("the path has no end")
}

// enter takes note of the step that an event is about.
func (o *author) enter(e *voice.Event) {
	if e.Kind != voice.EventStep || e.Data["exit"] != "" || o.seen >= len(o.c.trace.Visits) {
		return
	}
	v := o.c.trace.Visits[o.seen]
	node, ok := o.c.trace.Programs[o.seen].Node(v.Node)
	if ok && e.Text == string(v.Node)+": "+flow.Words(node.Step) {
		o.seen++
		o.queued = 0
		if o.explores && o.seen > 2*maxPath {
			o.over = true
		}
	}
}

// visit gives the present step, and the exit that is to be taken; "" = whatever comes.
func (o *author) visit() (n int, node *flow.Node, exit flow.Exit) {
	n = o.seen
	if n == 0 {
		return 0, nil, ""
	}
	node, _ = o.c.trace.Programs[n-1].Node(o.c.trace.Visits[n-1].Node)
	if n <= len(o.ways) && o.ways[n-1].node == node.ID {
		exit = o.ways[n-1].exit
	}
	return n, node, exit
}

// see writes what is to be expected of an event.
func (o *author) see(events []voice.Event, i int) {
	e := &events[i]
	text := ""
	switch e.Kind {
	case voice.EventPromptStarted:
		text = "hears " + quote(heardWords(e))
		if o.patient() {
			text = "hears all of " + strings.TrimPrefix(text, "hears ")
		}
	case voice.EventDialStarted:
		o.rung, _, _ = strings.Cut(e.Data["to"], ", ")
		o.begun = e.At
		text = "is transferred to " + o.rung
	case voice.EventDialFailed:
		_, node, exit := o.visit()
		if _, queue := node.Step.(flow.Queue); !queue && exit == flow.NoAnswer && o.rung != "" {
			o.write("%s rings for %s", o.rung, e.At.Sub(o.begun))
			o.c.found = e.At
		}
		return
	case voice.EventBridgeEnded:
		o.limit = strings.Contains(e.Text, "time limit")
		return
	case voice.EventLegAnswered:
		text = "is connected to " + e.Data["with"]
	case voice.EventAppEntered:
		if i < 3 {
			return
		}
		text = "goes on in app " + quote(cmp.Or(e.Data["app"], e.Data["name"]))
	case voice.EventRoomJoined:
		text = "joins room " + e.Data["room"]
	case voice.EventRecordingFinished:
		if !strings.HasPrefix(e.Text, "recorded ") {
			return // a talk, or the whole call
		}
		text = "is recorded"
	case voice.EventMessageStored:
		text = "log " + quote(e.Text)
	case eventAsked:
		text = "flow asks " + e.Data["method"] + " " + e.Data["url"]
	case voice.EventCallEnded:
		text = "call ends as " + e.Data["cause"]
		o.over = true
	default:
		return
	}
	o.expected(events, i, text)
}

// heardWords gives what is heard as a test says it.
func heardWords(e *voice.Event) string {
	words := strings.TrimSuffix(strings.TrimPrefix(e.Text, "playing "), ", again and again")
	if said, is := strings.CutPrefix(words, "speech \""); is && strings.HasSuffix(said, "\"") && strings.Count(said, "\"") == 1 {
		return strings.TrimSuffix(said, "\"")
	}
	return words
}

// expected writes an expectation, with when it is met, and ends the test where that
// is enough.
func (o *author) expected(events []voice.Event, i int, text string) {
	at := events[i].At
	quiet, later := quietBefore(events, i), at.Sub(o.c.found)
	switch {
	case strings.HasPrefix(text, "hears all of"), later == 0 && !o.manner.exact:
	case quiet > 0 && !o.limit:
		text += " after " + quiet.String() + " of silence"
	case strings.HasPrefix(text, "is recorded"), o.limit, o.manner.exact, later > 0 && soundless(events, i, o.c.found):
		text += " " + later.String() + " later"
	}
	o.limit = false
	if _, node, exit := o.visit(); node != nil && exit == flow.NoAnswer {
		if _, is := node.Step.(flow.Queue); is {
			if o.queued++; o.queued > 2 {
				o.passed = true
				o.limit = true // what follows has a time of its own
				return
			}
		}
	}
	if o.told && !o.passed {
		text = "then " + text
	}
	o.told, o.passed = true, false
	o.c.found = at
	o.write("%s", text)
	if o.enough() {
		o.over = true
	}
}

// patient says whether a prompt has to be heard to its end before a key counts.
func (o *author) patient() bool {
	_, node, exit := o.visit()
	if node == nil || exit == "" || exit == flow.NoInput {
		return false
	}
	g, is := node.Step.(flow.Gather)
	return is && !g.BargeIn
}

// sounding reports whether the caller hears a prompt that has an end.
func (o *author) sounding() bool {
	on := false
	for _, e := range o.c.sim.Events() {
		switch e.Kind {
		case voice.EventPromptStarted:
			on = true
		case voice.EventPromptFinished, voice.EventPromptCut:
			on = false
		}
	}
	return on
}

func (o *author) press(keys voice.Digits) {
	if keys == "" {
		return
	}
	o.write("presses %s", keys)
	_ = o.d.press(ref{}, keys) // a call that is over is seen by who looks on
}

// tell has somebody who is rung do something, in a sentence.
func (o *author) tell(target, says string, far sim.FarEnd) {
	o.write("%s %s", target, says)
	o.d.fars[target] = far
	o.d.world.Does(target, far)
}

// longest is how long whoever speaks speaks.
func longest(d time.Duration) time.Duration {
	return max(2*time.Second, d.Truncate(time.Second)+time.Second)
}
