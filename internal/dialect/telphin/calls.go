package telphin

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"tandem/internal/dialect/telphinivr"
	"tandem/internal/voice"
)

func callRoutes() []route {
	const record, event = "extension/{extension}/record", "extension/{extension}/event"
	return []route{
		{"POST", "extension/{extension}/callback", true, postCallback},
		{"GET", event, true, listEvents},
		{"POST", event, true, postEvent},
		{"DELETE", event, true, deleteEvents},
		{"GET", event + "/{event}", true, getEvent},
		{"PUT", event + "/{event}", true, putEvent},
		{"DELETE", event + "/{event}", true, deleteEvent},
		{"GET", "client/{client}/current_calls", true, listCurrent},
		{"GET", "extension/{extension}/current_calls", true, listCurrent},
		{"GET", "client/{client}/call_history", true, listHistory},
		{"GET", "client/{client}/call_history/{call}", true, getHistory},
		{"GET", "extension/{extension}/call_history", true, listHistory},
		{"GET", "extension/{extension}/call_history/{call}", true, getHistory},
		{"GET", "client/{client}/record", true, listRecords},
		{"GET", record, true, listRecords},
		{"GET", record + "/{record}", true, getRecord},
		{"DELETE", record + "/{record}", true, deleteRecord},
		{"GET", record + "/{record}/storage_url", true, recordURL},
		{"GET", record + "/{record}/download", true, downloadRecord},
		{"GET", "client/{client}/quality_rate", true, listRates},
		{"GET", "extension/{extension}/quality_rate", true, listRates},
	}
}

// scoped finds the extension of the path where there is one, else checks the client.
func (q *request) scoped() (*extension, error) {
	if _, has := q.params["extension"]; has {
		return q.extension()
	}
	return nil, q.client()
}

// span reads start_datetime and end_datetime, in UTC.
func (q *request) span() (from, to time.Time, err error) {
	for name, p := range map[string]*time.Time{"start_datetime": &from, "end_datetime": &to} {
		s := q.URL.Query().Get(name)
		if s == "" {
			continue
		}
		if *p, err = time.Parse(timeForm, s); err != nil {
			return from, to, badf("%s: %q is not of the form YYYY-MM-DD HH:MM:SS", name, cut(s))
		}
	}
	return from, to, nil
}

// people names the extensions of the account for answers about calls.
type people struct {
	list []*extension
}

func (q *request) people() (people, error) {
	list, err := q.extensions()
	return people{list}, err
}

// ofCall gives the extension that a call is about: the app that answered it, else
// the telephone that called or was called; nil when there is none.
func (p people) ofCall(c voice.CDR) *extension {
	for _, e := range p.list {
		if e.isApp() && e.app.ID == c.App {
			return e
		}
	}
	for _, number := range []string{c.From, c.To} {
		if e := p.byNumber(number); e != nil {
			return e
		}
	}
	for _, leg := range c.Legs {
		if number, ok := strings.CutPrefix(leg.To, "extension "); ok {
			if e := p.byNumber(number); e != nil {
				return e
			}
		}
	}
	return nil
}

func (p people) byNumber(number string) *extension {
	i := slices.IndexFunc(p.list, func(e *extension) bool { return e.fields().Name == number })
	if i < 0 {
		return nil
	}
	return p.list[i]
}

// full writes an internal number with its prefix, and other numbers as they are.
func (p people) full(number string) string {
	if p.byNumber(number) != nil {
		return numberPrefix + "*" + number
	}
	return number
}

// about fills in whom an answer is about.
func (q *request) about(answer map[string]any, e *extension) {
	answer["client_owner_id"], answer["extension_group_owner_id"] = q.clientID(), nil
	answer["extension_id"], answer["extension_name"], answer["extension_type"] = nil, nil, nil
	if e != nil {
		answer["extension_id"], answer["extension_type"] = e.serial(), e.fields().Type
		answer["extension_name"] = numberPrefix + "*" + e.fields().Name + "@" + q.d.cfg.SIPDomain
	}
}

// flowOf is how the vendor calls a call's direction, seen from the account.
func (p people) flowOf(c voice.CDR) string {
	if c.Direction == voice.Outbound || p.byNumber(c.From) != nil {
		return "out"
	}
	return "in"
}

// causes are the vendor's words for the end of a call.
func hangupCause(c voice.Cause) string {
	words := map[voice.Cause]string{voice.CauseNormal: "NORMAL_CLEARING", voice.CauseBusy: "USER_BUSY", voice.CauseNoAnswer: "NO_ANSWER",
		voice.CauseRejected: "CALL_REJECTED", voice.CauseNotFound: "UNALLOCATED_NUMBER", voice.CauseUnavailable: "DESTINATION_OUT_OF_ORDER",
		voice.CauseCancelled: "ORIGINATOR_CANCEL", voice.CausePolicy: "OUTGOING_CALL_BARRED", voice.CauseMaxDuration: "ALLOTTED_TIMEOUT"}
	return cmp.Or(words[c], "NORMAL_TEMPORARY_FAILURE")
}

func disposition(c voice.CDR) string {
	switch {
	case c.Cause == voice.CauseCancelled:
		return "caller_cancel"
	case c.Answered.IsZero():
		return "callee_refuse"
	case len(c.Legs) > 0 && c.Legs[0].End.Equal(c.End):
		return "caller_bye"
	}
	return "internal_cancel"
}

// result is the vendor's word for what came of a call or leg.
func result(answered bool, c voice.Cause) string {
	switch {
	case answered:
		return "answered"
	case c == voice.CauseBusy:
		return "busy"
	case c == voice.CauseRejected || c == voice.CausePolicy:
		return "rejected"
	case c == voice.CauseNoAnswer || c == voice.CauseCancelled:
		return "not answered"
	}
	return "failed"
}

func stampOrNil(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return stamp(t)
}

func seconds(from, to time.Time) int {
	if from.IsZero() || to.Before(from) {
		return 0
	}
	return int(to.Sub(from) / time.Second)
}

// historyAnswer is a call with its legs.
func (q *request) historyAnswer(c voice.CDR, p people, recordings []voice.Recording) map[string]any {
	domain := q.d.cfg.SIPDomain
	answer := map[string]any{"call_uuid": string(c.Call), "flow": p.flowOf(c), "from_username": p.full(c.From), "from_domain": domain,
		"from_screen_name": cmp.Or(c.FromName, p.full(c.From)), "to_username": p.full(c.To), "to_domain": domain,
		"init_time_gmt": stamp(c.Start), "start_time_gmt": stampOrNil(c.Answered), "hangup_time_gmt": stampOrNil(c.End),
		"duration": seconds(c.Start, c.End), "bridged": false, "bridged_time_gmt": nil, "bridged_duration": 0,
		"bridged_username": nil, "bridged_domain": nil, "did_number": nil, "did_domain": nil, "ext_number_reg": nil,
		"result": result(!c.Answered.IsZero(), c.Cause), "hangup_cause": hangupCause(c.Cause), "hangup_disposition": disposition(c)}
	if e, err := voice.ParseE164(c.To); err == nil && c.Direction == voice.Inbound {
		answer["did_number"], answer["did_domain"] = e.Digits(), domain
	}
	e := p.ofCall(c)
	q.about(answer, e)
	legs := []map[string]any{}
	for i, leg := range c.Legs {
		to := strings.TrimPrefix(strings.TrimPrefix(leg.To, "extension "), "number ")
		if leg.ID == "a" || i == 0 && e != nil && e.isApp() {
			to = c.To
		} else if !leg.Answered.IsZero() {
			answer["bridged"], answer["result"], answer["bridged_username"], answer["bridged_domain"] = true, "bridged", p.full(to), domain
			answer["bridged_time_gmt"], answer["bridged_duration"] = stamp(leg.Answered), seconds(leg.Answered, leg.End)
		}
		legs = append(legs, q.legAnswer(c, leg, p, to, recordings))
	}
	answer["cdr"] = legs
	return answer
}

func (q *request) legAnswer(c voice.CDR, leg voice.LegRecord, p people, to string, recordings []voice.Recording) map[string]any {
	domain := q.d.cfg.SIPDomain
	answer := map[string]any{"flow": p.flowOf(c), "from_username": p.full(c.From), "from_domain": domain, "from_screen_name": cmp.Or(c.FromName, p.full(c.From)),
		"to_username": p.full(to), "to_domain": domain, "dest_number": p.full(to), "dest_domain": domain, "source_number": nil, "source_domain": nil,
		"init_time_gmt": stamp(leg.Start), "start_time_gmt": stampOrNil(leg.Answered), "hangup_time_gmt": stampOrNil(leg.End),
		"duration": seconds(leg.Answered, leg.End), "result": result(!leg.Answered.IsZero(), leg.Cause), "hangup_cause": hangupCause(leg.Cause),
		"hangup_disposition": disposition(c), "application": nil, "ani_number": nil, "did_number": nil, "did_domain": nil, "ext_number_reg": nil,
		"record_uuid": nil, "record_file_size": nil}
	if c.Order != "" {
		answer["application"] = "callback"
	}
	e := p.byNumber(to)
	if e == nil {
		e = p.ofCall(c)
	}
	q.about(answer, e)
	if len(recordings) > 0 {
		answer["record_uuid"], answer["record_file_size"] = string(recordings[0].ID), recordings[0].Size
	}
	return answer
}

// maxHistory bounds the calls that are looked through for one answer.
const maxHistory = 5000

func listHistory(q *request) (any, error) {
	own, err := q.scoped()
	if err != nil {
		return nil, err
	}
	offset, limit, page, err := q.page()
	if err != nil {
		return nil, err
	}
	f := voice.CDRFilter{Tenant: q.tenant, Limit: maxHistory}
	if f.After, f.Before, err = q.span(); err != nil {
		return nil, err
	}
	calls, err := q.d.cfg.Calls.CDRs(q.Context(), f)
	if err != nil {
		return nil, err
	}
	p, err := q.people()
	if err != nil {
		return nil, err
	}
	order := "desc"
	if q.URL.Query().Get("order") == "asc" {
		order = "asc"
		slices.Reverse(calls)
	}
	var found []voice.CDR
	for _, c := range calls {
		if !c.End.IsZero() && q.asked(c, p, own) {
			found = append(found, c)
		}
	}
	answers := []map[string]any{}
	found = found[min(offset, len(found)):]
	for _, c := range found[:min(limit, len(found))] {
		recordings, err := q.recordingsOf(c.Call)
		if err != nil {
			return nil, err
		}
		answers = append(answers, q.historyAnswer(c, p, recordings))
	}
	return map[string]any{"page": page, "per_page": limit, "order": order, "call_history": answers}, nil
}

// asked holds a call to the filters of the query.
func (q *request) asked(c voice.CDR, p people, own *extension) bool {
	query := q.URL.Query()
	e := p.ofCall(c)
	if own != nil && (e == nil || e.serial() != own.serial()) {
		return false
	}
	if id := query.Get("extension_id"); id != "" && (e == nil || strconv.FormatInt(e.serial(), 10) != id) {
		return false
	}
	if flow := query.Get("flow"); flow != "" && p.flowOf(c) != flow {
		return false
	}
	to := query.Get("to_username")
	short, _ := telphinivr.ShortNumber(to)
	return to == "" || c.To == to || c.To == short
}

func getHistory(q *request) (any, error) {
	if _, err := q.scoped(); err != nil {
		return nil, err
	}
	c, err := q.d.cfg.Calls.CDR(q.Context(), q.tenant, voice.CallID(q.params["call"]))
	if err != nil {
		return nil, ifNotExist(err, missing("", "Call not found"))
	}
	if !q.sees(c) {
		return nil, missing("", "Call not found")
	}
	p, err := q.people()
	if err != nil {
		return nil, err
	}
	recordings, err := q.recordingsOf(c.Call)
	if err != nil {
		return nil, err
	}
	return q.historyAnswer(c, p, recordings), nil
}

// listCurrent lists the calls that are up.
func listCurrent(q *request) (any, error) {
	own, err := q.scoped()
	if err != nil {
		return nil, err
	}
	calls, err := q.d.cfg.Live.Live(q.Context(), q.tenant)
	if err != nil {
		return nil, err
	}
	p, err := q.people()
	if err != nil {
		return nil, err
	}
	answers := []map[string]any{}
	for _, l := range calls {
		c := voice.CDR{Call: l.Info.ID, Direction: l.Info.Direction, From: l.Info.From, To: l.Info.To, App: l.App}
		e := p.ofCall(c)
		if own != nil && (e == nil || e.serial() != own.serial()) {
			continue
		}
		state := "active"
		if l.Answered.IsZero() {
			state = "ringing"
		}
		answer := map[string]any{"call_uuid": string(c.Call), "call_api_id": nil, "call_flow": p.flowOf(c), "state": state,
			"caller_id_number": p.full(c.From), "caller_id_name": l.Info.FromName, "called_number": p.full(c.To), "talks_with": nil,
			"init_time_gmt": stamp(l.Info.Start), "answer_time_gmt": stampOrNil(l.Answered), "duration": seconds(l.Info.Start, q.d.cfg.Now())}
		if l.Info.Order != "" {
			answer["call_api_id"] = l.Info.Order
		}
		if l.State == voice.LiveTalking {
			answer["talks_with"] = p.full(l.WithID.ID)
		}
		q.about(answer, e)
		answers = append(answers, answer)
	}
	return paged(q, answers)
}
