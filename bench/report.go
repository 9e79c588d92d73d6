package main

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"
)

// report is everything one run found.
type report struct {
	When    time.Time   `json:"when"`
	Machine string      `json:"machine"`
	Command string      `json:"command"`
	Pinned  bool        `json:"pinned"`       // server and generator on cores of their own
	Load    float64     `json:"load_average"` // of the minute before, all work of the machine
	Hold    holdResult  `json:"hold"`
	Room    holdResult  `json:"room"` // calls that are members of one room
	SetUps  setUpResult `json:"setups"`
	// Floors are of the C program, before and after the rest.
	Floors []floorResult `json:"floors"`
}

// aims are what a server on one core is to reach.
const (
	aimPacing  = 1.0  // ms, p99
	aimCPU     = 50.0 // percent of a core with all calls
	aimKiB     = 30.0 // per call
	aimKey     = 25.0 // ms, p99
	aimMissing = 0
)

func (r report) print(w io.Writer) {
	h, s := r.Hold, r.SetUps
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(name, value string, good bool) {
		mark := ""
		if !good {
			mark = "  <- misses the aim"
		}
		fmt.Fprintf(t, "  %s\t%s%s\n", name, value, mark)
	}
	fmt.Fprintf(t, "%s\n%s, load average before %.1f\n\nCalls held, %.0f s\n", r.Command, r.Machine, r.Load, h.Seconds)
	row("calls held", fmt.Sprintf("%d of %d", h.Held, h.Calls), h.Held == h.Calls && h.EndedByServer == 0)
	row("refused while they began", fmt.Sprintf("%d %s", h.Refused, reasons(h.Reasons)), h.Refused == aimMissing)
	if h.EndedByServer > 0 {
		row("hung up by the server", fmt.Sprint(h.EndedByServer), false)
	}
	row("server CPU", fmt.Sprintf("%.1f%% of a core, %.2f%% per 100 calls", h.CPUPercent, h.CPUPer100), h.CPUPercent <= aimCPU)
	row("other work on that core", fmt.Sprintf("%.1f%%", h.OtherPercent), true)
	r.printFloors(row)
	row("server memory", fmt.Sprintf("%.1f KiB per call of the second half, %.1f MiB in all", h.KiBPerCall, float64(h.RSSHeld)/(1<<20)), h.KiBPerCall <= aimKiB)
	row("pacing error, ms", spreadText(h.Pacing), h.Pacing.P99 < aimPacing && h.Pacing.Count > 0)
	row("  within one sound", spreadText(h.PacingWithin), h.PacingWithin.P99 < aimPacing)
	row("packets", fmt.Sprintf("%d of about %d; %d lost, %d out of order, %d jumps, %d odd, %d of no call", h.Packets, h.Expected, h.Lost, h.Disorder, h.Jumps, h.Odd, h.Strangers),
		h.Lost+h.Disorder+h.Odd == aimMissing)
	row("INVITE to 200, ms", spreadText(h.Answer), true)
	row("key to prompt, ms", spreadText(h.KeyToPrompt), h.KeyToPrompt.P99 <= aimKey && h.KeyToPrompt.Count > 0)
	row("keys without reaction", fmt.Sprint(h.KeysMissed), h.KeysMissed == aimMissing)
	if h.GeneratorLate > 0 {
		row("generator fell behind", fmt.Sprintf("%d times: figures are not to be trusted", h.GeneratorLate), false)
	}
	if m := r.Room; m.Calls > 0 {
		fmt.Fprintf(t, "\nMembers of one room who all speak, %.0f s\n", m.Seconds)
		row("members held", fmt.Sprintf("%d of %d", m.Held, m.Calls), m.Held == m.Calls && m.EndedByServer == 0)
		row("server CPU", fmt.Sprintf("%.1f%% of a core; other work on it %.1f%%", m.CPUPercent, m.OtherPercent), m.CPUPercent <= aimCPU)
		row("pacing error, ms", spreadText(m.Pacing), m.Pacing.P99 < aimPacing && m.Pacing.Count > 0)
		row("packets", fmt.Sprintf("%d of about %d; %d lost, %d out of order, %d jumps, %d odd, %d silent", m.Packets, m.Expected, m.Lost, m.Disorder, m.Jumps, m.Odd, m.Silent),
			m.Lost+m.Disorder+m.Odd+m.Silent == aimMissing)
		if m.GeneratorLate > 0 {
			row("generator fell behind", fmt.Sprintf("%d times: figures are not to be trusted", m.GeneratorLate), false)
		}
	}
	fmt.Fprintf(t, "\nSet-ups per second, %d calls\n", s.Calls)
	row("reached", fmt.Sprintf("%.0f of %d per second", s.Rate, s.Target), s.Rate > 0.95*float64(s.Target))
	row("failed", fmt.Sprintf("%d %s", s.Failed, reasons(s.Reasons)), s.Failed == aimMissing)
	row("retransmissions", fmt.Sprint(s.Retransmits), true)
	row("INVITE to 200, ms", spreadText(s.Answer), true)
	row("server CPU", fmt.Sprintf("%.1f%% of a core, %.2f ms per set-up; other work on that core %.1f%%", s.CPUPercent, s.CPUPerSetUp, s.OtherPercent), true)
	t.Flush()
}

func spreadText(s spread) string {
	return fmt.Sprintf("p50 %.2f, p99 %.2f, p99.9 %.2f, max %.2f (%d)", s.P50, s.P99, s.P999, s.Max, s.Count)
}

func reasons(m map[string]int) string {
	if len(m) == 0 {
		return ""
	}
	return fmt.Sprintf("%v", m)
}
