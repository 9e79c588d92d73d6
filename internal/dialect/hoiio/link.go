package hoiio

import (
	"bytes"
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"tandem/internal/dialect/input"
	"tandem/internal/voice"
)

// LinkLife is how long a link to a recording is good for.
const LinkLife = 7 * 24 * time.Hour

// audioPath begins the paths of recordings; the links are ours, not the vendor's.
const audioPath = "audio"

// link gives a URL of a recording that whoever holds it may fetch until it
// expires: the signature stands in for a token. "" for no recording.
func (d *Dialect) link(t voice.TenantID, id voice.RecordingID) string {
	if id == "" {
		return ""
	}
	base := d.cfg.PublicURL
	if base == "" && d.cfg.OwnURL != nil {
		base = d.cfg.OwnURL()
	}
	query := input.LinkQuery(d.cfg.LinkKey, d.cfg.Now().Add(LinkLife), Kind, string(t), string(id))
	name := "recording.mp3"
	if d.cfg.MP3 == nil {
		name = "recording.wav"
	}
	return fmt.Sprintf("%s/open/%s/%s/%s/%s?%s", strings.TrimSuffix(base, "/"), audioPath, url.PathEscape(string(t)), url.PathEscape(string(id)), name, query)
}

// serveAudio is GET audio/{tenant}/{recording}/recording.mp3; segments begin after
// audio. Where there is no lame, and when it fails, the sound is WAV and says so.
func (d *Dialect) serveAudio(w http.ResponseWriter, r *http.Request, segments []string) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead || len(segments) != 3 {
		http.Error(w, "there is no such recording", http.StatusNotFound)
		return
	}
	tenant, id := segments[0], segments[1]
	if !input.LinkGood(r.URL.Query(), d.cfg.LinkKey, d.cfg.Now(), Kind, tenant, id) {
		http.Error(w, "the link is not valid or has expired", http.StatusForbidden)
		return
	}
	rec, err := d.cfg.Recordings.Recording(r.Context(), voice.TenantID(tenant), voice.RecordingID(id))
	if err != nil && !voice.IsKind(err, voice.NotExist) {
		d.cfg.Log.Error("recording not served", "id", id, "err", err)
	}
	if err != nil || rec.State == voice.RecordingActive || rec.State == voice.RecordingFailed {
		http.Error(w, "there is no such recording", http.StatusNotFound)
		return
	}
	wav, err := d.cfg.Audio.Open(r.Context(), rec.Blob)
	if err != nil {
		http.Error(w, "the recording is gone", http.StatusNotFound)
		return
	}
	defer wav.Close()
	at := cmp.Or(rec.Ended, rec.Created)
	if d.cfg.MP3 != nil {
		data, err := d.cfg.MP3(r.Context(), wav)
		if err == nil {
			w.Header().Set("Content-Type", "audio/mpeg")
			http.ServeContent(w, r, "", at, bytes.NewReader(data))
			return
		}
		d.cfg.Log.Warn("recording not made MP3: "+voice.Reason(err), "id", id)
		if _, err := wav.Seek(0, 0); err != nil {
			http.Error(w, "the recording can't be read", http.StatusInternalServerError)
			return
		}
	}
	w.Header().Set("Content-Type", "audio/wav")
	http.ServeContent(w, r, "", at, wav)
}
