package daemon

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"tandem/internal/admission"
	"tandem/internal/clock"
	"tandem/internal/metrics"
)

// processors are those that this process may use: by its affinity, and by what its
// control group grants, which Go sees at the start.
var processors = float64(min(runtime.NumCPU(), runtime.GOMAXPROCS(0)))

func (d *Daemon) startAdmission() {
	d.admission = admission.New(clock.Real(), 0)
}

// watchLoad tells the admission control how the machine is, until ctx ends.
func (d *Daemon) watchLoad(ctx context.Context) {
	used, at := processTime(), time.Now()
	var told toldRefusals
	d.admission.Run(ctx, func() admission.Load {
		l := admission.Load{Room: d.pool.Room(), Waiting: d.journal.Waiting(), Full: d.engine.Full()}
		for _, s := range d.pool.Stats().Shards {
			if s.Ports >= blamedPorts {
				l.Late, l.LateTail = max(l.Late, s.LateP50), max(l.LateTail, s.LateP95)
			}
		}
		now, cpu := time.Now(), processTime()
		if wall := now.Sub(at); wall > 0 {
			l.CPU = float64(cpu-used) / float64(wall) / processors
		}
		used, at = cpu, now
		d.tellRefusals(&told, now)
		return l
	})
}

// blamedPorts is how many ports a media thread has before its lateness is of its
// own making.
const blamedPorts = 64

// processTime is the time of processors that this process has used.
func processTime() time.Duration {
	var ts unix.Timespec
	if unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &ts) != nil {
		return 0
	}
	return time.Duration(ts.Nano())
}

// toldRefusals is what the log has said of refusals.
type toldRefusals struct {
	at time.Time
	n  map[string]uint64
}

// tellEach is how often the log says what was refused, while something is.
const tellEach = 10 * time.Second

// tellRefusals says in the log what was refused since it last said so.
func (d *Daemon) tellRefusals(told *toldRefusals, now time.Time) {
	if now.Sub(told.at) < tellEach {
		return
	}
	s, all, words := d.admission.State(), map[string]uint64{}, []string{}
	for class, reasons := range s.Refused {
		for _, why := range admission.Reasons() {
			n := reasons[why]
			key := fmt.Sprintf("%ss: %s", admission.Class(class), why.Words())
			if all[key] = n; n > told.n[key] {
				words = append(words, fmt.Sprintf("%d %s", n-told.n[key], key))
			}
		}
	}
	if told.n = all; len(words) == 0 {
		return
	}
	told.at = now
	d.log.Warn("requests were refused with 503", "what", strings.Join(words, "; "), "calls_a_second", int(s.Rate), "asked_a_second", int(s.Offered))
}

// admissionWords says in words for whoever may send calls here whether they are
// taken. A server that takes as many as it can set up is ready: who is refused is
// told when to come again, and sending all elsewhere would only move the load.
func (d *Daemon) admissionWords() string {
	switch s := d.admission.State(); {
	case s.Reason == admission.Full, s.Reason == admission.NoRoom && s.Rate < 1:
		return "the server is full: new calls are refused"
	}
	return fine
}

// admissionReadings are for the metrics.
func (d *Daemon) admissionReadings() []metrics.Reading {
	var list []metrics.Reading
	add := func(name string, value float64, labels ...string) {
		list = append(list, metrics.Reading{Name: name, Value: value, Labels: labels})
	}
	s := d.admission.State()
	for class := range s.Refused {
		name := admission.Class(class).String()
		add("admitted_total", float64(s.Admitted[class]), name)
		for _, why := range admission.Reasons() {
			add("turned_away_total", float64(s.Refused[class][why]), name, string(why))
		}
	}
	add("admission_rate", s.Rate)
	add("admission_asked", s.Offered)
	add("admission_pressure", s.Pressure)
	add("admission_wait_seconds", s.Delay.Seconds())
	return list
}
