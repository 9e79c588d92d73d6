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
	// Kinds, Knee and Overload are there when they were asked for.
	Kinds    []kindResult    `json:"kinds,omitempty"`
	Knee     []kneeStep      `json:"knee,omitempty"`
	Overload *overloadResult `json:"overload,omitempty"`
	// Floors are of the C program, before and after the rest.
	Floors []floorResult `json:"floors"`
}

// aims are what a server on one core is to reach.
const (
	aimPacing   = 2.0  // ms, p99
	aimKiB      = 24.0 // per call
	aimKey      = 22.0 // ms, p99
	aimSetUp    = 0.5  // ms of CPU each
	aimMissing  = 0
	aimGoodput  = 0.95 // of the capacity, when three times as many call
	aimRecovery = 5    // seconds
)

func (r report) print(w io.Writer) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(name, value string, good bool) {
		mark := ""
		if !good {
			mark = "  <- misses the aim"
		}
		fmt.Fprintf(t, "  %s\t%s%s\n", name, value, mark)
	}
	fmt.Fprintf(t, "%s\n%s, load average before %.1f\n", r.Command, r.Machine, r.Load)
	if r.Hold.Calls > 0 {
		r.printHold(t, row)
		r.printRoom(t, row)
		r.printSetUps(t, row)
	}
	printKinds(t, r.Kinds, row)
	printKnee(t, r.Knee, row)
	if r.Overload != nil {
		r.Overload.print(t, row)
	}
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

// row writes one figure, and whether it is as it should be.
type row = func(name, value string, good bool)

func (r report) printHold(w io.Writer, row row) {
	h := r.Hold
	fmt.Fprintf(w, "\nCalls held, %.0f s\n", h.Seconds)
	row("calls held", fmt.Sprintf("%d of %d", h.Held, h.Calls), h.Held == h.Calls && h.EndedByServer == 0)
	row("refused while they began", fmt.Sprintf("%d %s", h.Refused, reasons(h.Reasons)), h.Refused == aimMissing)
	if h.EndedByServer > 0 {
		row("hung up by the server", fmt.Sprint(h.EndedByServer), false)
	}
	row("server CPU", fmt.Sprintf("%.1f%% of a core, %.2f%% per 100 calls", h.CPUPercent, h.CPUPer100), true)
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
}

func (r report) printRoom(w io.Writer, row row) {
	m := r.Room
	if m.Calls == 0 {
		return
	}
	fmt.Fprintf(w, "\nMembers of one room who all speak, %.0f s\n", m.Seconds)
	row("members held", fmt.Sprintf("%d of %d", m.Held, m.Calls), m.Held == m.Calls && m.EndedByServer == 0)
	row("server CPU", fmt.Sprintf("%.1f%% of a core; other work on it %.1f%%", m.CPUPercent, m.OtherPercent), true)
	row("pacing error, ms", spreadText(m.Pacing), m.Pacing.P99 < aimPacing && m.Pacing.Count > 0)
	row("packets", fmt.Sprintf("%d of about %d; %d lost, %d out of order, %d jumps, %d odd, %d silent", m.Packets, m.Expected, m.Lost, m.Disorder, m.Jumps, m.Odd, m.Silent),
		m.Lost+m.Disorder+m.Odd+m.Silent == aimMissing)
	if m.GeneratorLate > 0 {
		row("generator fell behind", fmt.Sprintf("%d times: figures are not to be trusted", m.GeneratorLate), false)
	}
}

func (r report) printSetUps(w io.Writer, row row) {
	s := r.SetUps
	fmt.Fprintf(w, "\nSet-ups per second, %d calls\n", s.Calls)
	row("reached", fmt.Sprintf("%.0f of %d per second", s.Rate, s.Target), s.Rate > 0.95*float64(s.Target))
	row("failed", fmt.Sprintf("%d %s", s.Failed, reasons(s.Reasons)), s.Failed == aimMissing)
	row("retransmissions", fmt.Sprint(s.Retransmits), true)
	row("INVITE to 200, ms", spreadText(s.Answer), true)
	row("server CPU", fmt.Sprintf("%.1f%% of a core, %.2f ms per set-up; other work on that core %.1f%%", s.CPUPercent, s.CPUPerSetUp, s.OtherPercent), s.CPUPerSetUp <= aimSetUp)
}
