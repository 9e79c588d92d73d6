package check

// Visits checks a program and tells how many nodes, exits and prompts were looked
// at for it, each time that one was.
func Visits(in Input) (Report, int) {
	c := &checker{in: in, seen: map[place]bool{}, g: newGraph(in.Program)}
	c.run()
	return Report{c.found, c.facts}, c.g.visits
}
