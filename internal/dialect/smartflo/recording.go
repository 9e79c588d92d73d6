package smartflo

import (
	"cmp"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"tandem/internal/dialect"
	"tandem/internal/dialect/input"
	"tandem/internal/dialect/smartfloivr"
	"tandem/internal/voice"
)

// maxAudio bounds the audio of a recording, in bytes.
const maxAudio = 10 << 20

// musicRef is voice.Sound.Ref of recordings with moh_status 1.
const musicRef = "moh"

// recordingView is a recording as lists show it.
type recordingView struct {
	ID        int64  `json:"id"`
	AudioName string `json:"audio_name"`
	Type      string `json:"type"` // url, tts or file
	Data      string `json:"data"` // the text of a spoken one
	Voice     string `json:"voice"`
	Duration  int    `json:"duration"` // s
	Music     int    `json:"moh_status"`
	Created   string `json:"created_at"`
	Ref       string `json:"recording"` // as IVRs refer to it
}

func (q *request) viewRecording(s voice.Sound) recordingView {
	v := recordingView{ID: s.Serial, AudioName: s.Name, Type: "file", Data: s.Text, Voice: s.Voice, Duration: int(s.Duration.Seconds() + 0.5),
		Created: stamp(s.Created, q.d.zone(q.Context(), q.tenant)), Ref: smartfloivr.RefRecording + "|" + strconv.FormatInt(s.Serial, 10)}
	if s.Source == voice.SoundSpoken {
		v.Type = "tts"
	}
	if s.Ref == musicRef {
		v.Music = 1
	}
	return v
}

func listRecordings(q *request) (any, error) {
	sounds, err := q.d.cfg.Sounds.Sounds(q.Context(), q.tenant, "")
	if err != nil {
		return nil, err
	}
	views := []recordingView{}
	for _, s := range bySerial(sounds) {
		views = append(views, q.viewRecording(s))
	}
	return struct {
		Recordings []recordingView `json:"recordings"`
	}{views}, nil
}

// recording finds the recording of the path.
func (q *request) recording() (voice.Sound, error) {
	n, err := q.number("Recording")
	if err != nil {
		return voice.Sound{}, err
	}
	s, err := q.d.resolver(q.tenant).SoundBySerial(q.Context(), n)
	return s, ifNotExist(err, notFound("Recording"))
}

func getRecording(q *request) (any, error) {
	s, err := q.recording()
	if err != nil {
		return nil, err
	}
	return q.viewRecording(s), nil
}

// audioBody reads the body of a request about a recording; the file that came
// with it, if any, is stored already.
func (q *request) audioBody() (input.Fields, *dialect.Clip, string, error) {
	var clip *dialect.Clip
	var broken error // a fault of ours
	name := ""
	f, err := input.ReadBody(q.Request, func(file input.File) error {
		if !slices.Contains([]string{"file", "data", "audio"}, file.Field) {
			return bad("The %s field is unknown.", file.Field)
		}
		if clip != nil {
			return bad("The %s field is invalid: one file is taken.", file.Field)
		}
		c, err := q.d.cfg.Audio.IngestFile(q.Context(), q.tenant, &bounded{r: file, left: maxAudio})
		if err != nil {
			broken = audioFault(file.Field, err)
			return broken
		}
		clip, name = &c, file.Name
		return nil
	})
	if _, worded := errors.AsType[*fault](err); err != nil && broken == nil && !worded {
		err = bad("The request is invalid: %s.", err)
	}
	return f, clip, name, err
}

// audioFault gives words to a failure to read audio.
func audioFault(field string, err error) error {
	if f, ok := errors.AsType[*fault](err); ok {
		return f
	}
	switch voice.KindOf(err) {
	case voice.Invalid, voice.Limit, voice.Permission, voice.NotExist, voice.Unavailable:
		return bad("The %s field is invalid: %s.", field, voice.Reason(err))
	}
	return err
}

// bounded refuses what is longer than left.
type bounded struct {
	r    io.Reader
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, bad("The audio is larger than 10 MB.")
	}
	return n, err
}

// setRecording lays the body of a request over s. whole says that there must be audio.
func (q *request) setRecording(s *voice.Sound, whole bool) error {
	f, clip, fileName, err := q.audioBody()
	if err != nil {
		return err
	}
	for _, name := range f.Names() {
		if !slices.Contains([]string{"id", "audio_name", "type", "data", "speech", "voice", "moh_status", "duration", "created_at", "recording"}, name) {
			return bad("The %s field is unknown.", name)
		}
	}
	values := map[string]string{}
	for _, name := range []string{"audio_name", "type", "data", "speech", "voice", "moh_status"} {
		if values[name], err = text(f, name, false); err != nil {
			return err
		}
	}
	name := cmp.Or(values["audio_name"], s.Name)
	if name == "" {
		return bad("The audio_name field is required.")
	}
	if utf8.RuneCountInString(name) > 100 {
		return bad("The audio_name field is invalid: it is longer than 100 characters.")
	}
	s.Name = name
	switch strings.ToLower(values["moh_status"]) {
	case "":
	case "0", "false":
		s.Ref = ""
	case "1", "true":
		s.Ref = musicRef
	default:
		return bad("The moh_status field is invalid: %q is neither 0 nor 1.", values["moh_status"])
	}
	kind := strings.ToLower(values["type"])
	if !whole && clip == nil && values["data"] == "" {
		return nil // a new name alone
	}
	return q.setAudio(s, kind, values, clip, fileName)
}

// setAudio makes the audio of s as type asks.
func (q *request) setAudio(s *voice.Sound, kind string, values map[string]string, clip *dialect.Clip, fileName string) error {
	s.FileName, s.Text, s.Voice, s.Source = fileName, "", "", voice.SoundUploaded
	switch {
	case clip != nil && slices.Contains([]string{"", "file", "upload", "url"}, kind):
	case kind == "":
		return bad("The type field is required.")
	case kind == "url":
		if values["data"] == "" {
			return bad("The data field is required.")
		}
		c, err := q.download(values["data"])
		if err != nil {
			return err
		}
		clip, s.FileName = &c, values["data"]
	case kind == "tts":
		if values["data"] == "" {
			return bad("The data field is required.")
		}
		c, err := q.d.cfg.Audio.Speak(q.Context(), q.tenant, dialect.Utterance{Text: values["data"], Voice: values["voice"], Language: values["speech"]})
		if err != nil {
			return audioFault("data", err)
		}
		clip, s.Text, s.Voice, s.Source = &c, values["data"], values["voice"], voice.SoundSpoken
	case kind == "file", kind == "upload":
		return bad("The file field is required.")
	default:
		return bad("The type field is invalid: %q is none of url, tts, file.", kind)
	}
	s.Blob, s.Size, s.Duration = clip.Blob, clip.Size, clip.Duration
	return nil
}

func (q *request) download(url string) (dialect.Clip, error) {
	if q.d.cfg.Downloads == nil {
		return dialect.Clip{}, bad("The type field is invalid: this server fetches no recordings.")
	}
	body, err := q.d.cfg.Downloads.Download(voice.WithTenant(q.Context(), q.tenant), url)
	if err != nil {
		return dialect.Clip{}, audioFault("data", err)
	}
	defer body.Close()
	c, err := q.d.cfg.Audio.IngestFile(q.Context(), q.tenant, &bounded{r: body, left: maxAudio})
	if err != nil {
		return c, audioFault("data", err)
	}
	return c, nil
}

func postRecording(q *request) (any, error) {
	now := q.d.cfg.Now()
	s := voice.Sound{ID: voice.SoundID(voice.NewID("SR")), Tenant: q.tenant, Created: now, Updated: now}
	if err := q.setRecording(&s, true); err != nil {
		return nil, err
	}
	if err := q.d.cfg.Sounds.CreateSound(q.Context(), s); err != nil {
		return nil, err
	}
	s, err := q.d.cfg.Sounds.Sound(q.Context(), q.tenant, s.ID)
	return done{Success: true, Message: "Recording added successfully.", ID: s.Serial}, err
}

func putRecording(q *request) (any, error) {
	s, err := q.recording()
	if err != nil {
		return nil, err
	}
	blob := s.Blob
	if err := q.setRecording(&s, false); err != nil {
		return nil, err
	}
	if s.Blob != blob {
		s.Updated = q.d.cfg.Now()
	}
	if err := q.d.cfg.Sounds.UpdateSound(q.Context(), s); err != nil {
		return nil, ifNotExist(err, notFound("Recording"))
	}
	return done{Success: true, Message: "Recording updated successfully."}, nil
}

func deleteRecording(q *request) (any, error) {
	s, err := q.recording()
	if err != nil {
		return nil, err
	}
	id := strconv.FormatInt(s.Serial, 10)
	used, err := q.used(func(r smartfloivr.Ref) bool {
		return (r.Type == smartfloivr.RefRecording || r.Type == smartfloivr.RefSpeech) && r.ID == id
	}, "")
	if err != nil {
		return nil, err
	}
	if used || s.App != "" { // a prompt of another API's app is in use by that
		return nil, inUse("Recording")
	}
	if err := q.d.cfg.Sounds.DeleteSound(q.Context(), q.tenant, s.ID); err != nil {
		return nil, ifNotExist(err, notFound("Recording"))
	}
	return done{Success: true, Message: "Recording deleted successfully."}, nil
}
