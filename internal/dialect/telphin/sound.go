package telphin

import (
	"io"
	"path"
	"slices"
	"strconv"
	"strings"

	"tandem/internal/dialect/input"
	"tandem/internal/dialect/telphinivr"
	"tandem/internal/voice"
)

// MaxUpload bounds an uploaded sound, in bytes.
const MaxUpload = 10 << 20

func soundRoutes() []route {
	const one = "client/{client}/sound/{sound}"
	return []route{
		{"GET", "client/{client}/sound", false, listSounds},
		{"POST", "client/{client}/sound", false, postSound},
		{"GET", one, false, getSound},
		{"PUT", one, false, putSound},
		{"POST", one, false, replaceSound},
		{"DELETE", one, false, deleteSound},
		{"GET", one + "/download", false, downloadSound},
	}
}

func (q *request) soundAnswer(s voice.Sound) map[string]any {
	return map[string]any{"id": s.Serial, "client_id": q.clientID(), "title": s.Name, "dealer_id": nil, "filename": s.FileName}
}

// sounds lists the account's sounds: uploads, and what other parts of the program
// have recorded or spoken. Slots that hold no audio are none.
func (q *request) sounds() ([]voice.Sound, error) {
	list, err := q.d.cfg.Sounds.Sounds(q.Context(), q.tenant, "")
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(s voice.Sound) bool { return s.Blob == "" })
	slices.SortFunc(list, func(a, b voice.Sound) int { return int(a.Serial - b.Serial) })
	return list, nil
}

func listSounds(q *request) (any, error) {
	if err := q.client(); err != nil {
		return nil, err
	}
	list, err := q.sounds()
	if err != nil {
		return nil, err
	}
	query := q.URL.Query()
	answers := []map[string]any{}
	for _, s := range list {
		if ids := query["id"]; len(ids) > 0 && !slices.Contains(ids, strconv.FormatInt(s.Serial, 10)) {
			continue
		}
		if titles := query["title"]; len(titles) > 0 && !slices.Contains(titles, s.Name) {
			continue
		}
		answers = append(answers, q.soundAnswer(s))
	}
	return paged(q, answers)
}

// sound finds the sound of the path.
func (q *request) sound() (voice.Sound, error) {
	if err := q.client(); err != nil {
		return voice.Sound{}, err
	}
	gone := missing(statusSound, "sound %s does not exist", cut(q.params["sound"]))
	id, err := q.id("sound", gone)
	if err != nil {
		return voice.Sound{}, err
	}
	list, err := q.sounds()
	if err != nil {
		return voice.Sound{}, err
	}
	i := slices.IndexFunc(list, func(s voice.Sound) bool { return s.Serial == id })
	if i < 0 {
		return voice.Sound{}, gone
	}
	return list[i], nil
}

func getSound(q *request) (any, error) {
	s, err := q.sound()
	if err != nil {
		return nil, err
	}
	return q.soundAnswer(s), nil
}

func title(s string) (string, error) {
	s = strings.TrimSpace(s)
	switch {
	case s == "":
		return "", badf("title: it is missing")
	case len(s) > 200 || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' }):
		return "", badf("title: at most 200 printable bytes are allowed")
	}
	return s, nil
}

func postSound(q *request) (any, error) {
	if err := q.client(); err != nil {
		return nil, err
	}
	now := q.d.cfg.Now()
	s := voice.Sound{ID: voice.SoundID(voice.NewID("TS")), Tenant: q.tenant, Created: now, Updated: now}
	body, err := q.upload(&s)
	if err != nil {
		return nil, err
	}
	name, err := input.Text(body["title"], "title")
	if err != nil {
		return nil, badf("%s", err)
	}
	if s.Name, err = title(name); err != nil {
		return nil, err
	}
	if err := q.d.cfg.Sounds.CreateSound(q.Context(), s); err != nil {
		return nil, err
	}
	if s, err = q.d.cfg.Sounds.Sound(q.Context(), q.tenant, s.ID); err != nil {
		return nil, err
	}
	return q.soundAnswer(s), nil
}

// replaceSound puts another file in the place of a sound's, under the same id.
func replaceSound(q *request) (any, error) {
	s, err := q.owned()
	if err != nil {
		return nil, err
	}
	body, err := q.upload(&s)
	if err != nil {
		return nil, err
	}
	if raw, given := body["title"]; given {
		name, err := input.Text(raw, "title")
		if err != nil {
			return nil, badf("%s", err)
		}
		if s.Name, err = title(name); err != nil {
			return nil, err
		}
	}
	s.Updated = q.d.cfg.Now()
	if err := q.d.cfg.Sounds.UpdateSound(q.Context(), s); err != nil {
		return nil, err
	}
	return q.soundAnswer(s), nil
}

// upload reads a multipart form and puts its file into s. It gives the form's
// other members.
func (q *request) upload(s *voice.Sound) (input.Fields, error) {
	if !strings.HasPrefix(strings.ToLower(q.Header.Get("Content-Type")), "multipart/") {
		return nil, badf("file: the body is not multipart/form-data with a file")
	}
	found := false
	var refused error
	body, err := input.ReadBody(q.Request, func(f input.File) error {
		if f.Field != "file" || found {
			refused = badf("%s: one file is taken, by the name file", cut(f.Field))
			return refused
		}
		found = true
		refused = q.ingest(s, f)
		return refused
	})
	switch {
	case refused != nil:
		return nil, refused
	case err != nil:
		return nil, badf("file: %s", err)
	case !found:
		return nil, badf("file: there is no file named file")
	}
	return body, nil
}

func (q *request) ingest(s *voice.Sound, f input.File) error {
	limited := &limit{r: f, left: MaxUpload}
	clip, err := q.d.cfg.Audio.IngestFile(q.Context(), q.tenant, limited)
	switch {
	case limited.left < 0:
		return badf("file: it is over 10 MB")
	case voice.IsKind(err, voice.Invalid):
		return badf("file: %s", voice.Reason(err))
	case err != nil && limited.err != nil:
		return badf("file: it could not be read: %s", limited.err)
	case err != nil:
		return err
	}
	s.Source, s.FileName = voice.SoundUploaded, path.Base(strings.ReplaceAll(f.Name, `\`, "/"))
	s.Blob, s.Size, s.Duration, s.Text, s.Voice = clip.Blob, clip.Size, clip.Duration, "", ""
	return nil
}

// limit reads at most left bytes and keeps the error that was not the end. left is
// negative when there was more.
type limit struct {
	r    io.Reader
	left int64
	err  error
}

func (l *limit) Read(p []byte) (int, error) {
	if l.left < 0 {
		return 0, io.ErrUnexpectedEOF
	}
	n, err := l.r.Read(p[:min(int64(len(p)), l.left+1)])
	if l.left -= int64(n); l.left < 0 {
		return 0, io.ErrUnexpectedEOF
	}
	if err != nil && err != io.EOF {
		l.err = err
	}
	return n, err
}

// owned finds a sound that this API may change: one of an app of another vendor is
// that one's own.
func (q *request) owned() (voice.Sound, error) {
	s, err := q.sound()
	if err == nil && s.App != "" {
		return s, conflictf(statusInUse, "sound %d belongs to an app of another API", s.Serial)
	}
	return s, err
}

func putSound(q *request) (any, error) {
	s, err := q.owned()
	if err != nil {
		return nil, err
	}
	body, err := q.fields()
	if err != nil {
		return nil, err
	}
	if raw, given := body["title"]; given {
		name, err := input.Text(raw, "title")
		if err != nil {
			return nil, badf("%s", err)
		}
		if s.Name, err = title(name); err != nil {
			return nil, err
		}
	}
	if err := q.d.cfg.Sounds.UpdateSound(q.Context(), s); err != nil {
		return nil, err
	}
	return q.soundAnswer(s), nil
}

func deleteSound(q *request) (any, error) {
	s, err := q.owned()
	if err != nil {
		return nil, err
	}
	list, err := q.extensions()
	if err != nil {
		return nil, err
	}
	for _, e := range list {
		if e.isApp() && telphinivr.Plays(&e.doc, s.Serial) {
			return nil, conflictf(statusInUse, "sound %d is used by extension %s", s.Serial, e.fields().Name)
		}
	}
	return nil, q.d.cfg.Sounds.DeleteSound(q.Context(), q.tenant, s.ID)
}

func downloadSound(q *request) (any, error) {
	s, err := q.sound()
	if err != nil {
		return nil, err
	}
	f, err := q.d.cfg.Audio.Open(q.Context(), s.Blob)
	if err != nil {
		return nil, err
	}
	name := s.FileName
	if name == "" {
		name = "sound.wav"
	}
	return audio{f, name}, nil
}
