package routee

import (
	"bytes"
	"io"
	"strings"
	"time"

	"tandem/internal/dialect/input"
	"tandem/internal/voice"
)

// recordings lists those of a call.
func (q *request) recordings(t *track) ([]map[string]any, error) {
	list, err := q.d.cfg.Recordings.Recordings(q.Context(), q.tenant, voice.RecordingFilter{Call: t.cdr.Call, Purpose: voice.ForCall})
	if err != nil {
		return nil, err
	}
	all := []map[string]any{}
	for _, r := range list {
		if r.State == voice.RecordingFinished || r.State == voice.RecordingPartial {
			l := t.legOf(r.ID)
			all = append(all, recordingItem(q.base, r, t.formats[r.ID], l.from, l.to, MessageID(t.cdr.Call, l.number)))
		}
	}
	return all, nil
}

// recordingItem gives a recording as conversations and webhooks show it.
func recordingItem(base string, r voice.Recording, format, from, to, message string) map[string]any {
	ext := ".mp3"
	if format == "WAV" {
		ext = ".wav"
	}
	return map[string]any{
		"trackingId": r.ID, "start": stamp(r.Created), "end": stamp(r.Ended), "from": from, "to": to,
		"url": base + "/recordings/my/downloads/" + string(r.ID) + ext, "voiceTrackingIds": []string{message},
		"conversationTrackingId": TrackingID(r.Call), "duration": int(r.Duration.Round(time.Second) / time.Second),
	}
}

// downloadRecording gives a recording as MP3, or as WAV where that is asked for or
// this server makes no MP3.
func downloadRecording(q *request) (any, error) {
	id, wav := strings.CutSuffix(q.params["id"], ".wav")
	id = strings.TrimSuffix(id, ".mp3")
	r, err := q.d.cfg.Recordings.Recording(q.Context(), q.tenant, voice.RecordingID(id))
	if err != nil {
		return nil, ifNotExist(err, notFound("recording"))
	}
	if r.Purpose != voice.ForCall || r.State != voice.RecordingFinished && r.State != voice.RecordingPartial {
		return nil, notFound("recording")
	}
	if !wav && q.d.cfg.Encoder != nil {
		data, err := q.d.cfg.Encoder.MP3(q.Context(), r.Blob)
		if err == nil {
			return file{"audio/mpeg", id + ".mp3", bytes.NewReader(data), func() error { return nil }}, nil
		}
		q.d.cfg.Log.Warn("MP3 could not be made, WAV is sent", "recording", id, "err", err)
	}
	f, err := q.d.cfg.Audio.Open(q.Context(), r.Blob)
	if err != nil {
		return nil, err
	}
	return file{"audio/wav", id + ".wav", f, f.Close}, nil
}

// readLimited reads a body of at most input.MaxBody bytes, without white space around it.
func readLimited(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, input.MaxBody+1))
	if err == nil && len(data) > input.MaxBody {
		err = voice.Errorf("routee.readLimited", voice.Limit, "the body is larger than %d bytes", input.MaxBody).Err
	}
	return bytes.TrimSpace(data), err
}
