package httpapi

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"tandem/internal/explain"
	"tandem/internal/voice"
)

// Call is a call that was or is.
type Call struct {
	ID        string     `json:"id"`
	Direction string     `json:"direction" enum:"inbound,outbound"`
	From      string     `json:"from"`
	FromName  string     `json:"from_name,omitempty"`
	To        string     `json:"to"`
	App       string     `json:"app,omitempty" doc:"The app that answered first"`
	Start     *time.Time `json:"start"`
	Answered  *time.Time `json:"answered,omitempty" doc:"Missing = never"`
	End       *time.Time `json:"end,omitempty" doc:"Missing = the call is up"`
	Cause     string     `json:"cause,omitempty" example:"normal" doc:"Why it ended"`
	Reason    string     `json:"reason,omitempty" example:"caller_hung_up" doc:"The same more closely, of a closed list"`
	Words     string     `json:"words,omitempty" doc:"The same in words"`
	Tag       string     `json:"tag,omitempty" doc:"The client's own words for a call that it ordered"`
	Order     string     `json:"order,omitempty" doc:"Reference of the order that began the call"`
	Legs      []Leg      `json:"legs"`
}

// Leg is one party's side of a call.
type Leg struct {
	ID       string     `json:"id" doc:"a is the caller's"`
	To       string     `json:"to"`
	Start    *time.Time `json:"start"`
	Answered *time.Time `json:"answered,omitempty"`
	End      *time.Time `json:"end,omitempty"`
	Cause    string     `json:"cause,omitempty"`
	Words    string     `json:"words,omitempty"`
	Codec    string     `json:"codec,omitempty"`
	Quality  *Quality   `json:"quality,omitempty"`
	Course   []Sample   `json:"course,omitempty" doc:"How the quality went; only where a call is read"`
	Keys     string     `json:"keys,omitempty" enum:"rfc4733,info,inband" doc:"How the party sends keys: as it did, or else as was agreed"`
}

// Quality is what the media of a leg was like (RFC 3550).
type Quality struct {
	PacketsIn  uint64  `json:"packets_in"`
	PacketsOut uint64  `json:"packets_out"`
	LostIn     uint64  `json:"lost_in"`
	LostOut    uint64  `json:"lost_out" doc:"As the other side reports it"`
	JitterIn   float64 `json:"jitter_in_ms"`
	JitterOut  float64 `json:"jitter_out_ms"`
	RTT        float64 `json:"round_trip_ms"`
	LateIn     uint64  `json:"late_in" doc:"Overtaken by others"`
	StrangeIn  uint64  `json:"strange_in" doc:"Of a payload type that was not agreed"`
	ForeignIn  uint64  `json:"foreign_in" doc:"From elsewhere, ignored"`
	ExcessIn   uint64  `json:"excess_in" doc:"Of more sound than there was time for, left out"`
	MOSIn      float64 `json:"mos_in,omitempty" minimum:"1" maximum:"4.5" doc:"How the party was heard, by the E-model (ITU-T G.107); missing = not known"`
	MOSOut     float64 `json:"mos_out,omitempty" minimum:"1" maximum:"4.5" doc:"How the party heard us, as far as it reports"`
}

// Sample is what the media of a leg was like from the sample before to this.
type Sample struct {
	At        float64 `json:"at" doc:"Seconds since the leg's start"`
	LossIn    float64 `json:"loss_in" doc:"Percent of the packets"`
	LossOut   float64 `json:"loss_out" doc:"As the other side reports it"`
	JitterIn  float64 `json:"jitter_in_ms"`
	JitterOut float64 `json:"jitter_out_ms"`
	RTT       float64 `json:"round_trip_ms,omitempty" doc:"Missing = not known"`
	MOSIn     float64 `json:"mos_in,omitempty" doc:"Likewise"`
	MOSOut    float64 `json:"mos_out,omitempty"`
}

// CallWithEvents is a call with its timeline.
type CallWithEvents struct {
	Call
	Explanation string        `json:"explanation" example:"Caller heard the menu twice, pressed 7, which is not assigned, and hung up after 4 s." doc:"What happened, in plain words: the most telling in the first sentence"`
	Events      []voice.Event `json:"events" doc:"Everything that happened, in order"`
}

// CallPath names it in the path.
type CallPath struct {
	Call string `path:"call" maxLength:"64"`
}

// CallFilter narrows a list of calls.
type CallFilter struct {
	After  time.Time `query:"after" doc:"Began at or after it"`
	Before time.Time `query:"before" doc:"Began before it"`
	App    string    `query:"app" maxLength:"64" doc:"Answered first by this app"`
	Order  string    `query:"order" maxLength:"100" doc:"Begun by this order"`
	Find   string    `query:"find" maxLength:"100" doc:"Has it in its numbers, name, words, tag or id; the case of the letters A to Z does not count"`
	Number string    `query:"number" maxLength:"64" doc:"From this number or to it"`
	Reason string    `query:"reason" maxLength:"40" doc:"Ended for this reason, of the closed list"`
	Up     bool      `query:"up" doc:"true = only calls that are not over"`
	Limit  int       `query:"limit" minimum:"1" maximum:"500" default:"50"`
	Cursor string    `query:"cursor" maxLength:"100" doc:"Next of the part before"`
}

func (a *API) registerCalls() {
	const section = "Calls"
	handle(a, route{id: "list-calls", method: http.MethodGet, path: "/calls", section: section, scope: CallsRead, title: "List the calls, newest first"}, a.listCalls)
	handle(a, route{id: "read-call", method: http.MethodGet, path: "/calls/{call}", section: section, scope: CallsRead, title: "Read a call with its timeline"}, a.readCall)
	a.registerLive(section)
}

func showCall(c voice.CDR) Call {
	x := Call{ID: string(c.Call), Direction: string(c.Direction), From: c.From, FromName: c.FromName, To: c.To, App: string(c.App),
		Start: moment(c.Start), Answered: moment(c.Answered), End: moment(c.End), Cause: string(c.Cause), Reason: string(c.Reason), Words: c.Words, Tag: c.Tag, Order: c.Order, Legs: []Leg{}}
	for _, l := range c.Legs {
		leg := Leg{ID: string(l.ID), To: l.To, Start: moment(l.Start), Answered: moment(l.Answered), End: moment(l.End), Cause: string(l.Cause), Words: l.Words, Codec: l.Codec, Keys: string(l.Keys)}
		if q := l.Quality; q != (voice.Quality{}) {
			leg.Quality = &Quality{q.PacketsIn, q.PacketsOut, q.LostIn, q.LostOut, 1000 * q.JitterIn.Seconds(), 1000 * q.JitterOut.Seconds(), 1000 * q.RTT.Seconds(),
				q.LateIn, q.StrangeIn, q.ForeignIn, q.ExcessIn, q.MOSIn, q.MOSOut}
		}
		for _, v := range l.Course {
			leg.Course = append(leg.Course, Sample(v))
		}
		x.Legs = append(x.Legs, leg)
	}
	return x
}

// cursor is a place in the list of calls: after those that began at start, of
// which skip have been listed.
type cursor struct {
	start time.Time
	skip  int
}

func (c cursor) String() string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d/%d", c.start.UnixMicro(), c.skip))
}

func parseCursor(s string) (cursor, error) {
	var micros int64
	var c cursor
	raw, err := base64.RawURLEncoding.DecodeString(s)
	if err == nil {
		_, err = fmt.Sscanf(string(raw), "%d/%d", &micros, &c.skip)
	}
	if err != nil || c.skip < 0 {
		return c, invalid("query.cursor", "it is not the next of a list")
	}
	c.start = time.UnixMicro(micros)
	return c, nil
}

func (a *API) listCalls(ctx context.Context, c caller, in *CallFilter) (*answer[Page[Call]], error) {
	f := voice.CDRFilter{Tenant: c.tenant, After: in.After, Before: in.Before, App: voice.AppID(in.App), Order: in.Order, Find: in.Find, Number: in.Number, Reason: voice.EndReason(in.Reason), Open: in.Up, Limit: in.Limit + 1}
	var from cursor
	if in.Cursor != "" {
		var err error
		if from, err = parseCursor(in.Cursor); err != nil {
			return nil, err
		}
		f.Before, f.Offset = from.start.Add(time.Microsecond), from.skip
	}
	list, err := a.cfg.Calls.CDRs(ctx, f)
	if err != nil {
		return nil, err
	}
	page := all(list[:min(len(list), in.Limit)], showCall)
	if len(list) > in.Limit {
		last := cursor{start: list[in.Limit-1].Start}
		for _, v := range list[:in.Limit] {
			if v.Start.Equal(last.start) {
				last.skip++
			}
		}
		if last.start.Equal(from.start) {
			last.skip += from.skip
		}
		page.Body.Next = last.String()
	}
	return page, nil
}

func (a *API) readCall(ctx context.Context, c caller, in *CallPath) (*answer[CallWithEvents], error) {
	cdr, err := a.cfg.Calls.CDR(ctx, c.tenant, voice.CallID(in.Call))
	if err != nil {
		return nil, err
	}
	events, err := a.cfg.Calls.Events(ctx, cdr.Call)
	if err != nil {
		return nil, err
	}
	if cdr.End.IsZero() && a.cfg.Media != nil {
		cdr.Legs = append(slices.Clone(cdr.Legs), a.cfg.Media.LiveLegs(c.tenant, cdr.Call)...)
	}
	withCourses(cdr.Legs, events)
	return body(CallWithEvents{showCall(cdr), explain.Of(cdr, events).String(), append([]voice.Event{}, events...)}), nil
}

// withCourses gives legs that are over what their last event kept of their sound.
func withCourses(legs []voice.LegRecord, events []voice.Event) {
	for i := range legs {
		for _, e := range slices.Backward(events) {
			if e.Kind == voice.EventLegEnded && e.Leg == legs[i].ID && legs[i].Course == nil {
				// What can't be read is not shown: it is there in the event.
				_ = json.Unmarshal([]byte(e.Data["course"]), &legs[i].Course)
				break
			}
		}
	}
}
