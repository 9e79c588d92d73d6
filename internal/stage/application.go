package stage

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"time"

	"tandem/internal/dialect"
	"tandem/internal/notify"
	"tandem/internal/suite"
	"tandem/internal/voice"
)

// Begin implements suite.Application.
func (s *Stage) Begin(c *suite.Control) {
	if c == nil {
		s.Direct(nil)
		return
	}
	s.Direct(c)
}

// Direct says which calls the APIs are about from now on; nil = none are up.
func (s *Stage) Direct(c Control) {
	s.control, s.owes = c, false
	s.pump = notify.NewPump(notify.PumpConfig{Notifiers: []dialect.Notifier{s.hoiio, s.routee}, Changes: func() uint64 { return 1 },
		Subscribed: func(context.Context) ([]voice.TenantID, error) { return []voice.TenantID{tenant}, nil }})
}

// while waits for f, which goes on in a goroutine, and does what the application orders
// meanwhile.
func (s *Stage) while(f func()) {
	done := make(chan struct{})
	go func() { // ends with f, which is bounded by time
		defer close(done)
		f()
	}()
	for {
		select {
		case o := <-s.orders:
			s.carry(o)
		case <-done:
			return
		}
	}
}

func (s *Stage) carry(o order) {
	o.do()
	close(o.done)
}

// on has f done by the goroutine that runs the test.
func (s *Stage) on(ctx context.Context, f func()) error {
	o := order{f, make(chan struct{})}
	t := time.NewTimer(orderTime)
	defer t.Stop()
	select {
	case s.orders <- o:
		<-o.done
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return voice.Errorf("stage.on", voice.Unavailable, "no test is running")
	}
}

// Still implements suite.Application: who was told of something and has answered is
// waited for while a call waits for commands.
func (s *Stage) Still() bool {
	select {
	case o := <-s.orders:
		s.carry(o)
		return true
	default:
	}
	if !s.owes || !s.control.Waits() {
		return false
	}
	t := time.NewTimer(s.opt.Think)
	defer t.Stop()
	select {
	case o := <-s.orders:
		s.carry(o)
		return true
	case <-t.C:
		s.owes = false // it wants nothing now: time goes on
		return false
	}
}

// Tell implements suite.Application.
func (s *Stage) Tell(e voice.Event, record *voice.CDR) {
	ctx := context.Background() // what is done here is bounded by itself
	s.keep(ctx, e, record)
	render := s.pump.Follow(e, record)
	if render == nil {
		return
	}
	ds, err := render(ctx)
	if err != nil {
		s.control.Note(e.Call, voice.Event{Kind: voice.EventWebhookFailed, Text: "what the application is to be told can't be made: " + voice.Reason(err)})
		return
	}
	for _, d := range ds {
		s.deliver(ctx, e, d)
	}
}

// keep stores what the APIs are asked for later.
func (s *Stage) keep(ctx context.Context, e voice.Event, record *voice.CDR) {
	var err error
	switch {
	case record != nil:
		err = s.store.PutCDR(ctx, *record)
	case e.Kind == voice.EventRecordingFinished && e.Data["recording"] != "":
		id := voice.RecordingID(e.Data["recording"])
		if _, missing := s.store.Recording(ctx, tenant, id); missing != nil {
			err = s.store.CreateRecording(ctx, voice.Recording{ID: id, Tenant: tenant, Call: e.Call, User: owner, Purpose: voice.RecordingPurpose(e.Data["purpose"]),
				State: voice.RecordingFinished, Created: e.At, Ended: e.At, Channels: 1})
		}
	}
	if err != nil {
		s.control.Note(e.Call, voice.Event{Kind: voice.EventWebhookFailed, Text: "the stage can't keep it: " + voice.Reason(err)})
	}
}

// sendTime bounds what the application may take for an answer to being told.
const sendTime = 10 * time.Second

// deliver tells the application of something.
func (s *Stage) deliver(ctx context.Context, e voice.Event, d voice.Delivery) {
	headers := map[string]string{}
	maps.Copy(headers, d.Headers)
	if strings.HasPrefix(d.Signature, "hoiio/") {
		signed, _, err := s.hoiio.Sign(ctx, d, time.Now())
		if err != nil {
			s.control.Note(e.Call, voice.Event{Kind: voice.EventWebhookFailed, Text: "it can't be signed: " + voice.Reason(err)})
			return
		}
		maps.Copy(headers, signed)
	}
	s.owes = true
	a, err := s.Request(ctx, voice.HTTPRequest{Method: d.Method, URL: d.URL, Headers: headers, Type: d.Type, Body: []byte(d.Body), Timeout: sendTime})
	text := "the application is told: " + d.Purpose
	switch {
	case err != nil:
		s.control.Note(e.Call, voice.Event{Kind: voice.EventWebhookFailed, Text: text + ": " + voice.Reason(err)})
		s.owes = false
	case a.Status > 299:
		s.control.Note(e.Call, voice.Event{Kind: voice.EventWebhookFailed, Text: fmt.Sprintf("%s: it answers with status %d", text, a.Status)})
	default:
		s.control.Note(e.Call, voice.Event{Kind: voice.EventWebhookSent, Text: text})
	}
}

// place gives where an address of the application is; an error for any other.
func (s *Stage) place(address string) (string, error) {
	const op = "stage.place"
	switch {
	case s.opt.App == "":
		return "", voice.Errorf(op, voice.Permission, "the test has no answer of %s, and there is no application: --app or --run names one", address)
	case strings.HasPrefix(address, "/"):
		return s.opt.App + address, nil
	}
	for _, base := range []string{s.opt.App, s.as} {
		rest, ok := strings.CutPrefix(address, base)
		if base != "" && ok && (rest == "" || strings.ContainsAny(rest[:1], "/?")) {
			if rest == "" || rest[0] == '?' {
				rest = "/" + rest
			}
			return s.opt.App + rest, nil
		}
	}
	return "", voice.Errorf(op, voice.Permission, "the test has no answer of %s, and the application is at %s alone", address, s.opt.App)
}

// check is hoiio.Config.CheckURL.
func (s *Stage) check(_ context.Context, address string) error {
	if s.opt.App == "" {
		return nil
	}
	_, err := s.place(address)
	return err
}

// Request implements suite.Application.
func (s *Stage) Request(ctx context.Context, r voice.HTTPRequest) (voice.HTTPAnswer, error) {
	const op = "stage.Request"
	address, err := s.place(r.URL)
	if err != nil {
		return voice.HTTPAnswer{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, min(max(r.Timeout, time.Second), sendTime))
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, r.Method, address, bytes.NewReader(r.Body))
	if err != nil {
		return voice.HTTPAnswer{}, voice.E(op, voice.Invalid, err)
	}
	for name, value := range r.Headers {
		req.Header.Set(name, value)
	}
	if r.Type != "" {
		req.Header.Set("Content-Type", r.Type)
	}
	var a voice.HTTPAnswer
	s.while(func() { a, err = s.send(req) })
	return a, err
}

func (s *Stage) send(req *http.Request) (voice.HTTPAnswer, error) {
	const op = "stage.send"
	res, err := s.client.Do(req)
	if err != nil {
		return voice.HTTPAnswer{}, voice.Errorf(op, voice.Unavailable, "nothing came from the application: %w", err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, voice.MaxHTTPAnswer+1))
	switch {
	case err != nil:
		return voice.HTTPAnswer{}, voice.Errorf(op, voice.Unavailable, "the application's answer broke off: %w", err)
	case len(body) > voice.MaxHTTPAnswer:
		return voice.HTTPAnswer{}, voice.Errorf(op, voice.Limit, "the application's answer has more than %d bytes", voice.MaxHTTPAnswer)
	}
	return voice.HTTPAnswer{Status: res.StatusCode, Type: res.Header.Get("Content-Type"), Body: body}, nil
}

// Converse implements suite.Application.
func (s *Stage) Converse(ctx context.Context) error {
	const op = "stage.Converse"
	if s.conversation == nil {
		return voice.Errorf(op, voice.Invalid, "the flow under test is no Routee conversation")
	}
	req := httptest.NewRequestWithContext(ctx, http.MethodPost, "/routee/voice/conversation", bytes.NewReader(s.conversation))
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+s.bearer)
	rec := httptest.NewRecorder()
	s.while(func() { s.routee.Handler("/routee").ServeHTTP(rec, req) })
	if rec.Code > 299 {
		return voice.Errorf(op, voice.Invalid, "the conversation is refused: %s", strings.TrimSpace(rec.Body.String()))
	}
	return nil
}

func quoted(s string) string {
	text, err := json.Marshal(s)
	if err != nil {
		return `""`
	}
	return string(text)
}

// liveOf finds a call among those that are up.
func liveOf(list []voice.LiveCall, id voice.CallID) (voice.LiveCall, error) {
	i := slices.IndexFunc(list, func(c voice.LiveCall) bool { return c.Info.ID == id })
	if i < 0 {
		return voice.LiveCall{}, voice.Errorf("stage.live", voice.NotExist, "call %s is not up", id)
	}
	return list[i], nil
}
