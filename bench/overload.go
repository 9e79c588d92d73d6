package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// overloadResult is what the phase of three times the capacity gave.
type overloadResult struct {
	Capacity float64   `json:"capacity_per_second"` // the most set-ups that were good, of the steps
	Steps    []offered `json:"steps"`
	Held     int       `json:"calls_held"`
	// Before is the pacing of the calls held while nobody calls, During that from the
	// first step to the last second.
	Before   spread    `json:"pacing_before"`
	During   spread    `json:"pacing_during"`
	Lost     int       `json:"packets_lost_during"`
	Overload offered   `json:"overload"`
	After    []offered `json:"after"` // seconds at half the capacity, from the end of the overload
	// Recovered is how many seconds it took until none was refused for the rest.
	Recovered int `json:"recovered_after_seconds"`
}

// offered is a time at one rate of calls.
type offered struct {
	Rate    int            `json:"offered_per_second"`
	Seconds float64        `json:"seconds"`
	Good    float64        `json:"good_per_second"` // answered by 200 within goodAnswer of their first INVITE
	Refused int            `json:"refused"`         // 503 with a Retry-After
	Other   map[string]int `json:"other_failures,omitempty"`
	Answer  spread         `json:"invite_to_200"`
	Refusal spread         `json:"invite_to_503"`
	Again   spread         `json:"retry_after"` // of the refusals; in ms
	Resent  int64          `json:"retransmissions"`
	CPU     float64        `json:"server_cpu_percent"`
}

const (
	// goodAnswer is what a caller's side waits before it sends an INVITE again (T1).
	goodAnswer   = 500 * time.Millisecond
	stepFor      = 4 * time.Second
	overloadFor  = 10 * time.Second
	afterSeconds = 10
	overloadBy   = 3 // times the capacity
)

// measureOverload finds how many calls a second the server can set up, and offers it
// three times as many while others go on.
func measureOverload(ctx context.Context, target netip.AddrPort, pid, held int) (res overloadResult, err error) {
	if res.Before, _, err = besideCalls(ctx, target, held, func() error { return pause(ctx, stepFor) }); err != nil {
		return res, err
	}
	g, err := newGenerator(target, number, 0)
	if err != nil {
		return res, err
	}
	defer g.close()
	res.Held = held
	res.During, res.Lost, err = besideCalls(ctx, target, held, func() (err error) {
		if err := res.climb(ctx, g, pid); err != nil {
			return err
		}
		if res.Overload, err = g.offer(ctx, pid, int(overloadBy*res.Capacity), overloadFor); err != nil {
			return err
		}
		for range afterSeconds {
			second, err := g.offer(ctx, pid, int(res.Capacity/2), time.Second)
			if err != nil {
				return err
			}
			res.After = append(res.After, second)
			if second.Refused > 0 || len(second.Other) > 0 {
				res.Recovered = len(res.After)
			}
		}
		return nil
	})
	return res, err
}

// climb offers ever more calls a second until the server sets no more of them up.
func (r *overloadResult) climb(ctx context.Context, g *generator, pid int) error {
	for rate := 200; rate <= 10_000; rate += rate / 4 {
		step, err := g.offer(ctx, pid, rate, stepFor)
		if err != nil {
			return err
		}
		r.Steps = append(r.Steps, step)
		r.Capacity = max(r.Capacity, step.Good)
		if err := pause(ctx, settle); err != nil {
			return err
		}
		if step.Good < 0.8*float64(rate) {
			break
		}
	}
	return nil
}

// besideCalls does something while n calls are up, and gives their pacing and how many
// packets they lost meanwhile.
func besideCalls(ctx context.Context, target netip.AddrPort, n int, do func() error) (pacing spread, lost int, err error) {
	g, err := newGenerator(target, number, 0)
	if err != nil {
		return spread{}, 0, err
	}
	defer g.close()
	ramped := holdResult{Reasons: map[string]int{}}
	calls, _ := g.ramp(ctx, n, &ramped)
	if len(calls) < n {
		return spread{}, 0, fmt.Errorf("only %d of %d calls are up before the overload: %v", len(calls), n, ramped.Reasons)
	}
	if err := pause(ctx, settle); err != nil {
		return spread{}, 0, err
	}
	g.measuring.Store(true)
	err = do()
	g.measuring.Store(false)
	hangUpAll(ctx, calls)
	g.close()
	return g.tally.pacing.spread(), g.tally.lost, err
}

// offer places rate calls a second, each ended after a short talk. The time is over
// when the last of them was answered.
func (g *generator) offer(ctx context.Context, pid, rate int, length time.Duration) (res offered, err error) {
	before, err := readUsage(pid)
	if err != nil {
		return res, err
	}
	res.Rate, res.Other = rate, map[string]int{}
	resent := g.resent.Load()
	var mu sync.Mutex
	var answers, refusals, again []time.Duration
	var work sync.WaitGroup
	start := time.Now()
	everyTick(ctx, int(float64(rate)*length.Seconds()), rate, func() {
		c := g.invite()
		work.Go(func() {
			state := c.await(ctx)
			c.mu.Lock()
			took, status, after := c.setUp, c.status, c.again
			c.mu.Unlock()
			mu.Lock()
			switch {
			case state == talking || state == over:
				answers = append(answers, took)
			case status == 503 && after > 0:
				refusals, again = append(refusals, took), append(again, after)
			default:
				res.Other[c.failure()]++
			}
			mu.Unlock()
			if state == talking {
				pause(ctx, shortTalk)
				c.hangup()
				c.await(ctx)
			}
			g.forget([]*call{c})
		})
	})
	offered := time.Since(start)
	after, err := readUsage(pid)
	work.Wait()
	for _, a := range answers {
		if a <= goodAnswer {
			res.Good++
		}
	}
	res.Seconds = offered.Seconds()
	res.Good /= res.Seconds
	res.Refused = len(refusals)
	res.Answer, res.Refusal, res.Again = spreadOf(answers), spreadOf(refusals), spreadOf(again)
	res.Resent, res.CPU = g.resent.Load()-resent, percent(before, after)
	return res, err
}

// print writes the phase's part of the table.
func (r overloadResult) print(w io.Writer, row row) {
	fmt.Fprintf(w, "\nOverload, beside %d calls that are up\n", r.Held)
	for _, s := range r.Steps {
		row(fmt.Sprintf("%d calls a second", s.Rate), fmt.Sprintf("%.0f good, %d refused, %s; p50 %.1f, p99 %.1f ms; CPU %.0f%%", s.Good, s.Refused, failures(s.Other), s.Answer.P50, s.Answer.P99, s.CPU), true)
	}
	row("capacity", fmt.Sprintf("%.0f set-ups a second", r.Capacity), true)
	o := r.Overload
	row(fmt.Sprintf("%d calls a second", o.Rate), fmt.Sprintf("%.0f good, %.0f%% of the capacity", o.Good, 100*o.Good/max(r.Capacity, 1)), o.Good >= aimGoodput*r.Capacity)
	row("  refused", fmt.Sprintf("%d by 503, after p50 %.1f, p99 %.1f ms, with Retry-After %.0f to %.0f s", o.Refused, o.Refusal.P50, o.Refusal.P99, o.Again.P50/1000, o.Again.Max/1000), o.Refusal.P99 <= ms(goodAnswer))
	row("  otherwise failed", failures(o.Other), len(o.Other) == 0)
	row("  INVITE to 200, ms", spreadText(o.Answer), o.Answer.P99 <= ms(goodAnswer))
	row("  retransmissions", fmt.Sprint(o.Resent), true)
	row("  pacing of the calls that are up, ms", spreadText(r.During), r.During.P99 < aimPacing)
	row("  the same before, ms", spreadText(r.Before), true)
	row("  packets lost of them", fmt.Sprint(r.Lost), r.Lost == aimMissing)
	row("recovered", fmt.Sprintf("after %d s", r.Recovered), r.Recovered <= aimRecovery)
}

func failures(m map[string]int) string {
	if len(m) == 0 {
		return "none failed"
	}
	text := ""
	for _, k := range slices.Sorted(maps.Keys(m)) {
		text += fmt.Sprintf("%d %s, ", m[k], k)
	}
	return text[:len(text)-2]
}
