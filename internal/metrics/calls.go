package metrics

import (
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tandem/internal/voice"
)

// Bounds of what is kept.
const (
	maxCalls    = 200_000
	maxAccounts = 100
	otherLabel  = "other"
)

// follower counts what happens in calls.
type follower struct {
	described map[string][]string

	ended, refused, digits, dropped, silent, heard, webhooks, mails, accounts *prometheus.CounterVec
	setup, answer, length, mos                                                *prometheus.HistogramVec
	jitter, trip                                                              *prometheus.HistogramVec

	mu     sync.Mutex
	calls  map[voice.CallID]*followed
	tenant map[voice.TenantID]bool // that have a label of their own
}

// followed is a call that is up.
type followed struct {
	direction               string
	arrived, answered, rung time.Time
}

func newFollower() *follower {
	f := &follower{described: map[string][]string{}, calls: map[voice.CallID]*followed{}, tenant: map[voice.TenantID]bool{}}
	count := func(name, help string, labels ...string) *prometheus.CounterVec {
		f.described[prefix+name] = labels
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: prefix + name, Help: help}, labels)
	}
	spread := func(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
		f.described[prefix+name] = labels
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: prefix + name, Help: help, Buckets: buckets}, labels)
	}
	f.ended = count("calls_total", "Calls that are over, by who began them, whether they were answered, and the cause of their end.", "direction", "answered", "cause")
	f.refused = count("calls_refused_total", "Calls that came in and were refused by the flow of calls, by cause.", "cause")
	f.accounts = count("account_calls_total", "Calls that are over, of the first hundred accounts that had one; the rest is other.", "account")
	f.setup = spread("call_setup_seconds", "From a call's arrival to its first ringing, early sound or answer.", prometheus.ExponentialBuckets(0.001, 2.5, 12), "direction")
	f.answer = spread("call_answer_seconds", "From a call's arrival to its answer.", prometheus.ExponentialBuckets(0.001, 2.5, 14), "direction")
	f.length = spread("call_duration_seconds", "From a call's answer to its end.", []float64{1, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400}, "direction")
	f.digits = count("digits_total", "Keys that were pressed, by how they came: rfc4733, info or inband.", "method")
	f.dropped = count("digits_dropped_total", "Keys that nothing waited for, or that came by a second way.", "method")
	f.silent = count("media_silent_total", "Times that a leg was found silent (in: nothing came from it; out: it heard nothing of us), by the reason that was found.", "direction", "reason")
	f.heard = count("media_heard_again_total", "Times that a silent leg was heard after all, or heard us.", "direction")
	f.mos = spread("media_mos", "How legs were heard by the end (in) and heard us (out), by the E-model.", []float64{1.5, 2, 2.5, 3, 3.3, 3.6, 3.8, 4, 4.2, 4.3, 4.4}, "direction")
	f.jitter = spread("media_jitter_seconds", "Jitter of legs at their end (RFC 3550).", prometheus.ExponentialBuckets(0.0005, 2, 12))
	f.trip = spread("media_round_trip_seconds", "Round trip of legs at their end, where RTCP told it.", prometheus.ExponentialBuckets(0.001, 2, 12))
	f.webhooks = count("webhooks_total", "Webhooks about calls that were sent, or failed for good, as the timelines say.", "result")
	f.mails = count("mails_total", "Mails about calls that were sent, or failed, as the timelines say.", "result")
	return f
}

func (f *follower) all() []prometheus.Collector {
	return []prometheus.Collector{f.ended, f.refused, f.digits, f.dropped, f.silent, f.heard, f.webhooks, f.mails, f.accounts,
		f.setup, f.answer, f.length, f.mos, f.jitter, f.trip}
}

// Follow takes an event of a call. It never waits.
func (s *Set) Follow(e voice.Event) {
	f := s.calls
	switch e.Kind {
	case voice.EventCallArrived:
		f.arrived(e)
	case voice.EventCallRinging, voice.EventLegRinging, voice.EventCallAnswered:
		f.sign(e)
	case voice.EventCallRefused:
		f.refused.WithLabelValues(causeLabel(e.Data["cause"])).Inc()
	case voice.EventCallEnded:
		f.over(e)
	case voice.EventLegEnded:
		f.leg(e)
	case voice.EventDigit:
		f.digits.WithLabelValues(methodLabel(e.Data["method"])).Inc()
	case voice.EventDigitDropped:
		f.dropped.WithLabelValues(methodLabel(e.Data["method"])).Inc()
	case voice.EventSilence:
		f.silent.WithLabelValues(wayLabel(e), e.Data["reason"]).Inc() // reasons are diagnose's, a closed set
	case voice.EventHeard:
		f.heard.WithLabelValues(wayLabel(e)).Inc()
	case voice.EventWebhookSent:
		f.webhooks.WithLabelValues("sent").Inc()
	case voice.EventWebhookFailed:
		f.webhooks.WithLabelValues("failed").Inc()
	case voice.EventMailSent:
		f.mails.WithLabelValues("sent").Inc()
	case voice.EventMailFailed:
		f.mails.WithLabelValues("failed").Inc()
	}
}

func (f *follower) arrived(e voice.Event) {
	direction := string(voice.Inbound)
	if e.Data["direction"] == string(voice.Outbound) {
		direction = string(voice.Outbound)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.calls) < maxCalls {
		f.calls[e.Call] = &followed{direction: direction, arrived: e.At}
	}
}

// sign is the first ringing of a call, or its answer.
func (f *follower) sign(e voice.Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := f.calls[e.Call]
	if c == nil {
		return
	}
	if c.rung.IsZero() {
		c.rung = e.At
		f.setup.WithLabelValues(c.direction).Observe(seconds(c.arrived, e.At))
	}
	if e.Kind == voice.EventCallAnswered && c.answered.IsZero() {
		c.answered = e.At
		f.answer.WithLabelValues(c.direction).Observe(seconds(c.arrived, e.At))
	}
}

func (f *follower) over(e voice.Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := f.calls[e.Call]
	if c == nil {
		return
	}
	delete(f.calls, e.Call)
	answered := "no"
	if !c.answered.IsZero() {
		answered = "yes"
		f.length.WithLabelValues(c.direction).Observe(seconds(c.answered, e.At))
	}
	f.ended.WithLabelValues(c.direction, answered, causeLabel(e.Data["cause"])).Inc()
	account := otherLabel
	switch {
	case e.Tenant == "":
		account = "none"
	case f.tenant[e.Tenant] || len(f.tenant) < maxAccounts:
		f.tenant[e.Tenant] = true
		account = string(e.Tenant)
	}
	f.accounts.WithLabelValues(account).Inc()
}

func (f *follower) leg(e voice.Event) {
	observe := func(h prometheus.Observer, key string, scale float64) {
		if v, err := strconv.ParseFloat(e.Data[key], 64); err == nil {
			h.Observe(v * scale)
		}
	}
	observe(f.mos.WithLabelValues("in"), "mos_in", 1)
	observe(f.mos.WithLabelValues("out"), "mos_out", 1)
	if e.Data["packets_in"] != "0" {
		observe(f.jitter.WithLabelValues(), "jitter_in_ms", 0.001)
	}
	observe(f.trip.WithLabelValues(), "round_trip_ms", 0.001)
}

func seconds(from, to time.Time) float64 { return max(to.Sub(from).Seconds(), 0) }

var causes = []voice.Cause{voice.CauseNormal, voice.CauseBusy, voice.CauseNoAnswer, voice.CauseRejected, voice.CauseNotFound, voice.CauseUnavailable,
	voice.CauseCancelled, voice.CausePolicy, voice.CauseMedia, voice.CauseMaxDuration, voice.CauseShutdown, voice.CauseServerFailed, voice.CauseFailed}

func causeLabel(s string) string {
	if slices.Contains(causes, voice.Cause(s)) {
		return s
	}
	return otherLabel
}

func methodLabel(s string) string {
	switch voice.DigitMethod(s) {
	case voice.ByRTPEvent, voice.BySIPInfo, voice.ByInBand:
		return s
	}
	return otherLabel
}

func wayLabel(e voice.Event) string {
	if e.Data["direction"] == "out" {
		return "out"
	}
	return "in"
}
