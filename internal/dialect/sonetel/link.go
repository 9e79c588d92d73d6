package sonetel

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"tandem/internal/dialect/input"
	"tandem/internal/voice"
)

// LinkLife is how long a link to audio is good for.
const LinkLife = 7 * 24 * time.Hour

// audioPath begins the paths of audio; the links are ours, not the vendor's.
const audioPath = "audio/"

// The kinds of audio behind links.
const (
	linkSound     = "sound"
	linkRecording = "recording"
)

// link gives a URL that whoever holds it may fetch until the time given: the
// signature stands in for a token.
func (q *request) link(kind, id string) (string, time.Time) {
	until := q.d.cfg.Now().Add(LinkLife)
	tenant := string(q.tenant)
	query := input.LinkQuery(q.d.cfg.LinkKey, until, tenant, kind, id)
	return fmt.Sprintf("%s/%s%s/%s/%s.wav?%s", q.base, audioPath, url.PathEscape(tenant), kind, url.PathEscape(id), query), until
}

// serveAudio is GET audio/{tenant}/{kind}/{id}.wav; segments begin after audio.
func (d *Dialect) serveAudio(w http.ResponseWriter, r *http.Request, segments []string) {
	gone := failf(codePath, "no such audio").at(http.StatusNotFound)
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		d.fail(w, "audio", failf(codeMethod, "%s is not allowed on this path", r.Method).at(http.StatusMethodNotAllowed))
		return
	}
	if len(segments) != 3 {
		d.fail(w, "audio", gone)
		return
	}
	tenant, kind, id := segments[0], segments[1], strings.TrimSuffix(segments[2], ".wav")
	if !input.LinkGood(r.URL.Query(), d.cfg.LinkKey, d.cfg.Now(), tenant, kind, id) {
		d.fail(w, "audio", failf(codeForbidden, "the link is not valid or has expired").at(http.StatusForbidden))
		return
	}
	audio, modified, err := d.openAudio(r, voice.TenantID(tenant), kind, id)
	if err != nil {
		if !voice.IsKind(err, voice.NotExist) {
			d.cfg.Log.Error("audio not served", "kind", kind, "id", id, "err", err)
			gone = failf(codeUnavailable, "the audio can't be read").at(http.StatusServiceUnavailable)
		}
		d.fail(w, "audio", gone)
		return
	}
	defer audio.Close()
	w.Header().Set("Content-Type", "audio/wav")
	w.Header().Set("Content-Disposition", `inline; filename="`+kind+`.wav"`)
	http.ServeContent(w, r, "", modified, audio)
}

func (d *Dialect) openAudio(r *http.Request, t voice.TenantID, kind, id string) (io.ReadSeekCloser, time.Time, error) {
	if kind == linkRecording {
		rec, err := d.cfg.Recordings.Recording(r.Context(), t, voice.RecordingID(id))
		if err != nil {
			return nil, time.Time{}, err
		}
		audio, err := d.cfg.Audio.Open(r.Context(), rec.Blob)
		return audio, rec.Ended, err
	}
	s, err := d.cfg.Sounds.Sound(r.Context(), t, voice.SoundID(id))
	if err != nil {
		return nil, time.Time{}, err
	}
	if s.Blob == "" && s.Standard != "" {
		audio, err := d.cfg.Audio.OpenStandard(r.Context(), s.Standard, soundVoice(r.Context(), s, d.resolver(t)))
		return audio, time.Time{}, err
	}
	if s.Blob == "" {
		return nil, time.Time{}, voice.Errorf("sonetel.openAudio", voice.NotExist, "sound %s has no audio", id)
	}
	audio, err := d.cfg.Audio.Open(r.Context(), s.Blob)
	return audio, s.Updated, err
}
