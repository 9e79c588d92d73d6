package routeeplan

import (
	"slices"
	"strconv"
	"time"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// Kind is the kind of the dialect's apps, credentials and questions.
const Kind = "routee"

// Variables of programs: who calls and who is called, as the application knows them.
const (
	VarFrom = "routee.from"
	VarTo   = "routee.to"
	// VarDials counts the parties dialled so far, in strokes: "III".
	VarDials = "routee.dials"
	// VarMachineFrom and VarMachineTo are the parties of a DIAL that an answering
	// machine has answered, while its eventUrl is asked.
	VarMachineFrom = "routee.machine.from"
	VarMachineTo   = "routee.machine.to"
)

// Data of notices about the DIAL that comes next.
const (
	DialNumber    = "routee.dial.number" // VarDials
	DialFrom      = "routee.dial.from"
	DialTo        = "routee.dial.to"
	DialCallback  = "routee.dial.callback"
	DialStrategy  = "routee.dial.strategy"
	DialRecording = "routee.dial.recording"
	DialFormat    = "routee.dial.format"
	DialMachine   = "routee.dial.machine" // strategy of its machine detection
)

// flat is how many repetitions stand in one step.
const flat = 20

// Options of a program.
type Options struct {
	Name string
	// Before is done first, in turn; each is left by Next.
	Before []flow.Step
	// Machine is what becomes of a first party that is an answering machine.
	Machine Machine
}

// compiler makes nodes; each leads to the one that comes next.
type compiler struct {
	nodes []flow.Node
}

// Compile makes the program of a plan, which ends by hanging up.
func Compile(p Plan, o Options) *flow.Program {
	c := &compiler{}
	for i, s := range o.Before {
		c.add("before"+strconv.Itoa(i+1), "", s, flow.Next)
	}
	c.add("answer", "", flow.Answer{}, flow.Next)
	c.machine(o.Machine)
	first := slices.IndexFunc(p.Verbs, func(v Verb) bool { return v.Type == Collect })
	if first > 0 { // the first is in force before any has been passed
		c.add("arm", pointer(first), collect(p.Verbs[first]), flow.Next)
	}
	for i, v := range p.Verbs {
		c.verb(v, i)
	}
	if first >= 0 {
		end := flow.Collect{Dialect: Kind, End: true}
		if p.Verbs[len(p.Verbs)-1].Type == Collect {
			end.Wait = TailWait
		}
		c.add("tail", "/verbs", end, flow.Next)
	}
	c.add("end", "/verbs", flow.Hangup{Words: "the dial plan is over"})
	return &flow.Program{Name: o.Name, Entry: c.nodes[0].ID, Nodes: c.nodes}
}

func pointer(i int) string { return "/verbs/" + strconv.Itoa(i) }

// add adds a node whose exits lead to the node added next.
func (c *compiler) add(id, origin string, s flow.Step, exits ...flow.Exit) {
	for i := range c.nodes {
		for e, to := range c.nodes[i].Exits {
			if to == "" {
				c.nodes[i].Exits[e] = flow.NodeID(id)
			}
		}
	}
	n := flow.Node{ID: flow.NodeID(id), Origin: origin, Step: s}
	if len(exits) > 0 {
		n.Exits = map[flow.Exit]flow.NodeID{}
		for _, e := range exits {
			n.Exits[e] = ""
		}
	}
	c.nodes = append(c.nodes, n)
}

// way sets an exit of the last node.
func (c *compiler) way(e flow.Exit, to flow.NodeID) { c.nodes[len(c.nodes)-1].Exits[e] = to }

func (c *compiler) machine(m Machine) {
	if m.Strategy == "" {
		return
	}
	c.add("who", "/machineDetection", flow.DetectMachine{}, flow.Human, flow.Unknown, flow.Machine)
	if m.Strategy == MachineHangup {
		c.way(flow.Machine, "machine")
		c.nodes = append(c.nodes, flow.Node{ID: "machine", Origin: "/machineDetection/strategy", Step: flow.Hangup{Words: "an answering machine has answered"}})
		return
	}
	c.way(flow.Machine, "machine")
	c.nodes = append(c.nodes,
		flow.Node{ID: "machine", Origin: "/machineDetection/eventUrl",
			Step:  flow.Fetch{Dialect: Kind, URL: flow.Literal(m.Event), Timeout: flow.CollectTime, Replace: true},
			Exits: map[flow.Exit]flow.NodeID{flow.Failed: "machine.end"}},
		flow.Node{ID: "machine.end", Origin: "/machineDetection/eventUrl", Step: flow.Hangup{Words: "an answering machine has answered, and no plan came for it"}})
}

func (c *compiler) verb(v Verb, i int) {
	id, origin := "verb"+strconv.Itoa(i+1), pointer(i)
	switch v.Type {
	case Say:
		c.sound(id, origin, v, v.Message.Prompt())
	case Play:
		c.sound(id, origin, v, voice.Prompt{Kind: voice.PromptURL, Text: v.File})
	case Pause:
		c.add(id, origin, flow.Wait{For: v.Pause}, flow.Next)
	case Collect:
		c.add(id, origin, collect(v), flow.Next)
	case Dial:
		c.dial(id, origin, v)
	}
}

func collect(v Verb) flow.Collect {
	return flow.Collect{Dialect: Kind, URL: flow.Literal(v.Event), MaxDigits: v.MaxDigits, OnHash: v.OnHash}
}

// sound plays a prompt as often as the verb says. A key that cuts it ends it as a whole.
func (c *compiler) sound(id, origin string, v Verb, p voice.Prompt) {
	times := v.Repeat + 1
	switch {
	case v.Repeat < 0:
		gap := voice.Prompt{Kind: voice.PromptSilence, Duration: time.Second} // so that it takes time though nothing can be played
		c.add(id, origin, flow.Play{Prompts: slices.Repeat([]voice.Prompt{p, gap}, flat), BargeIn: v.BargeIn}, flow.Cut)
		c.way(flow.Next, flow.NodeID(id))
	case times <= flat:
		c.add(id, origin, flow.Play{Prompts: slices.Repeat([]voice.Prompt{p}, times), BargeIn: v.BargeIn}, flow.Next, flow.Cut)
	default:
		count := id + ".count"
		c.add(id, origin, flow.Play{Prompts: []voice.Prompt{p}, BargeIn: v.BargeIn}, flow.Cut)
		c.way(flow.Next, flow.NodeID(count))
		c.nodes = append(c.nodes, flow.Node{ID: flow.NodeID(count), Origin: origin + "/repeat", Step: flow.Count{Name: count, Limit: times},
			Exits: map[flow.Exit]flow.NodeID{flow.Again: flow.NodeID(id), flow.Over: ""}})
	}
}

// dial rings another party; what is told of it is noted first.
func (c *compiler) dial(id, origin string, v Verb) {
	fields := map[string]flow.Template{}
	for key, value := range map[string]string{
		DialFrom: v.From, DialTo: v.To.String(), DialCallback: v.Callback.URL, DialStrategy: v.Callback.Strategy,
		DialRecording: v.RecordingURL, DialFormat: v.Format, DialMachine: v.Machine.Strategy,
	} {
		fields[key] = flow.Literal(value)
	}
	fields[DialNumber] = "${" + VarDials + "}"
	c.add(id+".count", origin, flow.Set{Name: VarDials, Value: "${" + VarDials + "}I"}, flow.Next)
	c.add(id+".notice", origin, flow.Notice{Dialect: Kind, Fields: fields}, flow.Next)
	d := flow.Dial{To: v.To.Destination(), RingTime: v.Ring, MaxDuration: v.Longest, Record: v.Record}
	if v.Machine.Strategy != "" { // with Continue it is the first party who goes on in the answer
		d.Machine = voice.MachineHangup
	}
	if e, err := voice.ParseE164(v.From); err == nil {
		d.CallerID = string(e)
	} else {
		c.add(id+".from", origin+"/from", flow.SetCaller{Name: flow.Literal(v.From)}, flow.Next)
	}
	c.add(id, origin, d, flow.Completed, flow.Busy, flow.NoAnswer, flow.Failed, flow.MaxDuration)
	if v.Machine.Strategy == MachineContinue {
		c.askForMachine(id+".machine", origin+"/machineDetection", v)
	}
}

// askForMachine asks the eventUrl of the DIAL before for another plan when an
// answering machine was what answered; without one the plan goes on.
func (c *compiler) askForMachine(id, origin string, v Verb) {
	c.way(flow.Failed, flow.NodeID(id))
	node := func(name string, s flow.Step, exits map[flow.Exit]flow.NodeID) {
		c.nodes = append(c.nodes, flow.Node{ID: flow.NodeID(name), Origin: origin, Step: s, Exits: exits})
	}
	node(id, flow.If{Left: "${" + flow.VarAnsweredBy + "}", Op: flow.Equal, Right: flow.Template(voice.AnsweredByMachine)},
		map[flow.Exit]flow.NodeID{flow.Yes: flow.NodeID(id + ".from"), flow.No: ""})
	node(id+".from", flow.Set{Name: VarMachineFrom, Value: flow.Literal(v.From)}, map[flow.Exit]flow.NodeID{flow.Next: flow.NodeID(id + ".to")})
	node(id+".to", flow.Set{Name: VarMachineTo, Value: flow.Literal(v.To.String())}, map[flow.Exit]flow.NodeID{flow.Next: flow.NodeID(id + ".ask")})
	node(id+".ask", flow.Fetch{Dialect: Kind, URL: flow.Literal(v.Machine.Event), Timeout: flow.CollectTime, Replace: true}, map[flow.Exit]flow.NodeID{flow.Failed: ""})
}
