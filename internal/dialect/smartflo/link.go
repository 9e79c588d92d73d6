package smartflo

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"tandem/internal/dialect/input"
	"tandem/internal/voice"
)

// LinkLife is how long a link to a recording of a call is good for.
const LinkLife = 7 * 24 * time.Hour

// audioPath begins the paths of recordings; the links are ours, not the vendor's.
const audioPath = "audio"

// link gives a URL of a recording that whoever holds it may fetch until it
// expires: the signature stands in for a token.
func (d *Dialect) link(base string, t voice.TenantID, id voice.RecordingID) string {
	query := input.LinkQuery(d.cfg.LinkKey, d.cfg.Now().Add(LinkLife), string(t), string(id))
	return fmt.Sprintf("%s/v1/%s/%s/%s.wav?%s", base, audioPath, url.PathEscape(string(t)), url.PathEscape(string(id)), query)
}

// serveAudio is GET audio/{tenant}/{recording}.wav; segments begin after audio.
func (d *Dialect) serveAudio(w http.ResponseWriter, r *http.Request, segments []string) {
	gone := notFound("Recording")
	if r.Method != http.MethodGet && r.Method != http.MethodHead || len(segments) != 2 {
		d.fail(w, gone)
		return
	}
	tenant, id := segments[0], strings.TrimSuffix(segments[1], ".wav")
	if !input.LinkGood(r.URL.Query(), d.cfg.LinkKey, d.cfg.Now(), tenant, id) {
		d.fail(w, failf(http.StatusForbidden, "The link is not valid or has expired."))
		return
	}
	rec, err := d.cfg.Recordings.Recording(r.Context(), voice.TenantID(tenant), voice.RecordingID(id))
	if err != nil {
		f, internal := faultOf(ifNotExist(err, gone))
		if internal {
			d.cfg.Log.Error("recording not served", "id", id, "err", err)
		}
		d.fail(w, f)
		return
	}
	audio, err := d.cfg.Audio.Open(r.Context(), rec.Blob)
	if err != nil {
		d.fail(w, gone)
		return
	}
	defer audio.Close()
	w.Header().Set("Content-Type", "audio/wav")
	w.Header().Set("Content-Disposition", `inline; filename="recording.wav"`)
	http.ServeContent(w, r, "", rec.Ended, audio)
}
