package httpapi_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"tandem/internal/httpapi"
	"tandem/internal/voice"
)

// sent is a server-sent event.
type sent struct{ id, event, data string }

// listener reads a stream of events.
type listener struct {
	t      *testing.T
	events chan sent
	cancel context.CancelFunc
	header http.Header
}

// listen opens a stream at a real server whose times are too short for it.
func (f *fixture) listen(server *httptest.Server, key, query, lastID string) *listener {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(f.t.Context(), 20*time.Second)
	req, _ := http.NewRequestWithContext(ctx, "GET", server.URL+httpapi.Prefix+"/events"+query, nil)
	req.Header.Set("Authorization", "Bearer "+key)
	if lastID != "" {
		req.Header.Set("Last-Event-ID", lastID)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		f.t.Fatal(err)
	}
	if res.StatusCode != 200 {
		f.t.Fatalf("events: %d", res.StatusCode)
	}
	l := &listener{t: f.t, events: make(chan sent, 2000), cancel: cancel, header: res.Header}
	f.t.Cleanup(cancel)
	go func() { // ends with the stream
		defer close(l.events)
		defer res.Body.Close()
		var e sent
		for lines := bufio.NewScanner(res.Body); lines.Scan(); {
			name, value, _ := strings.Cut(lines.Text(), ": ")
			switch name {
			case "id":
				e.id = value
			case "event":
				e.event = value
			case "data":
				e.data = value
			case "":
				if e != (sent{}) {
					l.events <- e
				}
				e = sent{}
			}
		}
	}()
	return l
}

// next waits for an event.
func (l *listener) next() sent {
	l.t.Helper()
	select {
	case e, ok := <-l.events:
		if !ok {
			l.t.Fatal("the stream has ended")
		}
		return e
	case <-time.After(10 * time.Second):
		l.t.Fatal("no event came")
		return sent{}
	}
}

// is waits for an event and checks its kind and call.
func (l *listener) is(kind voice.EventKind, call voice.CallID) sent {
	l.t.Helper()
	e := l.next()
	var v voice.Event
	if err := json.Unmarshal([]byte(e.data), &v); err != nil {
		l.t.Fatalf("%+v: %v", e, err)
	}
	if e.event != string(kind) || v.Kind != kind || v.Call != call {
		l.t.Errorf("got %+v, want %s of %s", e, kind, call)
	}
	return e
}

func (f *fixture) publish(t voice.TenantID, call voice.CallID, kinds ...voice.EventKind) {
	for i, k := range kinds {
		f.hub.Publish(voice.Event{Call: call, Tenant: t, Seq: i + 1, At: begin, Kind: k, Text: "text\nof two lines"})
	}
}

func (f *fixture) serve() *httptest.Server {
	s := httptest.NewUnstartedServer(f.api)
	s.Config.ReadTimeout, s.Config.WriteTimeout = 200*time.Millisecond, 200*time.Millisecond
	s.Start()
	f.t.Cleanup(func() { f.hub.Close(); s.Close() })
	return s
}

func TestEventsStream(t *testing.T) {
	f := newFixture(t)
	s := f.serve()
	all, one := f.listen(s, f.key, "", ""), f.listen(s, f.key, "?call=c2&kinds=call.arrived,call.ended", "")
	if all.header.Get("Content-Type") != "text/event-stream" {
		t.Errorf("header: %v", all.header)
	}
	f.publish(f.other, "theirs", voice.EventCallArrived)
	f.publish("", "c1", voice.EventCallArrived) // before its account is known
	f.publish("", "scan", voice.EventCallArrived, voice.EventCallEnded)
	f.publish(f.tenant, "c1", voice.EventAppEntered)
	all.is(voice.EventCallArrived, "c1")
	last := all.is(voice.EventAppEntered, "c1")
	f.publish(f.tenant, "c2", voice.EventCallArrived, voice.EventDigit, voice.EventCallEnded)
	one.is(voice.EventCallArrived, "c2")
	one.is(voice.EventCallEnded, "c2")

	back := f.listen(s, f.key, "", last.id)
	back.is(voice.EventCallArrived, "c2")
	back.is(voice.EventDigit, "c2")
	back.is(voice.EventCallEnded, "c2")
	stale := f.listen(s, f.key, "", "othertime-7")
	if e := stale.next(); e.event != "gap" {
		t.Errorf("an id of another time: %+v", e)
	}
	f.refused(f.as(f.newKey(f.tenant, httpapi.AppsRead), "GET", "/events", ""), 403, "calls:read", "a scope is missing")

	// Longer than the server's times for requests.
	patience := time.NewTimer(600 * time.Millisecond)
	<-patience.C
	f.publish(f.tenant, "c3", voice.EventCallArrived)
	stale.is(voice.EventCallArrived, "c3")

	f.hub.Close()
	if e := stale.next(); e.event != "dropped" || !strings.Contains(e.data, "stopping") {
		t.Errorf("the end: %+v", e)
	}
}

func TestSlowListenersAreDropped(t *testing.T) {
	f := newFixture(t)
	s := f.serve()
	l := f.listen(s, f.key, "", "")
	// Nothing waits here for the stream to be written, so its buffer runs over.
	for i := range 100_000 {
		f.publish(f.tenant, voice.CallID(fmt.Sprint("c", i)), voice.EventCallArrived)
	}
	for e := range l.events {
		if e.event == "dropped" {
			if !strings.Contains(e.data, "faster than you read") {
				t.Errorf("dropped: %+v", e)
			}
			return
		}
	}
	t.Error("the stream ended without a word")
}

func TestListenersAreBounded(t *testing.T) {
	f := newFixture(t)
	s := f.serve()
	for range 20 {
		f.listen(s, f.key, "", "")
	}
	f.fails(429, "20 clients", "GET", "/events", "")
	other := f.listen(s, f.foreign, "", "")
	f.publish(f.other, "c1", voice.EventCallArrived)
	other.is(voice.EventCallArrived, "c1")
}

func TestStreamEndsWithItsKey(t *testing.T) {
	f := newFixture(t)
	f.config.Heartbeat = 20 * time.Millisecond
	f.restart()
	s := f.serve()
	made := f.ok(201, "POST", "/keys", `{"name":"ears","scopes":["calls:read"]}`).body
	l := f.listen(s, made["secret"].(string), "", "")
	f.publish(f.tenant, "c1", voice.EventCallArrived)
	l.is(voice.EventCallArrived, "c1")
	f.ok(204, "DELETE", "/keys/"+made["id"].(string), "")
	if e := l.next(); e.event != "dropped" || !strings.Contains(e.data, "not valid any more") {
		t.Errorf("after the key was deleted: %+v", e)
	}
}
