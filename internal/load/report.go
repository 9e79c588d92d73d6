package load

import (
	"encoding/json"
	"runtime"
	"slices"
	"syscall"
	"time"
)

// FaultKind is a kind of failed check.
type FaultKind string

// The kinds.
const (
	FaultSound   FaultKind = "sound"   // what was heard is not what the test expects
	FaultBroken  FaultKind = "broken"  // it is the right sound, with holes or cut
	FaultEnd     FaultKind = "end"     // the call ended too soon, or not
	FaultRefused FaultKind = "refused" // by the server
	FaultTimeout FaultKind = "timeout" // no answer came
)

// Fault is a check that failed; Count says in how many calls.
type Fault struct {
	Kind  FaultKind `json:"kind"`
	Test  string    `json:"test"`
	Text  string    `json:"text"`
	Count int       `json:"calls"`
}

// maxFaults bounds the different faults that are kept.
const maxFaults = 200

// Times are durations that percentiles are taken of.
type Times struct{ list []time.Duration }

// maxTimes bounds what is kept; later ones are not.
const maxTimes = 1_000_000

func (t *Times) add(d ...time.Duration) {
	if len(t.list) < maxTimes {
		t.list = append(t.list, d...)
	}
}

func (t *Times) n() int { return len(t.list) }

// At gives a percentile, 0 to 100; 0 when there are none.
func (t *Times) At(percent float64) time.Duration {
	if len(t.list) == 0 {
		return 0
	}
	slices.Sort(t.list)
	return t.list[min(len(t.list)-1, int(percent/100*float64(len(t.list))))]
}

// MarshalJSON gives milliseconds.
func (t *Times) MarshalJSON() ([]byte, error) {
	ms := func(p float64) float64 { return float64(t.At(p).Microseconds()) / 1000 }
	return json.Marshal(map[string]any{"count": t.n(), "p50_ms": ms(50), "p95_ms": ms(95), "p99_ms": ms(99), "max_ms": ms(100)})
}

// Report is what came of a run.
type Report struct {
	Calls    int      `json:"calls"` // that were made to their end, or failed
	Passed   int      `json:"passed"`
	Failed   int      `json:"failed"`
	Unsure   int      `json:"callers_late"` // that failed, where this side was late itself
	Cut      int      `json:"cut"`          // ended because the run did
	Refused  int      `json:"refused"`      // tries that the server answered by 503
	Most     int      `json:"most_at_once"`
	Faults   []Fault  `json:"faults"`
	SetUp    Times    `json:"-"`
	React    Times    `json:"-"`
	Jitter   Times    `json:"-"` // of each call, RFC 3550 §6.4.1
	Gap      Times    `json:"-"` // longest time between two packets of each call, as they came to this machine
	Late     Times    `json:"-"` // by how much this side was late in each call, at most
	Packets  int      `json:"packets"`
	Lost     int      `json:"packets_lost"`
	Seconds  float64  `json:"seconds"`
	CPU      float64  `json:"cores_used_here"`
	PerCore  float64  `json:"calls_per_core"` // that this process could make on a core, by what it used; 0 = unknown
	Limits   []string `json:"limited_by"`
	Cores    int      `json:"cores"`
	Shared   bool     `json:"server_here"` // the server is on this machine
	callTime time.Duration
}

// MarshalJSON adds the percentiles.
func (r *Report) MarshalJSON() ([]byte, error) {
	type plain Report
	return json.Marshal(struct {
		*plain
		SetUp  *Times `json:"set_up"`
		React  *Times `json:"key_to_prompt"`
		Jitter *Times `json:"jitter"`
		Gap    *Times `json:"longest_gap"`
		Late   *Times `json:"callers_late_by"`
	}{(*plain)(r), &r.SetUp, &r.React, &r.Jitter, &r.Gap, &r.Late})
}

// By how much a caller has to be late itself so that what it judges bad may be its own
// doing: sound is broken up soon, since keys come at another time and a server on the
// same machine has no time either; that another sound comes, or the call's end, takes more.
const (
	lateMuch = 100 * time.Millisecond
	lateVery = time.Second
)

// unsure reports whether what was found wrong may be this side's own lateness.
func (o *outcome) unsure() bool {
	return len(o.faults) > 0 && !slices.ContainsFunc(o.faults, func(f Fault) bool {
		switch f.Kind {
		case FaultBroken:
			return o.late <= lateMuch
		case FaultSound, FaultEnd:
			return o.late <= lateVery
		}
		return true
	})
}

// gapMuch is how long no packet may come while sound is to be heard.
const gapMuch = 60 * time.Millisecond

// count adds a call; last says that it is not tried again.
func (r *run) count(o outcome, last bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := &r.report
	if o.again > 0 {
		t.Refused++
	}
	if !last {
		return
	}
	t.Calls++
	if o.setUp > 0 {
		t.Late.add(o.late)
		t.Shared = t.Shared || o.here
	}
	switch {
	case o.cut:
		t.Cut++
	case o.unsure():
		t.Unsure++
		o.faults = nil // they are nobody's
	case len(o.faults) > 0:
		t.Failed++
	default:
		t.Passed++
	}
	for _, f := range o.faults {
		i := slices.IndexFunc(t.Faults, func(x Fault) bool { return x.Kind == f.Kind && x.Test == f.Test && x.Text == f.Text })
		if i < 0 && len(t.Faults) < maxFaults {
			t.Faults, i = append(t.Faults, f), len(t.Faults)
		}
		if i >= 0 {
			t.Faults[i].Count++
		}
	}
	if o.setUp == 0 {
		return
	}
	t.SetUp.add(o.setUp)
	t.React.add(o.react...)
	if o.stats.Packets > 0 {
		t.Jitter.add(o.stats.Jitter)
		t.Gap.add(o.stats.MaxGap)
		t.Packets += o.stats.Packets
		t.Lost += o.stats.Lost
		t.callTime += o.stats.Last.Sub(o.stats.First)
	}
}

// most takes down how many calls were up at once.
func (r *run) most(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.report.Most = max(r.report.Most, n)
}

// took adds up, and says what has limited the run.
func (t *Report) took(real, used time.Duration) {
	t.Seconds, t.Cores = real.Seconds(), runtime.NumCPU()
	if real > 0 {
		t.CPU = used.Seconds() / real.Seconds()
	}
	if used > 0 {
		t.PerCore = t.callTime.Seconds() / used.Seconds()
	}
	t.Limits = []string{}
	if t.Faults == nil {
		t.Faults = []Fault{}
	}
	limit := func(is bool, text string) {
		if is {
			t.Limits = append(t.Limits, text)
		}
	}
	timeouts := 0
	for _, f := range t.Faults {
		if f.Kind == FaultTimeout {
			timeouts += f.Count
		}
	}
	limit(t.Refused > 0, "the server was full and refused calls (503)")
	limit(t.CPU > 0.8*float64(runtime.GOMAXPROCS(0)), "this machine: the callers used nearly all of its processors, so times and sound say little of the server")
	limit(t.Late.At(95) > lateMuch, "this machine: the callers were late themselves by more than 100 ms in one call of twenty; those of them that were judged bad are counted apart")
	limit(t.Gap.At(95) > gapMuch, "the server's sound: it came late to this machine, and stood still for more than 60 ms where nothing came; was there other work on the server's machine?")
	limit(t.Shared && (t.Late.At(95) > lateMuch || t.Gap.At(95) > gapMuch), "caller and server share this machine's processors: each takes from the other")
	limit(t.Packets > 0 && t.Lost*200 > t.Packets, "packets were lost")
	limit(timeouts > 0, "calls got no answer in time")
}

// processorTime is what this process has used so far.
func processorTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
