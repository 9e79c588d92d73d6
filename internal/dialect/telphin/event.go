package telphin

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"tandem/internal/dialect"
	"tandem/internal/dialect/input"
	"tandem/internal/voice"
)

// EventTopic is the kind of the resources that are subscriptions to events.
const EventTopic = "telphin/event"

// maxEvents bounds the subscriptions of an extension.
const maxEvents = 50

// The events.
const (
	eventDialIn    = "dial-in"
	eventDialOut   = "dial-out"
	eventAnswer    = "answer"
	eventHangup    = "hangup"
	eventVoicemail = "voicemail"
)

// subscription is what is kept of one.
type subscription struct {
	Extension int64  `json:"extension_id"`
	URL       string `json:"url"`
	Type      string `json:"event_type"`
	Method    string `json:"method"`
}

func eventAnswers(serial int64, s subscription) map[string]any {
	return map[string]any{"id": serial, "url": s.URL, "event_type": s.Type, "method": s.Method}
}

// subscriptions lists those of an extension.
func (q *request) subscriptions(e *extension) ([]voice.Resource, []subscription, error) {
	list, err := dialect.AllResources(q.Context(), q.d.cfg.Resources, q.tenant, EventTopic)
	if err != nil {
		return nil, nil, err
	}
	var own []voice.Resource
	var subs []subscription
	for _, r := range list {
		var s subscription
		if json.Unmarshal(r.Data, &s) == nil && s.Extension == e.serial() {
			own, subs = append(own, r), append(subs, s)
		}
	}
	return own, subs, nil
}

func listEvents(q *request) (any, error) {
	e, err := q.extension()
	if err != nil {
		return nil, err
	}
	own, subs, err := q.subscriptions(e)
	if err != nil {
		return nil, err
	}
	answers := []map[string]any{}
	for i := range own {
		answers = append(answers, eventAnswers(own[i].Serial, subs[i]))
	}
	return paged(q, answers)
}

// merge lays the fields of a request over a subscription and checks it.
func (s *subscription) merge(body input.Fields) error {
	for name, p := range map[string]*string{"url": &s.URL, "event_type": &s.Type, "method": &s.Method} {
		raw, given := body[name]
		if !given {
			continue
		}
		v, err := input.Text(raw, name)
		if err != nil {
			return badf("%s", err)
		}
		*p = v
	}
	s.Method = strings.ToUpper(s.Method)
	u, err := url.Parse(s.URL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || len(s.URL) > 2000:
		return badf("url: %q is no http or https address", cut(s.URL))
	case !slices.Contains([]string{eventDialIn, eventDialOut, eventAnswer, eventHangup, eventVoicemail, "message-in", "message-out"}, s.Type):
		return badf("event_type: %q is none of dial-in, dial-out, answer, hangup, message-in, message-out, voicemail", cut(s.Type))
	case s.Method != http.MethodGet && s.Method != http.MethodPost:
		return badf("method: %q is neither GET nor POST", cut(s.Method))
	}
	return nil
}

func postEvent(q *request) (any, error) {
	e, err := q.extension()
	if err != nil {
		return nil, err
	}
	body, err := q.fields()
	if err != nil {
		return nil, err
	}
	s := subscription{Extension: e.serial(), Method: http.MethodPost}
	if err := s.merge(body); err != nil {
		return nil, err
	}
	own, _, err := q.subscriptions(e)
	if err != nil {
		return nil, err
	}
	if len(own) >= maxEvents {
		return nil, badf("an extension has at most %d subscriptions", maxEvents)
	}
	data, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	now := q.d.cfg.Now()
	r, err := q.d.cfg.Resources.CreateResource(q.Context(), voice.Resource{Tenant: q.tenant, Kind: EventTopic, Data: data, Created: now, Updated: now})
	if err != nil {
		return nil, err
	}
	return eventAnswers(r.Serial, s), nil
}

// event finds the subscription of the path.
func (q *request) event() (voice.Resource, subscription, error) {
	gone := missing("", "event %s does not exist", cut(q.params["event"]))
	e, err := q.extension()
	if err != nil {
		return voice.Resource{}, subscription{}, err
	}
	id, err := q.id("event", gone)
	if err != nil {
		return voice.Resource{}, subscription{}, err
	}
	own, subs, err := q.subscriptions(e)
	if err != nil {
		return voice.Resource{}, subscription{}, err
	}
	for i := range own {
		if own[i].Serial == id {
			return own[i], subs[i], nil
		}
	}
	return voice.Resource{}, subscription{}, gone
}

func getEvent(q *request) (any, error) {
	r, s, err := q.event()
	if err != nil {
		return nil, err
	}
	return eventAnswers(r.Serial, s), nil
}

func putEvent(q *request) (any, error) {
	r, s, err := q.event()
	if err != nil {
		return nil, err
	}
	body, err := q.fields()
	if err != nil {
		return nil, err
	}
	if err := s.merge(body); err != nil {
		return nil, err
	}
	if r.Data, err = json.Marshal(s); err != nil {
		return nil, err
	}
	r.Updated = q.d.cfg.Now()
	if _, err := q.d.cfg.Resources.UpdateResource(q.Context(), r); err != nil {
		return nil, err
	}
	return eventAnswers(r.Serial, s), nil
}

func deleteEvent(q *request) (any, error) {
	r, _, err := q.event()
	if err != nil {
		return nil, err
	}
	return nil, q.d.cfg.Resources.DeleteResource(q.Context(), q.tenant, EventTopic, r.Serial)
}

// deleteEvents removes all of an extension's subscriptions.
func deleteEvents(q *request) (any, error) {
	e, err := q.extension()
	if err != nil {
		return nil, err
	}
	own, _, err := q.subscriptions(e)
	if err != nil {
		return nil, err
	}
	for _, r := range own {
		err := q.d.cfg.Resources.DeleteResource(q.Context(), q.tenant, EventTopic, r.Serial)
		if err != nil && !voice.IsKind(err, voice.NotExist) {
			return nil, err
		}
	}
	return nil, nil
}
