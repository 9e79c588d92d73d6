package check

import (
	"tandem/internal/flow"
	"tandem/internal/voice"
)

// graph is a program by numbers: the n-th node is the n-th of the document.
type graph struct {
	p      *flow.Program
	nodes  []*flow.Node
	index  map[flow.NodeID]int
	out    [][]edge      // exits that lead to a node, in the order of Step.Exits
	loose  [][]flow.Exit // exits that lead nowhere
	ends   []bool        // some exit of the node ends the call, or the program
	mark   []int         // the last round in which a node was among some, see among
	round  int
	reach  []bool
	heard  []heard // what each node plays by itself
	early  []bool  // see beforeWait; nil = not asked yet
	kept   []bool  // nodes from which a step is reached that takes a recording; nil = not asked yet
	mute   []bool  // nodes that are reached before anything has sounded; nil = not asked yet
	visits int     // nodes and exits looked at, for the test that this is linear
}

// edge is an exit that leads somewhere.
type edge struct {
	exit flow.Exit
	to   int
	back bool // see ahead
}

// heard is what spoken gives.
type heard struct {
	prompts []voice.Prompt
	in      map[string][]voice.Prompt
	ok      bool
}

func newGraph(p *flow.Program) *graph {
	g := &graph{p: p, nodes: make([]*flow.Node, len(p.Nodes)), index: make(map[flow.NodeID]int, len(p.Nodes)),
		out: make([][]edge, len(p.Nodes)), ends: make([]bool, len(p.Nodes)), loose: make([][]flow.Exit, len(p.Nodes)), mark: make([]int, len(p.Nodes)), heard: make([]heard, len(p.Nodes))}
	for i := range p.Nodes {
		g.nodes[i] = &p.Nodes[i]
		if _, twice := g.index[p.Nodes[i].ID]; !twice {
			g.index[p.Nodes[i].ID] = i
		}
	}
	for i, n := range g.nodes {
		if n.Step == nil {
			g.ends[i] = true
			continue
		}
		h := &g.heard[i]
		h.prompts, h.in, h.ok = spoken(n.Step)
		exits := n.Step.Exits()
		g.ends[i] = len(exits) == 0 || leaves(n.Step)
		g.out[i] = make([]edge, 0, len(exits))
		for _, e := range exits {
			g.visits++
			if to, ok := g.index[n.Exits[e]]; ok {
				g.out[i] = append(g.out[i], edge{exit: e, to: to})
				continue
			}
			g.loose[i] = append(g.loose[i], e)
			if e != flow.Cut && e != flow.Holiday {
				g.ends[i] = true
			}
		}
	}
	var from []int
	for _, id := range []flow.NodeID{p.Entry, p.Expired} {
		if i, ok := g.index[id]; ok {
			from = append(from, i)
		}
	}
	g.reach = g.flood(from, func(int) bool { return true }, nil)
	return g
}

// leaves reports whether a step may go on outside this program, or be ended from there.
func leaves(s flow.Step) bool {
	switch s.(type) {
	case flow.Goto, flow.Subflow, flow.Fetch, flow.Await, flow.Collect:
		return true
	}
	return false
}

// among gives a function that tells the nodes of a part from others, until it is
// asked for again.
func (g *graph) among(part []int) func(i int) bool {
	g.round++
	for _, i := range part {
		g.mark[i] = g.round
	}
	return func(i int) bool { return g.mark[i] == g.round }
}

// entry gives the node that calls begin at.
func (g *graph) entry() []int {
	if i, ok := g.index[g.p.Entry]; ok {
		return []int{i}
	}
	return nil
}

// flood marks the nodes that can be reached from some, which are marked too.
// through says whether the way goes on behind a node; skip leaves exits out.
func (g *graph) flood(from []int, through func(i int) bool, skip func(i int, e edge) bool) []bool {
	seen := make([]bool, len(g.nodes))
	queue := make([]int, 0, len(from))
	for _, i := range from {
		if !seen[i] {
			seen[i] = true
			queue = append(queue, i)
		}
	}
	for len(queue) > 0 {
		i := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		g.visits++
		if !through(i) {
			continue
		}
		for _, e := range g.out[i] {
			g.visits++
			if !seen[e.to] && (skip == nil || !skip(i, e)) {
				seen[e.to] = true
				queue = append(queue, e.to)
			}
		}
	}
	return seen
}

// floodBack marks the nodes from which some can be reached, which are marked too.
// A node that is not to be passed is not marked, unless it is one of those.
func (g *graph) floodBack(to []int, pass func(i int) bool) []bool {
	in := make([][]int, len(g.nodes))
	for i, out := range g.out {
		for _, e := range out {
			g.visits++
			in[e.to] = append(in[e.to], i)
		}
	}
	seen := make([]bool, len(g.nodes))
	for _, i := range to {
		seen[i] = true
	}
	for queue := to; len(queue) > 0; {
		i := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		for _, from := range in[i] {
			g.visits++
			if !seen[from] && pass(from) {
				seen[from] = true
				queue = append(queue, from)
			}
		}
	}
	return seen
}

// circles gives the strongly connected parts of more than one node, or of one that
// leads to itself, among the reachable nodes that are in, by the edges that are not
// left out (Tarjan's algorithm, without recursion). of gives each node's part, −1 = none.
func (g *graph) circles(in func(i int) bool, skip func(i int, e edge) bool) (parts [][]int, of []int) {
	t := tarjan{g: g, in: in, skip: skip, order: make([]int, len(g.nodes)), low: make([]int, len(g.nodes)), on: make([]bool, len(g.nodes))}
	t.of = make([]int, len(g.nodes))
	for i := range t.of {
		t.of[i] = -1
	}
	for i := range g.nodes {
		if g.reach[i] && in(i) && t.order[i] == 0 {
			t.walk(i)
		}
	}
	return t.parts, t.of
}

type tarjan struct {
	g          *graph
	in         func(int) bool
	skip       func(int, edge) bool
	order, low []int
	on         []bool
	stack      []int
	clock      int
	parts      [][]int
	of         []int
}

type visit struct{ node, next int }

func (t *tarjan) enter(i int) visit {
	t.clock++
	t.order[i], t.low[i], t.on[i] = t.clock, t.clock, true
	t.stack = append(t.stack, i)
	t.g.visits++
	return visit{i, 0}
}

func (t *tarjan) walk(from int) {
	way := []visit{t.enter(from)}
	for len(way) > 0 {
		at := &way[len(way)-1]
		if at.next < len(t.g.out[at.node]) {
			e := t.g.out[at.node][at.next]
			at.next++
			t.g.visits++
			switch {
			case !t.in(e.to) || t.skip != nil && t.skip(at.node, e):
			case t.order[e.to] == 0:
				way = append(way, t.enter(e.to))
			case t.on[e.to]:
				t.low[at.node] = min(t.low[at.node], t.order[e.to])
			}
			continue
		}
		i := at.node
		way = way[:len(way)-1]
		if len(way) > 0 {
			up := way[len(way)-1].node
			t.low[up] = min(t.low[up], t.low[i])
		}
		if t.low[i] == t.order[i] {
			t.close(i)
		}
	}
}

// close takes a finished part off the stack.
func (t *tarjan) close(root int) {
	var part []int
	for {
		i := t.stack[len(t.stack)-1]
		t.stack = t.stack[:len(t.stack)-1]
		t.on[i] = false
		part = append(part, i)
		if i == root {
			break
		}
	}
	if len(part) == 1 && !t.self(root) {
		return
	}
	for _, i := range part {
		t.of[i] = len(t.parts)
	}
	t.parts = append(t.parts, part)
}

func (t *tarjan) self(i int) bool {
	for _, e := range t.g.out[i] {
		if e.to == i && (t.skip == nil || !t.skip(i, e)) {
			return true
		}
	}
	return false
}
