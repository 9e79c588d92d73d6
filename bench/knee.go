package main

import (
	"context"
	"fmt"
	"io"
	"net/netip"
)

// kneeStep is how the server was with a number of calls.
type kneeStep struct {
	Calls        int     `json:"calls_held"`
	Refused      int     `json:"refused"` // attempts while the last calls of them began
	CPUPercent   float64 `json:"server_cpu_percent"`
	OtherPercent float64 `json:"other_work_on_server_core_percent"`
	Pacing       spread  `json:"pacing_error"` // of the calls of this step, as all below
	Keys         spread  `json:"key_to_prompt"`
	Packets      int     `json:"packets_received"`
	Lost         int     `json:"packets_lost"`
}

const (
	kneeAdds = 250 // calls of a step
	kneeMost = 5000
	kneeFull = 97.0 // percent of the core, at which there is no more to be had
)

// measureKnee adds calls in steps until no more are taken, or they come too late.
func measureKnee(ctx context.Context, target netip.AddrPort, pid int, s settings) (all []kneeStep, err error) {
	var gens []*generator
	var calls []*call
	defer func() {
		hangUpAll(ctx, calls)
		for i, g := range gens {
			g.close() // from then on its tally may be read
			if i < len(all) {
				t := &g.tally
				all[i].Pacing, all[i].Keys, all[i].Packets, all[i].Lost = t.pacing.spread(), t.keys.spread(), t.packets, t.lost
			}
		}
	}()
	for len(calls) < kneeMost {
		g, err := newGenerator(target, number, s.keys)
		if err != nil {
			return all, err
		}
		gens = append(gens, g)
		ramped := holdResult{Reasons: map[string]int{}}
		more, _ := g.ramp(ctx, kneeAdds, &ramped)
		calls = append(calls, more...)
		if err := pause(ctx, settle); err != nil {
			return all, err
		}
		before, after, err := g.watch(ctx, pid, stepFor)
		if err != nil {
			return all, err
		}
		step := kneeStep{Calls: len(calls), Refused: ramped.Refused, CPUPercent: percent(before, after), OtherPercent: others(before, after)}
		all = append(all, step)
		if len(more) < kneeAdds || step.CPUPercent > kneeFull {
			break
		}
	}
	return all, nil
}

func printKnee(w io.Writer, all []kneeStep, row row) {
	if len(all) == 0 {
		return
	}
	fmt.Fprintf(w, "\nCalls against processor time, %d more at each step\n", kneeAdds)
	for _, k := range all {
		row(fmt.Sprintf("%d calls", k.Calls), fmt.Sprintf("%.1f%% of a core, %.2f%% per 100 calls; other work %.1f%%; refused %d; pacing p50 %.2f, p99 %.2f ms; key to prompt p99 %.1f ms; %d lost",
			k.CPUPercent, 100*k.CPUPercent/float64(max(k.Calls, 1)), k.OtherPercent, k.Refused, k.Pacing.P50, k.Pacing.P99, k.Keys.P99, k.Lost), k.Lost == aimMissing)
	}
}
