package explain

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"tandem/internal/voice"
)

// act is one thing that the caller did or met: "pressed 1". until is its end.
type act struct {
	text  string
	until time.Time
	node  string // of a question that was not answered
	asked int    // how often that was asked in a row
	idle  bool   // the caller did nothing
}

// story is what is gathered from a timeline.
type story struct {
	cdr      voice.CDR
	who      string
	acts     []act
	troubles []string
	seen     map[string]bool // troubles
	last     time.Time

	silent map[string]voice.Event // by leg and direction, until sound comes

	question string // node of the question that is open; "" = none
	asked    int
	askedAt  time.Time
	prompt   string   // that sounds
	heard    int      // prompts since the last act
	tooSoon  []string // keys that the open question dropped, since its prompt takes none

	dial     dialled
	record   string
	room     string
	queue    string
	queuedAt time.Time
	joined   time.Time
	asking   time.Time // an application was asked
	ended    bool      // the caller's leg, or the call
}

// dialled is whom a step calls.
type dialled struct {
	to, with  string
	why       string
	begun     time.Time
	talkSince time.Time
	talked    time.Duration
}

func newStory(c voice.CDR, events []voice.Event) *story {
	s := &story{cdr: c, who: "caller", seen: map[string]bool{}, silent: map[string]voice.Event{}}
	if c.Direction == voice.Outbound {
		s.who = "the first party"
	}
	for _, e := range events {
		if s.ended && e.Kind != voice.EventMailFailed && e.Kind != voice.EventWebhookFailed {
			continue
		}
		s.last = e.At
		s.event(e)
	}
	s.leftOpen()
	return s
}

func (s *story) add(at time.Time, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	s.heard = 0
	if n := len(s.acts); n > 0 && s.acts[n-1].text == text {
		s.acts[n-1].until = at
		return
	}
	s.acts = append(s.acts, act{text: text, until: at})
}

// trouble is told once, however often it came.
func (s *story) trouble(format string, args ...any) {
	text := cut(fmt.Sprintf(format, args...))
	if !s.seen[text] && len(s.troubles) < mostActs/2 {
		s.seen[text] = true
		s.troubles = append(s.troubles, text)
	}
}

func (s *story) event(e voice.Event) {
	switch e.Kind {
	case voice.EventStep:
		s.step(e)
	case voice.EventPromptStarted:
		if s.mine(e) {
			s.prompt = strings.TrimPrefix(e.Text, "playing ")
			s.heard++
		}
	case voice.EventPromptFinished, voice.EventPromptCut:
		if s.mine(e) {
			s.prompt = ""
		}
	case voice.EventDigitDropped:
		if s.mine(e) && s.question != "" && strings.HasSuffix(e.Text, "the prompt can't be interrupted") {
			s.tooSoon = append(s.tooSoon, e.Data["digit"])
		}
	case voice.EventPromptFailed:
		s.trouble("a prompt was missing: %s", e.Text)
	case voice.EventMessageStored:
		s.trouble("%s", e.Text)
	case voice.EventMailFailed, voice.EventWebhookFailed, voice.EventRecordingFailed:
		s.trouble("%s", e.Text)
	case voice.EventFlowError:
		s.trouble("the flow met a fault: %s", e.Text)
	case voice.EventCallWaiting:
		s.trouble("before it began, the call waited: %s", strings.TrimPrefix(e.Text, "waits: "))
	case voice.EventCallRefused:
		s.trouble("%s", e.Text)
	case voice.EventCallOrdered:
		if e.Data["order"] != "call" && !strings.HasPrefix(e.Text, "command ") { // which is how such a flow goes on
			s.trouble("somebody intervened: %s", e.Text)
		}
	case voice.EventMachine:
		if s.dial.to != "" && s.cdr.Direction != voice.Outbound {
			s.add(e.At, "reached %s", article(e.Data["answered_by"]))
			return
		}
		s.add(e.At, "turned out to be %s", article(e.Data["answered_by"]))
	case voice.EventSilence:
		s.silent[string(e.Leg)+e.Data["direction"]] = e
	case voice.EventHeard:
		delete(s.silent, string(e.Leg)+e.Data["direction"])
	case voice.EventMedia:
		if strings.HasPrefix(e.Text, "media could not be secured") {
			s.trouble("%s", e.Text)
		}
	case voice.EventCallEnded:
		s.ended = true
	default:
		s.party(e)
	}
}

// party takes what is about others than the caller.
func (s *story) party(e voice.Event) {
	switch e.Kind {
	case voice.EventDialStarted:
		s.dial = dialled{to: e.Data["to"], begun: e.At}
	case voice.EventDialFailed:
		s.dial.why = cmp.Or(e.Data["cause"], s.dial.why) // none: some more, or the caller left
	case voice.EventLegAnswered:
		s.dial.with = cmp.Or(e.Data["with"], s.dial.to)
	case voice.EventBridgeStarted:
		s.dial.talkSince, s.dial.with = e.At, cmp.Or(e.Data["with"], s.dial.with)
		if s.queue != "" {
			s.add(e.At, "waited in queue %s for %s", cut(s.queue), span(e.At.Sub(s.queuedAt)))
		}
	case voice.EventBridgeEnded:
		if !s.dial.talkSince.IsZero() {
			s.dial.talked = e.At.Sub(s.dial.talkSince)
			s.dial.talkSince = time.Time{}
			s.talked(e.At)
		}
	case voice.EventRecordingStarted:
		s.record = cmp.Or(e.Data["purpose"], "message")
	case voice.EventRecordingFinished, voice.EventRecordingDropped:
		s.record = ""
	case voice.EventRoomJoined:
		s.room, s.joined = e.Data["room"], e.At
	case voice.EventRoomLeft:
		s.add(e.At, "was in room %s for %s", cut(s.room), span(e.At.Sub(s.joined)))
		s.room = ""
	case voice.EventTransferEnded:
		s.transfer(e)
	case voice.EventSuperviseStarted:
		s.add(e.At, "was listened to: %s", cut(e.Text))
	case voice.EventTalkHeld:
		s.add(e.At, "was put on hold")
	}
}

func (s *story) talked(at time.Time) {
	s.add(at, "talked with %s for %s", cut(s.dial.with), span(s.dial.talked))
	s.dial = dialled{}
}

func (s *story) transfer(e voice.Event) {
	to := cut(cmp.Or(e.Data["to"], "another"))
	switch voice.TransferEnd(e.Data["end"]) {
	case voice.TransferDone:
		s.add(e.At, "was transferred to %s", to)
	case voice.TransferLeft:
	default:
		s.add(e.At, "could not be transferred to %s (%s)", to, cmp.Or(e.Data["end"], "failed"))
	}
}

// mine reports whether a prompt is one that the caller hears.
func (s *story) mine(e voice.Event) bool {
	return (e.Leg == "" || e.Leg == "a" || s.cdr.Direction == voice.Outbound) && !strings.Contains(e.Text, " to extension ")
}

// leftOpen tells what the caller was in when the timeline ended.
func (s *story) leftOpen() {
	switch {
	case !s.dial.talkSince.IsZero():
		s.dial.talked = s.last.Sub(s.dial.talkSince)
		s.talked(s.last)
	case s.dial.to != "" && s.dial.with == "" && s.cdr.Direction != voice.Outbound:
		if s.dial.why != "" {
			s.notReached(s.last)
			return
		}
		s.add(s.last, "was being connected with %s for %s", cut(s.dial.to), span(s.last.Sub(s.dial.begun)))
	case s.question != "":
		s.asks(s.askedAt, "")
	case s.queue != "":
		s.add(s.last, "waited in queue %s for %s", cut(s.queue), span(s.last.Sub(s.queuedAt)))
	case s.room != "":
		s.add(s.last, "was in room %s for %s", cut(s.room), span(s.last.Sub(s.joined)))
	case !s.asking.IsZero():
		s.add(s.last, "waited for an application for %s", span(s.last.Sub(s.asking)))
	}
}

func article(by string) string {
	switch voice.AnsweredBy(by) {
	case voice.AnsweredByMachine:
		return "an answering machine"
	case voice.AnsweredByHuman:
		return "a person"
	}
	return "somebody who could not be told from a machine"
}
