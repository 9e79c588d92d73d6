package routee

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"tandem/internal/dialect/input"
	"tandem/internal/dialect/routeeplan"
	"tandem/internal/voice"
)

// Bounds of tracking.
const (
	defaultSize = 20
	maxSize     = 1000
	// maxSearched bounds the calls that a search looks at, the newest first.
	maxSearched = 1000
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
	item := map[string]any{
		"messageId": MessageID(t.cdr.Call, l.number), "conversationTrackingId": TrackingID(t.cdr.Call), "to": l.to, "from": l.from,
		"country": country(l.to), "status": map[string]any{"status": l.state, "date": stamp(l.changed)},
		"originatingService": service(t.data), "direction": "Outbound", "duration": l.duration(q.d.cfg.Now()),
		"price": 0.0, "chargeInterval": 1, "recordings": of, "groups": []string{},
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
	return item, nil
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
	all, err := q.searched(func(t *track) bool { return t.data[dataCampaign] == q.params["id"] }, time.Time{}, time.Time{})
	if err != nil {
		return nil, err
	}
	return paged(q, all)
}

// searched gives the legs of the tenant's calls by this API that fit, the newest first.
func (q *request) searched(fits func(*track) bool, from, to time.Time) ([]map[string]any, error) {
	apps, err := q.d.cfg.Apps.Apps(q.Context(), q.tenant)
	if err != nil {
		return nil, err
	}
	list, err := q.d.cfg.Calls.CDRs(q.Context(), voice.CDRFilter{Tenant: q.tenant, After: from, Before: to, Limit: maxSearched})
	if err != nil {
		return nil, err
	}
	all := []map[string]any{}
	for _, c := range list {
		ours := strings.HasPrefix(c.Order, orderPrefix) || slices.ContainsFunc(apps, func(a voice.App) bool { return a.Kind == Kind && a.ID == c.App })
		if !ours {
			continue
		}
		t, err := q.trackOf(c)
		if err != nil {
			return nil, err
		}
		if !fits(t) {
			continue
		}
		items, err := q.items(t)
		if err != nil {
			return nil, err
		}
		all = append(all, items...)
	}
	return all, nil
}

// filter is one condition of a search.
type filter struct{ field, operator, term string }

func searchLegs(q *request) (any, error) {
	filters, err := q.filters()
	if err != nil {
		return nil, err
	}
	from, err := q.time("from")
	if err != nil {
		return nil, err
	}
	to, err := q.time("to")
	if err != nil {
		return nil, err
	}
	id := q.URL.Query().Get("trackingId")
	all, err := q.searched(func(t *track) bool { return id == "" || TrackingID(t.cdr.Call) == id || t.data[dataCampaign] == id }, from, to)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(item map[string]any) bool {
		return slices.ContainsFunc(filters, func(f filter) bool { return !f.fits(item) })
	})
	return paged(q, all)
}

// filters reads the body: one filter, a list of them, or nothing.
func (q *request) filters() ([]filter, error) {
	data, err := readLimited(q.Body)
	if err != nil {
		return nil, badf(codeNoJSON, "%s", err)
	}
	list := []json.RawMessage{data}
	switch {
	case len(data) == 0:
		return nil, nil
	case data[0] == '[':
		if err := json.Unmarshal(data, &list); err != nil {
			return nil, badf(codeNoJSON, "the body is not JSON: %s", err)
		}
	}
	var all []filter
	for _, raw := range list {
		f, err := input.ParseObject(raw)
		if err != nil {
			return nil, badf(codeNoJSON, "%s", err)
		}
		if len(f) == 0 {
			continue
		}
		x, err := readFilter(f)
		if err != nil {
			return nil, coded(codeAction, err)
		}
		all = append(all, x)
	}
	return all, nil
}

func readFilter(f input.Fields) (x filter, err error) {
	for name, p := range map[string]*string{"fieldName": &x.field, "searchOperator": &x.operator, "searchTerm": &x.term} {
		if *p, err = routeeplan.Text(f[name], name, 500); err != nil {
			return x, err
		}
	}
	if !slices.Contains([]string{"id", "recipient", "from", "collectedTones", "groups", "country", "status.status", "campaign"}, x.field) {
		return x, voice.InvalidField("", "fieldName", "fieldName: %q is none of id, recipient, from, collectedTones, groups, country, status.status, campaign", x.field).Err
	}
	x.operator = strings.ToLower(x.operator)
	if !slices.Contains([]string{"is", "is_not", "contains", "starts_with", "ends_with"}, x.operator) {
		return x, voice.InvalidField("", "searchOperator", "searchOperator: %q is none of is, is_not, contains, starts_with, ends_with", x.operator).Err
	}
	return x, nil
}

func (f filter) fits(item map[string]any) bool {
	name := map[string]string{"id": "messageId", "recipient": "to", "status.status": "status"}[f.field]
	if name == "" {
		name = f.field
	}
	value, _ := item[name].(string)
	if s, is := item[name].(map[string]any); is {
		value, _ = s["status"].(string)
	}
	value, term := strings.ToLower(value), strings.ToLower(f.term)
	switch f.operator {
	case "is":
		return value == term
	case "is_not":
		return value != term
	case "contains":
		return strings.Contains(value, term)
	case "starts_with":
		return strings.HasPrefix(value, term)
	}
	return strings.HasSuffix(value, term)
}

// time reads a time of the query; zero when there is none.
func (q *request) time(name string) (time.Time, error) {
	s := q.URL.Query().Get(name)
	if s == "" {
		return time.Time{}, nil
	}
	for _, form := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02T15:04:05.000-0700", "2006-01-02"} {
		if t, err := time.Parse(form, strings.ReplaceAll(s, " ", "+")); err == nil {
			return t, nil
		}
	}
	return time.Time{}, badf(codeAction, "%s: %q is no ISO 8601 time", name, s)
}

// page is a part of a list.
type page struct {
	Content          any  `json:"content"`
	First            bool `json:"first"`
	Last             bool `json:"last"`
	Number           int  `json:"number"`
	NumberOfElements int  `json:"numberOfElements"`
	Size             int  `json:"size"`
	TotalElements    int  `json:"totalElements"`
	TotalPages       int  `json:"totalPages"`
}

// paged gives the page of a list that the query asks for: page from 0, size 20.
// sort turns the order of their dates with "asc".
func paged[T any](q *request, all []T) (page, error) {
	p := page{Size: defaultSize, TotalElements: len(all)}
	for name, to := range map[string]*int{"page": &p.Number, "size": &p.Size} {
		s := q.URL.Query().Get(name)
		if s == "" {
			continue
		}
		n, err := strconv.Atoi(s)
		if err != nil || n < 0 || name == "size" && (n == 0 || n > maxSize) {
			return p, badf(codeAction, "%s: %q is no number in range", name, s)
		}
		*to = n
	}
	if strings.HasSuffix(strings.ToLower(q.URL.Query().Get("sort")), "asc") {
		all = slices.Clone(all)
		slices.Reverse(all)
	}
	from := min(p.Number*p.Size, len(all))
	content := all[from:min(from+p.Size, len(all))]
	p.Content, p.NumberOfElements = content, len(content)
	if content == nil {
		p.Content = []T{}
	}
	p.TotalPages = (len(all) + p.Size - 1) / p.Size
	p.First, p.Last = p.Number == 0, p.Number >= p.TotalPages-1
	return p, nil
}
