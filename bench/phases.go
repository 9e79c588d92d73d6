package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// setUpResult is what the phase of set-ups per second gave: INVITE, 200, ACK,
// 100 ms, BYE, 200.
type setUpResult struct {
	Target       int            `json:"target_per_second"`
	Calls        int            `json:"calls"`
	Rate         float64        `json:"reached_per_second"`
	Failed       int            `json:"failed"`
	Reasons      map[string]int `json:"failures,omitempty"`
	Retransmits  int64          `json:"retransmissions"`
	Answer       spread         `json:"invite_to_200"`
	CPUPercent   float64        `json:"server_cpu_percent"`
	CPUPerSetUp  float64        `json:"server_cpu_ms_per_setup"`
	OtherPercent float64        `json:"other_work_on_server_core_percent"`
	AllEndedInMs float64        `json:"last_end_after_ms"`
}

// holdResult is what the phase of many calls at once gave.
type holdResult struct {
	Calls         int            `json:"calls_asked"`
	Held          int            `json:"calls_held"`
	Failed        int            `json:"failed"`  // not held in the end
	Refused       int            `json:"refused"` // attempts, see ramp
	Reasons       map[string]int `json:"refusals,omitempty"`
	EndedByServer int64          `json:"ended_by_server"`
	Seconds       float64        `json:"seconds"`
	Answer        spread         `json:"invite_to_200"`
	Pacing        spread         `json:"pacing_error"`
	PacingWithin  spread         `json:"pacing_error_within_one_sound"`
	KeyToPrompt   spread         `json:"key_to_prompt"`
	KeysMissed    int64          `json:"keys_without_reaction"`
	Packets       int            `json:"packets_received"`
	Expected      int            `json:"packets_expected"`
	Lost          int            `json:"packets_lost"`
	Disorder      int            `json:"packets_out_of_order"`
	Jumps         int            `json:"timestamp_jumps"`
	Odd           int            `json:"packets_odd"`
	Silent        int            `json:"packets_silent"`
	Strangers     int64          `json:"packets_of_no_call"`
	GeneratorLate int64          `json:"generator_late"`
	CPUPercent    float64        `json:"server_cpu_percent"`
	CPUPer100     float64        `json:"server_cpu_percent_per_100_calls"`
	OtherPercent  float64        `json:"other_work_on_server_core_percent"`
	RSSBefore     int64          `json:"server_rss_before"`
	RSSHeld       int64          `json:"server_rss_held"`
	HeldHalf      int            `json:"calls_held_first"` // the first half
	RSSHalf       int64          `json:"server_rss_first"` // with them
	KiBPerCall    float64        `json:"server_kib_per_call"`
}

const shortTalk = 100 * time.Millisecond

// everyTick calls f n times at an even rate per second.
func everyTick(ctx context.Context, n, rate int, f func()) {
	start := time.Now()
	for i := range n {
		if d := time.Until(start.Add(time.Duration(i) * time.Second / time.Duration(rate))); d > 0 {
			timer := time.NewTimer(d)
			select {
			case <-timer.C:
			case <-ctx.Done():
				timer.Stop()
				return
			}
		}
		f()
	}
}

// measureSetUps places rate calls per second for the given time.
func measureSetUps(ctx context.Context, g *generator, pid, rate int, length time.Duration) (setUpResult, error) {
	n := int(float64(rate) * length.Seconds())
	res := setUpResult{Target: rate, Calls: n, Reasons: map[string]int{}}
	before, err := readUsage(pid)
	if err != nil {
		return res, err
	}
	resent := g.resent.Load()
	var mu sync.Mutex
	var times []time.Duration
	var calls []*call
	var work sync.WaitGroup
	start := time.Now()
	var lastAnswer time.Time
	everyTick(ctx, n, rate, func() {
		c := g.invite()
		calls = append(calls, c)
		work.Go(func() {
			state := c.await(ctx)
			mu.Lock()
			if state == talking || state == over {
				times = append(times, c.setUp)
				lastAnswer = time.Now()
			} else {
				res.Failed++
				res.Reasons[c.failure()]++
			}
			mu.Unlock()
			if state != talking {
				return
			}
			pause(ctx, shortTalk)
			c.hangup()
			if c.await(ctx) == failed {
				mu.Lock()
				res.Failed++
				res.Reasons["BYE not answered"]++
				mu.Unlock()
			}
		})
	})
	work.Wait()
	after, err := readUsage(pid)
	if err != nil {
		return res, err
	}
	g.forget(calls)
	if len(times) > 1 {
		res.Rate = float64(len(times)) / lastAnswer.Sub(start).Seconds()
	}
	res.Answer = spreadOf(times)
	res.Retransmits = g.resent.Load() - resent
	res.AllEndedInMs = ms(time.Since(start))
	res.CPUPercent, res.OtherPercent = percent(before, after), others(before, after)
	res.CPUPerSetUp = ms(after.cpu-before.cpu) / float64(max(1, len(times)))
	return res, ctx.Err()
}

func percent(before, after usage) float64 {
	return 100 * (after.cpu - before.cpu).Seconds() / after.at.Sub(before.at).Seconds()
}

// others is how busy work that is not the server's kept its core.
func others(before, after usage) float64 {
	rest := (after.all - before.all) - (after.cpu - before.cpu)
	return max(0, 100*rest.Seconds()/after.at.Sub(before.at).Seconds())
}

const (
	rampRate = 200 // calls begun per second
	settle   = 2 * time.Second

	rampRounds = 10
	rampPause  = time.Second
)

// ramp begins n calls. Those that the server refuses are begun again, up to
// rampRounds times with a pause between, and counted as refused.
func (g *generator) ramp(ctx context.Context, n int, res *holdResult) (calls []*call, times []time.Duration) {
	for round := range rampRounds {
		var started, refused []*call
		everyTick(ctx, n-len(calls), rampRate, func() { started = append(started, g.invite()) })
		for _, c := range started {
			if c.await(ctx) == talking {
				calls, times = append(calls, c), append(times, c.setUp)
				continue
			}
			refused = append(refused, c)
			res.Reasons[c.failure()]++
		}
		g.forget(refused)
		res.Refused += len(refused)
		res.Failed = len(refused)
		if len(refused) == 0 || round == rampRounds-1 || pause(ctx, rampPause) != nil {
			break
		}
	}
	return calls, times
}

// measureHold holds n calls at once for the given time. The tally is read
// after the generator has been closed, by the caller; see finishHold.
func measureHold(ctx context.Context, g *generator, pid, n int, length time.Duration, prof *profiler) (holdResult, error) {
	res := holdResult{Calls: n, Reasons: map[string]int{}}
	before, err := readUsage(pid)
	if err != nil {
		return res, err
	}
	res.RSSBefore = before.rss
	// What the server keeps free before the first call says nothing of calls: memory
	// is measured by what the second half of them adds.
	calls, times := g.ramp(ctx, n/2, &res)
	if err := pause(ctx, settle); err != nil {
		return res, err
	}
	half, err := readUsage(pid)
	if err != nil {
		return res, err
	}
	first := len(calls)
	more, moreTimes := g.ramp(ctx, n-n/2, &res)
	calls, times = append(calls, more...), append(times, moreTimes...)
	res.Held, res.Failed, res.Answer = len(times), n-len(times), spreadOf(slices.Clone(times))
	if err := pause(ctx, settle); err != nil {
		return res, err
	}
	if prof != nil {
		if err := prof.take(ctx, "hold-heap", "heap", 0); err != nil {
			return res, err
		}
		if err := prof.take(ctx, "hold-goroutines", "goroutine", 0); err != nil {
			return res, err
		}
	}
	profiled := prof.during(ctx, "hold-cpu", length)
	start, end, err := g.watch(ctx, pid, length)
	err = errors.Join(err, profiled())
	res.Seconds = end.at.Sub(start.at).Seconds()
	res.EndedByServer = g.byes.Load()
	hangUpAll(ctx, calls)
	res.CPUPercent, res.OtherPercent = percent(start, end), others(start, end)
	res.RSSHeld = end.rss
	if res.Held > 0 {
		res.CPUPer100 = res.CPUPercent * 100 / float64(res.Held)
	}
	if len(more) > 0 {
		res.KiBPerCall = float64(end.rss-half.rss) / 1024 / float64(len(more))
	}
	res.HeldHalf, res.RSSHalf = first, half.rss
	res.Expected = int(float64(res.Held) * res.Seconds / frameTime.Seconds())
	return res, err
}

// watch measures what comes for a time, and gives the server's usage at both ends.
func (g *generator) watch(ctx context.Context, pid int, length time.Duration) (start, end usage, err error) {
	if start, err = readUsage(pid); err != nil {
		return start, end, err
	}
	g.measuring.Store(true)
	err = pause(ctx, length)
	g.measuring.Store(false)
	end, usageErr := readUsage(pid)
	return start, end, errors.Join(err, usageErr)
}

func hangUpAll(ctx context.Context, calls []*call) {
	var work sync.WaitGroup
	everyTick(ctx, len(calls), 1000, func() {
		c := calls[0]
		calls = calls[1:]
		c.hangup()
		work.Go(func() { c.await(ctx) })
	})
	work.Wait()
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("stopped: %w", context.Cause(ctx))
	}
}

// finishHold adds what the receiver counted; the generator is closed by then.
func (g *generator) finishHold(res *holdResult) {
	t := &g.tally
	res.Pacing, res.PacingWithin, res.KeyToPrompt = t.pacing.spread(), t.within.spread(), t.keys.spread()
	res.Packets, res.Lost, res.Disorder, res.Jumps, res.Odd, res.Silent = t.packets, t.lost, t.disorder, t.jumps, t.odd, t.silent
	res.Strangers, res.GeneratorLate, res.KeysMissed = g.strangers.Load(), g.late.Load(), g.missed.Load()
}
