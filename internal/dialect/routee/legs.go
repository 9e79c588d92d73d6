package routee

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"tandem/internal/dialect/routeeplan"
	"tandem/internal/voice"
)

// Names of states. Queued to InProgress are passed through; the rest are final.
const (
	stateQueued     = "Queued"
	stateInitiated  = "Initiated"
	stateRinging    = "Ringing"
	stateInProgress = "InProgress"
	stateCompleted  = "Completed"
	stateBusy       = "Busy"
	stateNoAnswer   = "NoAnswer"
	stateFailed     = "Failed"
)

// final reports whether a state is not followed by another.
func final(state string) bool {
	switch state {
	case stateQueued, stateInitiated, stateRinging, stateInProgress:
		return false
	}
	return true
}

// stateOf gives the final state of a leg that nobody answered.
func stateOf(cause voice.Cause) string {
	switch cause {
	case voice.CauseBusy:
		return stateBusy
	case voice.CauseNoAnswer, voice.CauseRejected, voice.CauseCancelled, voice.CauseNormal: // the last is the API's reject
		return stateNoAnswer
	}
	return stateFailed
}

// change is what an event makes of a leg; leg -1 = nothing.
type change struct {
	leg   int
	state string
}

var unchanged = change{leg: -1}

// strokes gives the number that VarDials is.
func strokes(s string) int { return min(len(s), maxDials) }

// situation is what is known of a call when an event comes: whether we began it
// and its first leg is answered, the number of the DIAL that was noted last, and
// whether that looks for answering machines.
type situation struct {
	outbound, answered bool
	dial               int
	machine            bool
}

// situationOf takes what the data of a call say of its DIAL.
func situationOf(data map[string]string, outbound, answered bool) situation {
	return situation{outbound, answered, strokes(data[routeeplan.DialNumber]), data[routeeplan.DialMachine] != ""}
}

// changeOf says what an event makes of a leg.
func changeOf(e voice.Event, s situation) change {
	d := e.Data
	switch e.Kind {
	case voice.EventCallOrdered:
		if d["order"] == "call" && d[dataService] != "" {
			return change{first, stateQueued}
		}
	case voice.EventNotice:
		if d[dataService] == serviceInbound {
			return change{first, stateInitiated}
		}
	case voice.EventCallAnswered:
		return change{first, stateInProgress}
	case voice.EventDialStarted:
		return s.ofLeg(stateInitiated)
	case voice.EventLegRinging:
		return s.ofLeg(stateRinging)
	case voice.EventLegAnswered:
		if s.dial > 0 && s.machine { // it is listened to before the two are joined
			return change{s.dial, stateInProgress}
		}
	case voice.EventBridgeStarted:
		if s.dial == 0 || !s.machine {
			return s.ofLeg(stateInProgress)
		}
	case voice.EventBridgeEnded:
		return s.ofLeg(stateCompleted)
	case voice.EventDialFailed:
		if e.Leg == "" { // with one, another trunk is tried
			return s.failed(voice.Cause(d["cause"]), d["answered_by"])
		}
	}
	return unchanged
}

func (s situation) ofLeg(state string) change {
	switch {
	case s.dial > 0:
		return change{s.dial, state}
	case s.outbound && !s.answered:
		return change{first, state}
	}
	return unchanged
}

// failed is the end of a DIAL that came to no talk; by says who had answered it.
// The call's own end says what came of its first leg.
func (s situation) failed(cause voice.Cause, by string) change {
	switch {
	case s.dial == 0:
		return unchanged
	case by != "":
		return change{s.dial, stateCompleted}
	}
	return change{s.dial, stateOf(cause)}
}

// leg is one part of a conversation, as tracking shows it.
type leg struct {
	number     int
	from, to   string
	state      string
	changed    time.Time
	answered   time.Time
	ended      time.Time
	id         voice.LegID
	answeredBy string
	recordings []voice.RecordingID
}

// track is a call as its timeline tells it.
type track struct {
	cdr     voice.CDR
	legs    []*leg // by number
	data    map[string]string
	tones   []string
	formats map[voice.RecordingID]string
	ended   bool
}

func (t *track) direction() string {
	if t.cdr.Direction == voice.Outbound {
		return "Outbound"
	}
	return "Inbound"
}

// follow makes a track of a call's record and timeline.
func follow(c voice.CDR, events []voice.Event) *track {
	t := &track{cdr: c, data: map[string]string{}, formats: map[voice.RecordingID]string{}, ended: !c.End.IsZero()}
	t.legs = []*leg{{number: first, from: plus(c.From), to: plus(c.To), changed: c.Start, state: stateInitiated}}
	for _, e := range events {
		t.add(e)
	}
	a := t.legs[first]
	if from := t.data[dataFrom]; from != "" {
		a.from, a.to = from, t.data[dataTo]
	}
	if t.ended {
		a.ended, a.changed, a.state = c.End, c.End, stateCompleted
		if c.Answered.IsZero() {
			a.state = stateOf(c.Cause)
		}
		for _, l := range t.legs[1:] {
			if !final(l.state) {
				l.state, l.changed = stateNoAnswer, c.End
			}
		}
	}
	return t
}

func (t *track) add(e voice.Event) {
	if e.Kind == voice.EventCallOrdered || e.Kind == voice.EventNotice {
		for k, v := range e.Data {
			t.data[k] = v
		}
	}
	dial := strokes(t.data[routeeplan.DialNumber])
	if dial == len(t.legs) {
		t.legs = append(t.legs, &leg{number: dial, from: t.data[routeeplan.DialFrom], to: t.data[routeeplan.DialTo], state: stateQueued, changed: e.At})
	}
	now := t.legs[min(dial, len(t.legs)-1)]
	switch e.Kind {
	case voice.EventDigit:
		if d := e.Data["digit"]; d != "#" && (dial == 0 || e.Leg == t.legs[first].id || e.Leg == "a") {
			t.tones = append(t.tones, d)
		}
	case voice.EventMachine:
		now.answeredBy = strings.ToUpper(e.Data["answered_by"])
	case voice.EventRecordingStarted, voice.EventRecordingFinished:
		t.recorded(voice.RecordingID(e.Data["recording"]), e.Data[dataFormat], now)
	}
	c := changeOf(e, situationOf(t.data, t.cdr.Direction == voice.Outbound, !t.legs[first].answered.IsZero()))
	if c.leg < 0 || c.leg >= len(t.legs) {
		return
	}
	l := t.legs[c.leg]
	l.state, l.changed = c.state, e.At
	switch {
	case e.Leg != "":
		l.id = e.Leg
	}
	switch c.state {
	case stateInProgress:
		l.answered = e.At
	case stateCompleted:
		l.ended = e.At
	}
}

// recorded takes a recording down: one with a format was ordered of the whole
// call, any other is of a DIAL.
func (t *track) recorded(id voice.RecordingID, format string, of *leg) {
	if id == "" || t.formats[id] != "" {
		return
	}
	if format != "" {
		of = t.legs[first]
	} else if of.number != first {
		format = t.data[routeeplan.DialFormat]
	}
	t.formats[id] = cmp.Or(format, "MP3")
	of.recordings = append(of.recordings, id)
}

// legOf gives the leg that a recording is of.
func (t *track) legOf(id voice.RecordingID) *leg {
	i := slices.IndexFunc(t.legs, func(l *leg) bool { return slices.Contains(l.recordings, id) })
	return t.legs[max(i, first)]
}

// duration gives how long a leg was answered, in s.
func (l *leg) duration(now time.Time) int {
	if l.answered.IsZero() {
		return 0
	}
	end := l.ended
	if end.IsZero() {
		end = now
	}
	return int(end.Sub(l.answered).Round(time.Second) / time.Second)
}

// plus gives a number with its +, and anything else as it is.
func plus(s string) string {
	if e, err := voice.ParseE164(s); err == nil {
		return string(e)
	}
	return s
}
