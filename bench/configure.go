package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// The number that is called, and the two sounds that the receiver can tell
// apart by their sign changes: see signChanges.
const (
	number    = "+442079460999"
	menuHz    = 400
	keyHz     = 2000
	menuSound = 60 * time.Second
	keySound  = 400 * time.Millisecond
)

// configure makes an account with one menu: a long tone as its prompt, and a
// short high tone on key 1, after which the menu begins again.
func configure(ctx context.Context, s *server) error {
	var account struct {
		ID json.RawMessage `json:"id"`
	}
	if err := s.runJSON(ctx, &account, "account", "create", "bench", "--json"); err != nil {
		return err
	}
	id := strings.Trim(string(account.ID), `"`)
	var login struct{ Username, Password string }
	if err := s.runJSON(ctx, &login, "credential", "create", "--account", id, "--for", "sonetel", "--json"); err != nil {
		return err
	}
	api := &sonetel{base: "http://" + s.http + "/sonetel"}
	if err := api.login(ctx, login.Username, login.Password); err != nil {
		return err
	}
	app, err := api.menu(ctx, id)
	if err != nil {
		return err
	}
	if _, err = s.run(ctx, "number", "add", number, "--account", id, "--app", app); err != nil {
		return err
	}
	if err := s.addFlow(ctx, id, recordedNumber, fmt.Sprintf(recordedFlow, app)); err != nil {
		return err
	}
	return configureRoom(ctx, s, id)
}

func (s *server) runJSON(ctx context.Context, into any, args ...string) error {
	out, err := s.run(ctx, args...)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(out, into); err != nil {
		return fmt.Errorf("%s: %w in %q", strings.Join(args, " "), err, out)
	}
	return nil
}

// sonetel is the little of the vendor's API that a menu needs.
type sonetel struct {
	base  string
	token string
}

func (a *sonetel) login(ctx context.Context, user, password string) error {
	form := url.Values{"grant_type": {"password"}, "username": {user}, "password": {password}, "refresh": {"no"}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.base+"/SonetelAuth/beta/oauth/token", strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth("sonetel-api", "sonetel-api")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("token: %w", err)
	}
	defer res.Body.Close()
	var body struct {
		AccessToken string `json:"access_token"`
		Error       string `json:"error_description"`
	}
	if err := json.NewDecoder(res.Body).Decode(&body); err != nil || body.AccessToken == "" {
		return fmt.Errorf("token: %s: %s (%v)", res.Status, body.Error, err)
	}
	a.token = body.AccessToken
	return nil
}

// do sends a request and decodes the response member of its envelope.
func (a *sonetel) do(ctx context.Context, method, path, contentType string, body []byte, into any) error {
	req, err := http.NewRequestWithContext(ctx, method, a.base+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+a.token)
	req.Header.Set("Content-Type", contentType)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	var envelope struct {
		Status   string
		Response json.RawMessage
	}
	if err := json.Unmarshal(raw, &envelope); err != nil || envelope.Status != "success" {
		return fmt.Errorf("%s %s: %s: %s", method, path, res.Status, raw)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(envelope.Response, into)
}

func (a *sonetel) json(ctx context.Context, method, path string, body, into any) error {
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return a.do(ctx, method, path, "application/json;charset=UTF-8", b, into)
}

type prompt struct {
	ID   string `json:"prompt_id"`
	Name string `json:"name"`
}

// menu makes the voice app and returns its id.
func (a *sonetel) menu(ctx context.Context, account string) (string, error) {
	apps := "/account/" + account + "/voiceapp"
	var app struct {
		ID string `json:"app_id"`
	}
	fields := map[string]any{"app_type": "ivr", "name": "bench", "voice": "en", "play_welcome": "no", "play_menu": "yes", "get_extension": "no"}
	if err := a.json(ctx, http.MethodPost, apps, fields, &app); err != nil {
		return "", err
	}
	prompts := apps + "/" + app.ID + "/prompt"
	var list []prompt
	if err := a.do(ctx, http.MethodGet, prompts, "", nil, &list); err != nil {
		return "", err
	}
	main := ""
	for _, p := range list {
		if p.Name == "Main Menu" {
			main = p.ID
		}
	}
	if main == "" {
		return "", errors.New("the menu has no prompt \"Main Menu\"")
	}
	var key prompt
	if err := a.json(ctx, http.MethodPost, prompts, map[string]string{"name": "Key"}, &key); err != nil {
		return "", err
	}
	if err := a.upload(ctx, main, toneFile(menuHz, menuSound)); err != nil {
		return "", err
	}
	if err := a.upload(ctx, key.ID, toneFile(keyHz, keySound)); err != nil {
		return "", err
	}
	play := map[string]any{"menu": map[string]any{
		"digit_1": map[string]string{"action": "play", "to": "prompt", "id": key.ID},
		"timeout": map[string]string{"action": "connect", "to": "app", "id": app.ID},
	}}
	return app.ID, a.json(ctx, http.MethodPut, apps+"/"+app.ID, play, nil)
}

func (a *sonetel) upload(ctx context.Context, promptID string, wav []byte) error {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("file", "tone.wav")
	if err == nil {
		_, err = part.Write(wav)
	}
	if err = errors.Join(err, form.Close()); err != nil {
		return err
	}
	return a.do(ctx, http.MethodPost, "/prompt/"+promptID+"/message", form.FormDataContentType(), body.Bytes(), nil)
}

// toneFile is a tone as a WAV file of 16 bits at 8 kHz.
func toneFile(hz float64, d time.Duration) []byte {
	n := int(d.Seconds() * 8000)
	le := binary.LittleEndian
	b := append([]byte("RIFF"), le.AppendUint32(nil, uint32(36+2*n))...)
	b = append(b, "WAVEfmt "...)
	for _, v := range []uint32{16, 1 | 1<<16, 8000, 16000, 2 | 16<<16} {
		b = le.AppendUint32(b, v)
	}
	b = append(b, "data"...)
	b = le.AppendUint32(b, uint32(2*n))
	for i := range n {
		b = le.AppendUint16(b, uint16(int16(8000*math.Sin(2*math.Pi*hz*(float64(i)+0.25)/8000))))
	}
	return b
}
