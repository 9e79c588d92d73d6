package routee

import (
	"slices"
	"strings"

	"tandem/internal/voice"
)

// Bounds of tracking.
const (
	defaultSize = 20
	maxSize     = 1000
	maxPage     = 1_000_000
	// searchStep is how many calls a search reads at once.
	searchStep = 200
)

// timeline gives a call of the tenant as its record and events tell it.
func (q *request) timeline(id voice.CallID) (*track, error) {
	c, err := q.d.cfg.Calls.CDR(q.Context(), q.tenant, id)
	if err != nil {
		return nil, err
	}
	return q.trackOf(c)
}

func (q *request) trackOf(c voice.CDR) (*track, error) {
	events, err := q.d.cfg.Calls.Events(q.Context(), c.Call)
	if err != nil {
		return nil, err
	}
	return follow(c, events), nil
}

// found finds the call and leg of an id, a tracking id or a message id.
func (q *request) found(id, what string) (*track, legRef, error) {
	for _, ref := range candidates(id) {
		t, err := q.timeline(ref.call)
		switch {
		case voice.IsKind(err, voice.NotExist):
			continue
		case err != nil:
			return nil, ref, err
		case ref.leg < len(t.legs):
			return t, ref, nil
		}
	}
	return nil, legRef{}, notFound(what)
}

func (q *request) tracked(id, what string) (*track, error) {
	t, _, err := q.found(id, what)
	return t, err
}

// item gives a leg as tracking shows it.
func (q *request) item(t *track, l *leg) (map[string]any, error) {
	item := q.plainItem(t, l)
	recordings, err := q.recordings(t)
	if err != nil {
		return nil, err
	}
	of := []map[string]any{}
	for _, r := range recordings {
		if slices.Contains(l.recordings, r["trackingId"].(voice.RecordingID)) {
			of = append(of, r)
		}
	}
	item["recordings"] = of
	return item, nil
}

// plainItem gives a leg without its recordings.
func (q *request) plainItem(t *track, l *leg) map[string]any {
	item := map[string]any{
		"messageId": MessageID(t.cdr.Call, l.number), "conversationTrackingId": TrackingID(t.cdr.Call), "to": l.to, "from": l.from,
		"country": country(l.to), "status": map[string]any{"status": l.state, "date": stamp(l.changed)},
		"originatingService": service(t.data), "direction": "Outbound", "duration": l.duration(q.d.cfg.Now()),
		"price": 0.0, "chargeInterval": 1, "groups": []string{},
	}
	if l.number == first {
		item["direction"] = t.direction()
		item["collectedTones"] = strings.Join(t.tones, ",")
	}
	if l.answeredBy != "" {
		item["answeredBy"] = l.answeredBy
	}
	if c := t.data[dataCampaign]; c != "" {
		item["campaign"] = c
	}
	return item
}

func service(data map[string]string) string {
	if s := data[dataService]; s != "" {
		return s
	}
	return serviceConversation
}

func (q *request) items(t *track) ([]map[string]any, error) {
	var all []map[string]any
	for _, l := range t.legs {
		item, err := q.item(t, l)
		if err != nil {
			return nil, err
		}
		all = append(all, item)
	}
	return all, nil
}

func trackConversation(q *request) (any, error) {
	t, err := q.tracked(q.params["id"], "conversation")
	if err != nil {
		return nil, err
	}
	all, err := q.items(t)
	if err != nil {
		return nil, err
	}
	return paged(q, all)
}

func trackLeg(q *request) (any, error) {
	t, ref, err := q.found(q.params["id"], "message")
	if err != nil {
		return nil, err
	}
	return q.item(t, t.legs[ref.leg])
}

func trackCampaign(q *request) (any, error) {
	if _, _, err := q.campaign(q.params["id"]); err != nil {
		return nil, err
	}
	return q.searched(scope{campaign: q.params["id"]}, nil)
}
