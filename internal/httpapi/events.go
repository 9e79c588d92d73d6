package httpapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"tandem/internal/voice"
)

// Times of a stream of events.
const (
	heartbeat   = 15 * time.Second // between comments on a silent stream
	streamWrite = 10 * time.Second // for one event to be taken
	streamRetry = 3000             // ms after which a client is to come back
)

const streamType = "text/event-stream"

func (a *API) registerEvents() {
	handle(a, route{id: "stream-events", method: http.MethodGet, path: "/events", section: "Events", scope: CallsRead, content: streamType,
		title: "Listen to the events of calls",
		text: "Server-sent events: \"event\" is the kind, \"data\" an entry of a call's timeline as JSON. A comment comes every 15 s. " +
			"With Last-Event-ID come the events since then, as far as they are remembered; an event \"gap\" says that some are not. " +
			"A client that does not read is dropped with an event \"dropped\"."}, a.streamEvents)
}

func (a *API) streamEvents(_ context.Context, c caller, in *struct {
	Call        string   `query:"call" maxLength:"64" doc:"Only those of this call"`
	Kinds       []string `query:"kinds" maxItems:"50" doc:"Only these, parted by commas: call.arrived,call.ended"`
	LastEventID string   `header:"Last-Event-ID" maxLength:"64" doc:"Id of the last event that you have"`
}) (*huma.StreamResponse, error) {
	who := &client{tenant: c.tenant, call: voice.CallID(in.Call)}
	if len(in.Kinds) > 0 {
		who.kinds = map[string]bool{}
		for _, k := range in.Kinds {
			who.kinds[strings.TrimSpace(k)] = true
		}
	}
	missed, gap, err := a.cfg.Events.join(who, in.LastEventID)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		defer a.cfg.Events.leave(who)
		r, w := humago.Unwrap(ctx)
		s := stream{hub: a.cfg.Events, w: w, control: http.NewResponseController(w), beat: a.cfg.Heartbeat, valid: a.stillValid(r, CallsRead)}
		w.Header().Set("Content-Type", streamType)
		w.Header().Set("X-Accel-Buffering", "no") // for proxies that hold answers back
		// The server's times are for requests that end. Without this the stream would
		// be cut; where it can't be, it is.
		_ = s.control.SetReadDeadline(time.Time{})
		s.run(r.Context(), who, missed, gap)
	}}, nil
}

// stillValid asks whether the key of a request is valid yet and has a scope. A store
// that does not answer ends no stream.
func (a *API) stillValid(r *http.Request, need Scope) func(context.Context) bool {
	if a.cfg.Session != nil && r.Header.Get("Authorization") == "" {
		return func(context.Context) bool {
			u, err := a.cfg.Session(r)
			return err == nil && personal(u).may(need) || err != nil && !voice.IsKind(err, voice.Permission)
		}
	}
	_, key, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return func(ctx context.Context) bool {
		token, err := a.cfg.Keys.Check(ctx, strings.TrimSpace(key), r.RemoteAddr)
		return err == nil && (caller{key: token}).may(need) || err != nil && !voice.IsKind(err, voice.Permission)
	}
}

// stream writes to one client.
type stream struct {
	hub     *Hub
	w       http.ResponseWriter
	control *http.ResponseController
	beat    time.Duration
	valid   func(context.Context) bool // whether the client's key still is
}

// hello begins a stream.
func hello() string { return fmt.Sprintf("retry: %d\n\n", streamRetry) }

// run writes until the client goes, is dropped or the hub closes.
func (s *stream) run(ctx context.Context, who *client, missed []numbered, gap bool) {
	first := hello()
	if gap {
		first += "event: gap\ndata: {\"reason\":\"events between are not remembered\"}\n\n"
	}
	if s.write(first) != nil {
		return
	}
	for _, v := range missed {
		if s.event(v) != nil {
			return
		}
	}
	beat := time.NewTicker(s.beat)
	defer beat.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-beat.C:
			if !s.valid(ctx) {
				s.farewell("the key is not valid any more")
				return
			}
			if s.write(": still here\n\n") != nil {
				return
			}
		case v, ok := <-who.events:
			if !ok {
				s.farewell(who.why)
				return
			}
			if s.event(v) != nil {
				return
			}
		}
	}
}

// farewell says why the stream ends.
func (s *stream) farewell(why string) {
	raw, _ := json.Marshal(map[string]string{"reason": why})
	_ = s.write("event: dropped\ndata: " + string(raw) + "\n\n") // the last word, heard or not
}

func (s *stream) event(v numbered) error {
	raw, err := json.Marshal(v.Event)
	if err != nil {
		return err
	}
	return s.write("id: " + s.hub.id(v.n) + "\nevent: " + string(v.Kind) + "\ndata: " + string(raw) + "\n\n")
}

func (s *stream) write(text string) error {
	// A writer without deadlines has none to be too late for.
	_ = s.control.SetWriteDeadline(time.Now().Add(streamWrite))
	if _, err := s.w.Write([]byte(text)); err != nil {
		return err
	}
	return s.control.Flush()
}
