package sonetel

import (
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"tandem/internal/voice"
)

func listRecordings(q *request) (any, error) {
	if err := q.admin(); err != nil {
		return nil, err
	}
	query := q.URL.Query()
	q.params["acc"] = query.Get("account_id")
	if q.params["acc"] == "" {
		return nil, failf(codeRecField, "account_id: the account is missing")
	}
	if err := q.account(); err != nil {
		return nil, err
	}
	f := voice.RecordingFilter{Purpose: voice.ForCall, User: voice.UserID(query.Get("user_id"))}
	var err error
	if f.After, err = timeOf(query.Get("created_date_min"), "created_date_min"); err != nil {
		return nil, err
	}
	if f.Before, err = timeOf(query.Get("created_date_max"), "created_date_max"); err != nil {
		return nil, err
	}
	list := []reply{}
	if kind := query.Get("type"); kind != "" && kind != "voice_call" {
		return list, nil
	}
	recordings, err := q.d.cfg.Recordings.Recordings(q.Context(), q.tenant, f)
	if err != nil {
		return nil, err
	}
	for _, r := range recordings {
		if r.State != voice.RecordingFinished && r.State != voice.RecordingPartial {
			continue
		}
		item, err := q.recordingReply(r)
		if err != nil {
			return nil, err
		}
		list = append(list, item)
	}
	return list, nil
}

// timeOf reads a time of the vendor's form, or of RFC 3339.
func timeOf(s, field string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	for _, form := range []string{timeForm, time.RFC3339, "20060102"} {
		if t, err := time.Parse(form, s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, failf(codeRecField, "%s: %q is not a time of the form YYYYMMDDThh:mm:ssZ", field, s)
}

// recording finds the recording of the path.
func (q *request) recording() (voice.Recording, error) {
	unknown := failf(codeRecording, "Invalid recording id")
	if err := q.admin(); err != nil {
		return voice.Recording{}, err
	}
	r, err := q.d.cfg.Recordings.Recording(q.Context(), q.tenant, voice.RecordingID(q.params["rec"]))
	if err != nil {
		return r, ifNotExist(err, unknown)
	}
	if r.Purpose != voice.ForCall {
		return r, unknown
	}
	return r, nil
}

func getRecording(q *request) (any, error) {
	r, err := q.recording()
	if err != nil {
		return nil, err
	}
	return q.recordingReply(r)
}

func deleteRecording(q *request) (any, error) {
	r, err := q.recording()
	if err != nil {
		return nil, err
	}
	item, err := q.recordingReply(r)
	if err != nil {
		return nil, err
	}
	if err := q.d.cfg.Discard(q.Context(), r); err != nil {
		return nil, ifNotExist(err, failf(codeRecording, "Invalid recording id"))
	}
	return item, nil
}

// recordingReply is a recording with the parts that ?fields= asks for.
func (q *request) recordingReply(r voice.Recording) (reply, error) {
	asked := fieldList(q.URL.Query().Get("fields"))
	item := reply{{"call_recording_id", r.ID}, {"call_id", r.Call}, {"type", "voice_call"},
		{"account_id", json.Number(q.tenant)}, {"user_id", r.User}, {"created_date", r.Created.UTC().Format(timeForm)},
		{"is_transcribed", "no"}}
	if slices.Contains(asked, "file") || slices.Contains(asked, "file_access_details") {
		file := reply{{"type", "wav"}, {"size", r.Size}, {"file_id", r.ID}}
		if slices.Contains(asked, "file_access_details") {
			url, until := q.link(linkRecording, string(r.ID))
			file = append(file, member{"file_access_details", reply{{"url", url},
				{"issued_at", q.d.cfg.Now().UTC().Format(timeForm)}, {"expires_at", until.UTC().Format(timeForm)}}})
		}
		item = append(item, member{"file", file})
	}
	if !slices.Contains(asked, "voice_call_details") {
		return item, nil
	}
	details, err := q.callDetails(r)
	return append(item, member{"voice_call_details", details}), err
}

// callDetails tells of the call that was recorded, from its record where there is one.
func (q *request) callDetails(r voice.Recording) (reply, error) {
	c, err := q.d.cfg.Calls.CDR(q.Context(), q.tenant, r.Call)
	if err != nil && !voice.IsKind(err, voice.NotExist) {
		return nil, err
	}
	if err != nil {
		c = voice.CDR{From: r.From, To: r.To, Start: r.Created, End: r.Ended}
	}
	codec, to := "", c.To
	for _, leg := range c.Legs {
		if codec == "" {
			codec = leg.Codec
		}
		if !leg.Answered.IsZero() && leg.ID != "a" {
			to = leg.To
		}
	}
	var end, length string
	if !c.End.IsZero() {
		end, length = c.End.UTC().Format(timeForm), strconv.Itoa(int(c.End.Sub(c.Start)/time.Second))
	}
	return reply{{"from", c.From}, {"to", to}, {"codec", codec}, {"usage_record_id", string(r.Call)},
		{"start_time", c.Start.UTC().Format(timeForm)}, {"end_time", end}, {"call_length", length},
		{"from_type", "phnum"}, {"from_name", c.FromName}, {"caller_id", c.From},
		{"to_type", "phnum"}, {"to_name", ""}, {"to_orig", c.To}}, nil
}
