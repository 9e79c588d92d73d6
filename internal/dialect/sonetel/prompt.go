package sonetel

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"tandem/internal/voice"
)

// firstCustom is the last two figures of the record id of an app's first
// custom prompt; standard prompts have those below.
const firstCustom = 30

// maxCustom bounds the custom prompts of an app: the record ids 30 to 99.
const maxCustom = 100 - firstCustom

// prompt finds the prompt of the path, of the path's app when it names one.
func (q *request) prompt() (voice.Sound, error) {
	if err := q.account(); err != nil {
		return voice.Sound{}, err
	}
	if app, ok := q.params["app"]; ok {
		if _, _, err := q.appByID(app); err != nil {
			return voice.Sound{}, err
		}
	}
	return q.promptByID(q.params["prompt"], voice.AppID(q.params["app"]))
}

func (q *request) promptByID(id string, app voice.AppID) (voice.Sound, error) {
	gone := failf(codePrompt, "prompt_id: prompt %q does not exist in this account", id)
	s, err := q.d.cfg.Sounds.Sound(q.Context(), q.tenant, voice.SoundID(id))
	if err != nil {
		return s, ifNotExist(err, gone)
	}
	if s.App == "" || app != "" && s.App != app {
		return s, gone
	}
	return s, nil
}

// withMessage reports whether the reply is to hold the message fields.
func (q *request) withMessage() bool {
	return slices.Contains(fieldList(q.URL.Query().Get("fields")), "message")
}

func (q *request) promptReply(s voice.Sound, message bool) reply {
	kind, exists := "custom", "no"
	if s.Standard != "" {
		kind = "standard"
	}
	if s.Standard != "" || s.Blob != "" {
		exists = "yes"
	}
	r := reply{{"prompt_id", s.ID}, {"type", kind}, {"name", s.Name}, {"app_id", s.App}, {"account_id", q.tenant},
		{"record_id", s.Ref}, {"exists", exists}}
	if !message {
		return r
	}
	details := map[voice.SoundSource]string{voice.SoundByPhone: "Recorded by phone", voice.SoundUploaded: "Uploaded", voice.SoundSpoken: "Text to speech"}
	var url, length, size string
	if exists == "yes" {
		url, _ = q.link(linkSound, string(s.ID))
	}
	if s.Blob != "" {
		length = strconv.Itoa(int((s.Duration + time.Second/2) / time.Second))
		size = strconv.FormatInt((s.Size+1023)/1024, 10)
	}
	return append(r, reply{{"file_name", s.FileName}, {"file_details", details[s.Source]},
		{"play_path", fmt.Sprintf("play#%s@%s", s.ID, q.d.cfg.SIPDomain)},
		{"record_path", fmt.Sprintf("record#%s@%s", s.ID, q.d.cfg.SIPDomain)},
		{"audio_length", length}, {"size", size}, {"message_url", url},
		{"create_date", s.Updated.UTC().Format(timeForm)}}...)
}

func listPrompts(q *request) (any, error) {
	a, _, err := q.app()
	if err != nil {
		return nil, err
	}
	sounds, err := q.d.cfg.Sounds.Sounds(q.Context(), q.tenant, a.ID)
	if err != nil {
		return nil, err
	}
	list := []reply{}
	for _, s := range sounds {
		list = append(list, q.promptReply(s, q.withMessage()))
	}
	return list, nil
}

func getPrompt(q *request) (any, error) {
	s, err := q.prompt()
	if err != nil {
		return nil, err
	}
	return q.promptReply(s, q.withMessage()), nil
}

// promptName reads the name from the body or, without one, from ?name=.
func (q *request) promptName() (string, error) {
	body, err := q.fields()
	if err != nil {
		return "", err
	}
	for _, name := range body.Names() {
		if !slices.Contains([]string{"name", "prompt_id", "type", "app_id", "account_id", "record_id", "exists"}, name) {
			return "", failf(codeField, "%s: the field is unknown", name)
		}
	}
	raw, ok := body["name"]
	if !ok {
		raw, _ = json.Marshal(q.URL.Query().Get("name"))
	}
	return cleanName(raw)
}

func postPrompt(q *request) (any, error) {
	a, _, err := q.app()
	if err != nil {
		return nil, err
	}
	if a.Type == typeSystem {
		return nil, failf(codePrompt, "app_id: an app of system prompts takes no prompts of your own")
	}
	name, err := q.promptName()
	if err != nil {
		return nil, err
	}
	q.d.making.Lock()
	defer q.d.making.Unlock()
	have, err := q.d.cfg.Sounds.Sounds(q.Context(), q.tenant, a.ID)
	if err != nil {
		return nil, err
	}
	ref, ok := nextRef(have)
	if !ok {
		return nil, failf(codePrompt, "the app has %d custom prompts, which is as many as it can have", maxCustom)
	}
	now := q.d.cfg.Now()
	s := voice.Sound{ID: voice.SoundID(voice.NewID("PR")), Tenant: q.tenant, App: a.ID, Name: name, Ref: ref, Created: now, Updated: now}
	if err := q.d.cfg.Sounds.CreateSound(q.Context(), s); err != nil {
		return nil, err
	}
	return q.promptReply(s, q.withMessage()), nil
}

// nextRef gives the smallest free record id for a custom prompt among an app's prompts.
func nextRef(have []voice.Sound) (string, bool) {
	app, taken := firstApp, map[int]bool{}
	for _, s := range have {
		if n, err := strconv.Atoi(s.Ref); err == nil {
			app = n / 100
			taken[n%100] = true
		}
	}
	for n := firstCustom; n < firstCustom+maxCustom; n++ {
		if !taken[n] {
			return strconv.Itoa(app*100 + n), true
		}
	}
	return "", false
}

func putPrompt(q *request) (any, error) {
	s, err := q.prompt()
	if err != nil {
		return nil, err
	}
	name, err := q.promptName()
	if err != nil {
		return nil, err
	}
	s.Name = name
	if err := q.d.cfg.Sounds.UpdateSound(q.Context(), s); err != nil {
		return nil, ifNotExist(err, failf(codePrompt, "prompt_id: prompt %q does not exist in this account", s.ID))
	}
	return q.promptReply(s, q.withMessage()), nil
}

func deletePrompt(q *request) (any, error) {
	s, err := q.prompt()
	if err != nil {
		return nil, err
	}
	if s.Standard != "" {
		return nil, failf(codeStandard, "prompt_id: %s is a standard prompt and can't be deleted", s.Name)
	}
	if err := q.d.cfg.Sounds.DeleteSound(q.Context(), q.tenant, s.ID); err != nil {
		return nil, ifNotExist(err, failf(codePrompt, "prompt_id: prompt %q does not exist in this account", s.ID))
	}
	return "Prompt deleted successfully", nil
}

// MaxUpload bounds an uploaded message.
const MaxUpload = 10 << 20

func postMessage(q *request) (any, error) {
	s, err := q.prompt()
	if err != nil {
		return nil, err
	}
	part, err := q.filePart()
	if err != nil {
		return nil, err
	}
	name := path.Base(strings.ReplaceAll(part.FileName(), `\`, "/"))
	limited := &limitReader{r: part, left: MaxUpload}
	clip, err := q.d.cfg.Audio.Ingest(q.Context(), q.tenant, limited)
	switch {
	case limited.over:
		return nil, failf(codeFile, "file: it is over 10 MB")
	case voice.IsKind(err, voice.Invalid):
		return nil, failf(codeFile, "file: %s", voice.Reason(err))
	case err != nil && limited.err != nil:
		return nil, failf(codeFile, "file: it could not be read: %s", limited.err)
	case err != nil:
		return nil, err
	}
	s.Source, s.FileName, s.Text, s.Voice = voice.SoundUploaded, name, "", ""
	s.Blob, s.Size, s.Duration, s.Updated = clip.Blob, clip.Size, clip.Duration, q.d.cfg.Now()
	if err := q.d.cfg.Sounds.UpdateSound(q.Context(), s); err != nil {
		return nil, ifNotExist(err, failf(codePrompt, "prompt_id: prompt %q does not exist in this account", s.ID))
	}
	return q.promptReply(s, true), nil
}

// filePart finds the part named file.
func (q *request) filePart() (*multipart.Part, error) {
	media, params, err := mime.ParseMediaType(q.Header.Get("Content-Type"))
	if err != nil || !strings.HasPrefix(media, "multipart/") || params["boundary"] == "" {
		return nil, failf(codeFile, "file: the body is not multipart/form-data with a part named file")
	}
	mr := multipart.NewReader(q.Body, params["boundary"])
	const maxParts = 20
	for range maxParts {
		part, err := mr.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, failf(codeFile, "file: the multipart body is broken: %s", err)
		}
		if part.FormName() == "file" {
			return part, nil
		}
	}
	return nil, failf(codeFile, "file: there is no part named file")
}

// limitReader reads at most left bytes and remembers why it stopped.
type limitReader struct {
	r    io.Reader
	left int64
	over bool
	err  error
}

func (l *limitReader) Read(p []byte) (int, error) {
	if l.over {
		return 0, voice.Errorf("sonetel.upload", voice.Invalid, "the file is over 10 MB")
	}
	if int64(len(p)) > l.left+1 {
		p = p[:l.left+1]
	}
	n, err := l.r.Read(p)
	if l.left -= int64(n); l.left < 0 {
		l.over = true
		return 0, voice.Errorf("sonetel.upload", voice.Invalid, "the file is over 10 MB")
	}
	if err != nil && err != io.EOF {
		l.err = err
	}
	return n, err
}
