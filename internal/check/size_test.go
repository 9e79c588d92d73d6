package check_test

import (
	"fmt"
	"syscall"
	"testing"

	"tandem/internal/check"
	"tandem/internal/flow"
	"tandem/internal/voice"
)

// large makes programs of n steps in shapes that are hard in different ways.
func large(n int) map[string]*flow.Program {
	id := func(i int) flow.NodeID { return flow.NodeID(fmt.Sprintf("n%d", i)) }
	say := []voice.Prompt{{Kind: voice.PromptSpeech, Text: "Press a key.", Voice: "en"}}
	menu := func(to func(k int) int) (flow.Gather, map[flow.Exit]flow.NodeID) {
		g := flow.Gather{Prompts: say, In: map[string][]voice.Prompt{"sv": say}, BargeIn: true}
		exits := map[flow.Exit]flow.NodeID{}
		for k := range 10 {
			g.Keys = append(g.Keys, voice.Digits(fmt.Sprint(k)))
			exits[flow.Key(g.Keys[k])] = id(to(k))
		}
		exits[flow.NoInput], exits[flow.InvalidKey] = id(to(0)), id(to(1))
		return g, exits
	}
	shapes := map[string]func(i int) (flow.Step, map[flow.Exit]flow.NodeID){
		"a chain": func(i int) (flow.Step, map[flow.Exit]flow.NodeID) {
			return flow.Play{Prompts: say}, map[flow.Exit]flow.NodeID{flow.Next: id(i + 1), flow.Cut: id(i + 1)}
		},
		"a ring of decisions": func(i int) (flow.Step, map[flow.Exit]flow.NodeID) {
			return flow.If{Left: "${call.from}", Op: flow.IsSet}, map[flow.Exit]flow.NodeID{flow.Yes: id((i + 1) % n), flow.No: id(i * 7 % n)}
		},
		"a tree of menus": func(i int) (flow.Step, map[flow.Exit]flow.NodeID) {
			return menu(func(k int) int { return min(i*10+k+1, n-1) })
		},
		"menus that lead everywhere": func(i int) (flow.Step, map[flow.Exit]flow.NodeID) {
			return menu(func(k int) int { return (i*i + k*k*31 + 17) % n })
		},
		"languages again and again": func(i int) (flow.Step, map[flow.Exit]flow.NodeID) {
			if i%2 == 0 {
				return flow.Set{Name: flow.VarLanguage, Value: flow.Template(fmt.Sprintf("x%d", i))}, map[flow.Exit]flow.NodeID{flow.Next: id(i + 1)}
			}
			return flow.Play{Prompts: say, In: map[string][]voice.Prompt{"sv": say}}, map[flow.Exit]flow.NodeID{flow.Next: id((i + 1) % n)}
		},
		"dials that fail": func(i int) (flow.Step, map[flow.Exit]flow.NodeID) {
			return flow.Dial{To: voice.Destination{Kind: voice.ToUser, ID: "1"}, Record: true}, map[flow.Exit]flow.NodeID{flow.Busy: id(i + 1), flow.NoAnswer: id(i / 2), flow.Failed: id(i + 1)}
		},
		"messages": func(i int) (flow.Step, map[flow.Exit]flow.NodeID) {
			return flow.Record{Purpose: voice.ForVoicemail, Beep: true}, map[flow.Exit]flow.NodeID{flow.Recorded: id(i + 1), flow.NotRecorded: id(i + 1)}
		},
	}
	shapes["a language for each prompt"] = func(i int) (flow.Step, map[flow.Exit]flow.NodeID) {
		if i%2 == 0 {
			return flow.Set{Name: flow.VarLanguage, Value: flow.Template(fmt.Sprintf("x%d-y", i))}, map[flow.Exit]flow.NodeID{flow.Next: id(i + 1)}
		}
		return flow.Play{Prompts: say, In: map[string][]voice.Prompt{fmt.Sprintf("z%d", i): say}}, map[flow.Exit]flow.NodeID{flow.Next: id((i + 1) % n)}
	}
	shapes["menus that nobody leaves"] = func(i int) (flow.Step, map[flow.Exit]flow.NodeID) {
		g := flow.Gather{Prompts: say, BargeIn: true, Keys: []voice.Digits{"1"}}
		return g, map[flow.Exit]flow.NodeID{flow.Key("1"): id((i + 1) % n), flow.NoInput: id(i), flow.InvalidKey: id(i)}
	}
	shapes["secrets"] = func(i int) (flow.Step, map[flow.Exit]flow.NodeID) {
		if i%2 == 0 {
			return flow.Gather{Prompts: say, BargeIn: true, MaxDigits: 16, Secret: i%4 == 0, Into: fmt.Sprintf("card%d", i)}, map[flow.Exit]flow.NodeID{flow.GotDigits: id(i + 1), flow.NoInput: id(i + 1)}
		}
		return flow.Request{URL: flow.Template(fmt.Sprintf("https://a.example/?c=${card%d}", i-1))}, map[flow.Exit]flow.NodeID{flow.Next: id(i + 1), flow.Failed: id(i + 1)}
	}
	// All keys of the flow are one step's, and lead nowhere.
	shapes["one menu"] = func(i int) (flow.Step, map[flow.Exit]flow.NodeID) {
		if i > 0 {
			return flow.Hangup{}, nil
		}
		g := flow.Gather{Prompts: say, BargeIn: true}
		for k := range n {
			g.Keys = append(g.Keys, voice.Digits(fmt.Sprint(k)))
		}
		return g, nil
	}
	made := map[string]*flow.Program{}
	for name, shape := range shapes {
		p := &flow.Program{App: "big", Name: name, Entry: id(0)}
		for i := range n {
			step, exits := shape(i)
			p.Nodes = append(p.Nodes, flow.Node{ID: id(i), Origin: "/steps/" + string(id(i)), Step: step, Exits: exits})
		}
		made[name] = p
	}
	return made
}

// The work of a check grows as the flow does: what is looked at is counted, for
// clocks tell of the machine.
func TestLinear(t *testing.T) {
	small, big := large(2_000), large(8_000)
	for name, p := range small {
		t.Run(name, func(t *testing.T) {
			_, few := check.Visits(check.Input{Program: p})
			_, many := check.Visits(check.Input{Program: big[name]})
			if ratio := float64(many) / float64(few); ratio > 4.4 {
				t.Errorf("four times the steps take %.1f times the work: %d and %d", ratio, few, many)
			}
			exits := 0
			for _, n := range big[name].Nodes {
				exits += 1 + len(n.Step.Exits())
			}
			if most := 90 * exits; many > most {
				t.Errorf("%d looks for %d nodes and exits, more than %d", many, exits, most)
			}
			t.Logf("%d looks for %d nodes and exits", many, exits)
		})
	}
}

func BenchmarkCheck(b *testing.B) {
	for name, p := range large(flow.MaxNodes) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var before, after syscall.Rusage
			_ = syscall.Getrusage(syscall.RUSAGE_SELF, &before)
			for b.Loop() {
				check.Check(check.Input{Program: p})
			}
			_ = syscall.Getrusage(syscall.RUSAGE_SELF, &after)
			// The processor's time, the collector's included: the clock's is also that of others.
			spent := after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano()
			b.ReportMetric(float64(spent)/1e6/float64(b.N), "cpu-ms/op")
		})
	}
}
