package telphin

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"tandem/internal/dialect"
	"tandem/internal/dialect/input"
	"tandem/internal/dialect/telphinivr"
	"tandem/internal/voice"
)

// recordingsOf lists the finished recordings of a call.
func (q *request) recordingsOf(call voice.CallID) ([]voice.Recording, error) {
	list, err := q.d.cfg.Recordings.Recordings(q.Context(), q.tenant, voice.RecordingFilter{Call: call, Purpose: voice.ForCall})
	return slices.DeleteFunc(list, func(r voice.Recording) bool { return !finished(r) }), err
}

func finished(r voice.Recording) bool {
	return r.State == voice.RecordingFinished || r.State == voice.RecordingPartial
}

func (q *request) recordAnswer(r voice.Recording, c voice.CDR, p people) map[string]any {
	domain := q.d.cfg.SIPDomain
	answer := map[string]any{"record_uuid": string(r.ID), "call_uuid": string(r.Call), "flow": p.flowOf(c), "init_time_gmt": stamp(r.Created),
		"start_time_gmt": stamp(r.Created), "hangup_time_gmt": stampOrNil(r.Ended), "duration": int(r.Duration / time.Second),
		"result": "answered", "from_username": p.full(c.From), "from_domain": domain, "from_screen_name": p.full(c.From),
		"to_username": p.full(c.To), "to_domain": domain, "dest_number": p.full(c.To), "dest_domain": domain, "source_number": nil,
		"source_domain": nil, "did_number": nil, "did_domain": nil, "ext_number_reg": nil, "application": nil, "ani_number": nil,
		"hangup_cause": hangupCause(c.Cause), "hangup_disposition": disposition(c), "record_file_size": r.Size,
		"file_name": r.Created.UTC().Format("2006-01-02-15-04-05-UTC") + "_" + p.flowOf(c) + "_" + string(r.ID) + ".wav", "record_transfer": false}
	q.about(answer, p.ofCall(c))
	return answer
}

// callOf gives the record of a recording's call, or what the recording says of it.
func (q *request) callOf(r voice.Recording) (voice.CDR, error) {
	c, err := q.d.cfg.Calls.CDR(q.Context(), q.tenant, r.Call)
	if voice.IsKind(err, voice.NotExist) {
		return voice.CDR{Call: r.Call, From: r.From, To: r.To, Start: r.Created, Answered: r.Created, End: r.Ended}, nil
	}
	return c, err
}

func listRecords(q *request) (any, error) {
	own, err := q.scoped()
	if err != nil {
		return nil, err
	}
	f := voice.RecordingFilter{Purpose: voice.ForCall, NewestFirst: true}
	if f.After, f.Before, err = q.span(); err != nil {
		return nil, err
	}
	list, err := q.d.cfg.Recordings.Recordings(q.Context(), q.tenant, f)
	if err != nil {
		return nil, err
	}
	p, err := q.people()
	if err != nil {
		return nil, err
	}
	answers := []map[string]any{}
	for _, r := range list {
		if !finished(r) {
			continue
		}
		c, err := q.callOf(r)
		if err != nil {
			return nil, err
		}
		if e := p.ofCall(c); own == nil || e != nil && e.serial() == own.serial() {
			answers = append(answers, q.recordAnswer(r, c, p))
		}
	}
	return paged(q, answers)
}

// record finds the recording of the path.
func (q *request) record() (voice.Recording, error) {
	gone := missing("", "Record not found")
	if _, err := q.extension(); err != nil {
		return voice.Recording{}, err
	}
	r, err := q.d.cfg.Recordings.Recording(q.Context(), q.tenant, voice.RecordingID(q.params["record"]))
	if err != nil {
		return r, ifNotExist(err, gone)
	}
	if r.Purpose != voice.ForCall || !finished(r) {
		return r, gone
	}
	if q.own == "" {
		return r, nil
	}
	c, err := q.callOf(r)
	if err == nil && !q.sees(c) {
		err = gone
	}
	return r, err
}

func getRecord(q *request) (any, error) {
	r, err := q.record()
	if err != nil {
		return nil, err
	}
	c, err := q.callOf(r)
	if err != nil {
		return nil, err
	}
	p, err := q.people()
	if err != nil {
		return nil, err
	}
	return q.recordAnswer(r, c, p), nil
}

func deleteRecord(q *request) (any, error) {
	r, err := q.record()
	if err != nil {
		return nil, err
	}
	return nil, q.d.cfg.Discard(q.Context(), r)
}

func downloadRecord(q *request) (any, error) {
	r, err := q.record()
	if err != nil {
		return nil, err
	}
	f, err := q.d.cfg.Audio.Open(q.Context(), r.Blob)
	if err != nil {
		return nil, err
	}
	return audio{f, string(r.ID) + ".wav"}, nil
}

// LinkLife is how long a link to a recording is good for.
const LinkLife = time.Hour

// audioPath begins the paths of links; they are ours, not the vendor's.
const audioPath = "storage"

// recordURL gives a link that whoever holds it may fetch for LinkLife.
func recordURL(q *request) (any, error) {
	r, err := q.record()
	if err != nil {
		return nil, err
	}
	link := q.base + "/" + audioPath + "/" + url.PathEscape(string(q.tenant)) + "/" + url.PathEscape(string(r.ID)) + ".wav?" +
		input.LinkQuery(q.d.cfg.LinkKey, q.d.cfg.Now().Add(LinkLife), string(q.tenant), string(r.ID))
	return map[string]any{"record_url": link}, nil
}

// serveLink is GET storage/{tenant}/{recording}.wav; segments begin after storage.
func (d *Dialect) serveLink(w http.ResponseWriter, r *http.Request, segments []string) {
	if len(segments) != 2 || r.Method != http.MethodGet && r.Method != http.MethodHead {
		fail(w, missing("", "Record not found"))
		return
	}
	tenant, id := segments[0], strings.TrimSuffix(segments[1], ".wav")
	if !input.LinkGood(r.URL.Query(), d.cfg.LinkKey, d.cfg.Now(), tenant, id) {
		fail(w, failf(http.StatusForbidden, statusDenied, "the link is not valid or has expired"))
		return
	}
	q := &request{Request: r, d: d, tenant: voice.TenantID(tenant)}
	rec, err := d.cfg.Recordings.Recording(r.Context(), q.tenant, voice.RecordingID(id))
	if err != nil {
		d.answer(w, q, nil, ifNotExist(err, missing("", "Record not found")))
		return
	}
	f, err := d.cfg.Audio.Open(r.Context(), rec.Blob)
	d.answer(w, q, audio{f, id + ".wav"}, err)
}

// listRates lists the ratings that callers gave.
func listRates(q *request) (any, error) {
	own, err := q.scoped()
	if err != nil {
		return nil, err
	}
	from, to, err := q.span()
	if err != nil {
		return nil, err
	}
	list, err := dialect.AllResources(q.Context(), q.d.cfg.Resources, q.tenant, telphinivr.RateTopic)
	if err != nil {
		return nil, err
	}
	p, err := q.people()
	if err != nil {
		return nil, err
	}
	answers := []map[string]any{}
	for _, r := range list {
		var kept map[string]string
		if json.Unmarshal(r.Data, &kept) != nil {
			continue
		}
		e := p.byNumber(kept["extension"])
		at, err := time.Parse(time.RFC3339, kept["time"])
		if err != nil {
			at = r.Created
		}
		if !from.IsZero() && at.Before(from) || !to.IsZero() && at.After(to) ||
			own != nil && (e == nil || e.serial() != own.serial()) {
			continue
		}
		answer := map[string]any{"id": r.Serial, "client_id": q.clientID(), "call_uuid": kept["call_id"], "datetime": stamp(at),
			"extension_id": nil, "rate": number(kept["rate"]), "max_rate": number(kept["max_rate"])}
		if e != nil {
			answer["extension_id"] = e.serial()
		}
		answers = append(answers, answer)
	}
	return paged(q, answers)
}

// number gives a whole number that was kept as text; nil when it is none.
func number(s string) any {
	n, err := strconv.Atoi(s)
	if err != nil {
		return nil
	}
	return n
}
