package hoiio

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"tandem/internal/dialect"
	"tandem/internal/voice"
)

// Bounds of the history.
const (
	pageSize   = 100
	maxHistory = 10_000 // of the newest calls of the account are looked at
)

func encode(doc document) (json.RawMessage, error) {
	raw, err := json.Marshal(doc)
	if err != nil {
		return nil, voice.E("hoiio.encode", voice.Internal, err)
	}
	return raw, nil
}

// voiceCall rings one number, then the other, and joins them.
func voiceCall(q *request) (answer, error) {
	own, err := q.d.cfg.Users.User(q, q.tenant, q.user)
	if err != nil {
		return nil, err
	}
	text := q.params["dest1"]
	if text == "" { // the registered number
		if len(own.Phones) == 0 {
			return nil, missing("dest1")
		}
		text = string(own.Phones[0].Number)
	}
	first, err := q.dest(text, "error_dest1_invalid")
	if err != nil {
		return nil, err
	}
	second, err := q.dest(q.params["dest2"], "error_dest2_invalid")
	if err != nil {
		return nil, err
	}
	if first == second {
		return nil, refusal("error_same_dest1_dest2")
	}
	show, err := q.callerID()
	if err != nil {
		return nil, err
	}
	longest, err := q.seconds("max_duration", "error_invalid_max_duration")
	if err != nil {
		return nil, err
	}
	b, err := q.common(blockVoice)
	if err != nil {
		return nil, err
	}
	showFirst := "" // dest1 sees dest2's number where that is the account's to show
	if second.Kind == voice.ToNumber {
		mine, err := q.owns(voice.E164(second.ID))
		if err != nil {
			return nil, err
		}
		if mine {
			showFirst = second.ID
		}
	}
	data := b.data(q.app)
	data[keyDest1], data[keyDest2] = first.ID, second.ID
	id, err := q.originate(orderVoice, b, dialect.CallBack{First: first, Second: second, ShowFirst: showFirst, ShowSecond: show,
		MaxDuration: longest, Data: data})
	if err != nil {
		return nil, originateFault(err, "error_dest1_not_supported")
	}
	return answer{"txn_ref": txnRef(id)}, nil
}

// voiceEnded tells that a call between two numbers is over.
func (d *Dialect) voiceEnded(ctx context.Context, f dialect.Fact, s sender) ([]voice.Delivery, error) {
	data := f.Call.Data
	if data[keyNotify] == "" || f.Call.CDR == nil {
		return nil, nil
	}
	one, two := statuses(*f.Call.CDR)
	list := append([]pair{{"txn_ref", txnRef(f.Call.Info.ID)}, {"tag", data[keyTag]}, {"call_status_dest1", one}, {"call_status_dest2", two},
		{"dest1", data[keyDest1]}, {"dest2", data[keyDest2]}}, d.bill(ctx, f, s)...)
	return d.delivery(f, s, data[keyNotify], list, "call ended")
}

// statuses gives what became of both parties of a call.
func statuses(c voice.CDR) (one, two string) {
	one, two = "ongoing", ""
	switch {
	case !c.Answered.IsZero():
		one = "answered"
	case !c.End.IsZero():
		return dialStatus(&c), "unanswered"
	}
	if c.End.IsZero() {
		return one, "ongoing"
	}
	two = "unanswered"
	for _, l := range c.Legs {
		switch {
		case l.ID == "a":
		case !l.Answered.IsZero():
			return one, "answered"
		case l.Cause == voice.CauseBusy:
			two = "busy"
		case l.Cause == voice.CauseNoAnswer, l.Cause == voice.CauseCancelled, l.Cause == voice.CauseNormal:
			two = "unanswered"
		default:
			two = "failed"
		}
	}
	return one, two
}

// call finds a call by its reference: a session of the application, a call that it
// ordered, or one to its number.
func (q *request) call() (voice.CDR, *voice.LiveCall, error) {
	const unknown = refusal("error_invalid_txn_ref")
	text, ok := strings.CutPrefix(q.params["txn_ref"], txnPrefix)
	if !ok || text == "" {
		return voice.CDR{}, nil, unknown
	}
	id := voice.CallID(text)
	live, err := q.live(id)
	if err != nil {
		return voice.CDR{}, nil, err
	}
	c, err := q.d.cfg.Calls.CDR(q, q.tenant, id)
	switch {
	case voice.IsKind(err, voice.NotExist) && live == nil:
		return c, nil, unknown
	case voice.IsKind(err, voice.NotExist):
		c = voice.CDR{Call: id, Tenant: q.tenant, Direction: live.Info.Direction, From: live.Info.From, To: live.Info.To,
			App: live.App, Start: live.Info.Start, Tag: live.Info.Tag, Order: live.Info.Order}
	case err != nil:
		return c, nil, err
	}
	if live != nil {
		c.Answered, c.End = live.Answered, time.Time{}
	}
	owner, ours := dialledBy(c.Order, orderVoice)
	if ours && owner == q.app {
		return c, live, nil
	}
	err = errAccessDenied
	if !ours {
		err = q.allowed(c.Order, c.App)
	}
	switch {
	case err == errAccessDenied:
		err = refusal("error_txn_ref_access_denied")
	case err == errInvalidSession:
		err = unknown
	}
	return c, live, err
}

func voiceHangup(q *request) (answer, error) {
	_, live, err := q.call()
	if err != nil {
		return nil, err
	}
	set, err := q.d.settings(q, q.tenant, q.app)
	if err != nil {
		return nil, err
	}
	if !q.d.hangups.let(q.app, set.HangupsPerMinute, q.d.cfg.Now()) {
		return nil, refusal("error_rate_limit_exceeded")
	}
	if live == nil { // it is over already
		return nil, nil
	}
	err = q.d.cfg.Live.Hangup(q, q.tenant, live.Info.ID, "hung up by the application")
	if voice.IsKind(err, voice.NotExist) {
		err = nil
	}
	return nil, err
}

func voiceStatus(q *request) (answer, error) {
	c, _, err := q.call()
	if err != nil {
		return nil, err
	}
	set, err := q.d.settings(q, q.tenant, q.app)
	if err != nil {
		return nil, err
	}
	return q.record(c, set), nil
}

// record gives a call as the status and the history show it.
func (q *request) record(c voice.CDR, set settings) answer {
	one, two := statuses(c)
	dest1, dest2 := c.From, c.To
	if _, session := dialledBy(c.Order, orderDial); session || c.Direction == voice.Inbound {
		two = ""
	}
	if _, session := dialledBy(c.Order, orderDial); session {
		dest2 = ""
	}
	v := answer{"txn_ref": txnRef(c.Call), "tag": c.Tag, "dest1": e164(dest1), "dest2": e164(dest2), "call_status_dest1": one, "call_status_dest2": two,
		"date": set.stamp(c.Start), "currency": q.d.currency(q, q.tenant), "rate": noRate}
	if !c.End.IsZero() {
		v["duration"], v["debit"] = "0", noRate
		if !c.Answered.IsZero() {
			v["duration"] = minutes(c.End.Sub(c.Answered))
		}
	}
	return v
}

// moment reads a time of the history's.
func (q *request) moment(name string, zone *time.Location) (time.Time, error) {
	s := q.params[name]
	if s == "" {
		return time.Time{}, nil
	}
	t, err := time.ParseInLocation(timeForm, s, zone)
	if err != nil {
		return t, refusal("error_" + name + "_invalid")
	}
	return t, nil
}

func voiceHistory(q *request) (answer, error) {
	set, err := q.d.settings(q, q.tenant, q.app)
	if err != nil {
		return nil, err
	}
	from, err := q.moment("from", set.zone)
	if err != nil {
		return nil, err
	}
	to, err := q.moment("to", set.zone)
	if err != nil {
		return nil, err
	}
	if !from.IsZero() && !to.IsZero() && to.Before(from) {
		return nil, refusal("error_to_before_from")
	}
	page, ok := q.number("page", 1, 1, maxHistory)
	if !ok {
		return nil, refusal("error_page_invalid")
	}
	if !to.IsZero() {
		to = to.Add(time.Second) // to itself is within
	}
	all, err := q.d.cfg.Calls.CDRs(q, voice.CDRFilter{Tenant: q.tenant, After: from, Before: to, Limit: maxHistory})
	if err != nil {
		return nil, err
	}
	total, entries := 0, []answer{}
	for _, c := range all {
		mine := strings.HasPrefix(c.Order, orderDial+q.app+"/") || strings.HasPrefix(c.Order, orderVoice+q.app+"/")
		if !mine || c.End.IsZero() {
			continue
		}
		if total++; total > (page-1)*pageSize && len(entries) < pageSize {
			entries = append(entries, q.record(c, set))
		}
	}
	return answer{"entries_count": count(len(entries)), "total_entries_count": count(total), "entries": entries}, nil
}

// unlimited is the talktime, in minutes, of calls that cost nothing.
const unlimited = "999999"

func voiceRate(q *request) (answer, error) {
	for _, name := range []string{"dest1", "dest2"} {
		if _, ok := phone(q.params[name]); !ok {
			return nil, refusal("error_" + name + "_invalid")
		}
	}
	return answer{"currency": q.d.currency(q, q.tenant), "rate": noRate, "talktime": unlimited}, nil
}
