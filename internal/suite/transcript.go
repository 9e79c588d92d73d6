package suite

import (
	"fmt"
	"strings"

	"tandem/internal/voice"
)

// classOf says of which class an event is.
func classOf(e *voice.Event) string {
	switch e.Kind {
	case voice.EventPromptStarted:
		return classHear
	case voice.EventDialStarted, voice.EventTransferStarted:
		return classDial
	case voice.EventLegAnswered:
		return classTalk
	case voice.EventAppEntered:
		return classApp
	case voice.EventRoomJoined, voice.EventRoomLeft:
		return classRoom
	case voice.EventRecordingStarted, voice.EventRecordingFinished:
		return classRecord
	case voice.EventMessageStored:
		return classMessage
	case eventAsked, eventSent:
		return classOutside
	case voice.EventFlowError:
		return classError
	case voice.EventCallEnded:
		return classEnd
	}
	return "other"
}

// plain tells an event as a sentence would.
func plain(e *voice.Event) string {
	text := e.Text
	switch e.Kind {
	case voice.EventPromptStarted:
		return "hears " + strings.TrimPrefix(text, "playing ")
	case voice.EventPromptFailed:
		return "hears nothing: " + text
	case voice.EventDigit:
		return "presses " + e.Data["digit"]
	case voice.EventDialStarted:
		return "is transferred to " + e.Data["to"]
	case voice.EventLegAnswered:
		return "is connected to " + e.Data["with"]
	case voice.EventAppEntered:
		return strings.TrimSuffix("goes on in app "+e.Data["app"], " ") + " " + quote(e.Data["name"])
	case voice.EventRoomJoined:
		return "joins room " + e.Data["room"]
	case voice.EventRoomLeft:
		return "leaves room " + e.Data["room"]
	case voice.EventFlowError:
		return "flow fails because " + quote(text)
	case voice.EventCallEnded:
		return "call ends as " + e.Data["cause"] + " because " + quote(e.Data["words"])
	case eventAsked:
		return "flow " + text
	}
	return text
}

// Line is a line of a test's transcript.
type Line struct {
	At   float64 `json:"at"` // seconds of virtual time since the test began
	Who  string  `json:"who"`
	Text string  `json:"text"`
	Node string  `json:"node,omitempty"` // place in the flow
}

// told says whether an event belongs in a transcript: what a person would notice, or
// what the flow decides.
func told(e *voice.Event) bool {
	switch e.Kind {
	case voice.EventStep:
		return e.Data["exit"] != ""
	case voice.EventPromptFinished, voice.EventGatherEnded, voice.EventBridgeStarted, voice.EventCallArrived, voice.EventLegEnded, voice.EventBridgeEnded:
		return e.Kind == voice.EventCallArrived
	}
	return true
}

// lines gives the entries from to to as a transcript.
func (r *Result) lines(from, to int) []Line {
	var list []Line
	for _, e := range r.log[from:min(to, len(r.log))] {
		if told(&e.event) {
			list = append(list, Line{At: e.event.At.Sub(r.begun).Seconds(), Who: e.call.name, Text: plain(&e.event), Node: e.event.Origin.Pointer})
		}
	}
	return list
}

// Bounds of a transcript that goes with a fault.
const (
	linesBefore = 40
	linesAfter  = 6
)

// Before and After give what happened until the fault and thereafter, cut to what
// is of use.
func (r *Result) Before() []Line {
	at := len(r.log)
	if r.Fault != nil {
		at = r.Fault.at
	}
	list := r.lines(0, at)
	return list[max(0, len(list)-linesBefore):]
}

// After gives what happened after the fault.
func (r *Result) After() []Line {
	if r.Fault == nil {
		return nil
	}
	list := r.lines(r.Fault.at, len(r.log))
	return list[:min(len(list), linesAfter)]
}

// Transcript gives the whole of what happened.
func (r *Result) Transcript() []Line { return r.lines(0, len(r.log)) }

// String gives "    1.200  caller  presses 2".
func (l Line) String() string { return fmt.Sprintf("%9.3f  %-8s %s", l.At, l.Who, l.Text) }
