package routee

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"tandem/internal/dialect/input"
	"tandem/internal/dialect/routeeplan"
	"tandem/internal/voice"
)

// scope is the calls of the tenant by this API that a search looks at.
type scope struct {
	from, to time.Time // of their beginning; zero = not bounded
	id       string    // tracking or message id of the only one; "" = all
	campaign string    // tracking id of the campaign that they are of; "" = all
}

func searchLegs(q *request) (any, error) {
	filters, err := q.filters()
	if err != nil {
		return nil, err
	}
	var s scope
	if s.from, err = q.time("from"); err != nil {
		return nil, err
	}
	if s.to, err = q.time("to"); err != nil {
		return nil, err
	}
	s.id = q.URL.Query().Get("trackingId")
	if s.id != "" {
		switch _, _, err := q.campaign(s.id); {
		case err == nil:
			s.campaign, s.id = s.id, ""
		case !isNotFound(err):
			return nil, err
		}
	}
	for _, f := range filters { // what can be found without looking at every call
		switch {
		case f.operator == "is" && f.field == "id" && s.id == "":
			s.id = f.term
		case f.operator == "is" && f.field == "campaign" && s.campaign == "":
			s.campaign = strings.ToLower(f.term)
		}
	}
	return q.searched(s, filters)
}

// searched gives the page of the legs within s that fit. It reads the calls one by
// one and holds no more than the page.
func (q *request) searched(s scope, filters []filter) (page, error) {
	w, err := q.window()
	if err != nil {
		return page{}, err
	}
	content := []map[string]any{}
	err = q.eachTrack(s, w.oldest, func(t *track) error {
		legs := slices.Clone(t.legs)
		if w.oldest {
			slices.Reverse(legs)
		}
		for _, l := range legs {
			item := q.plainItem(t, l)
			if slices.ContainsFunc(filters, func(f filter) bool { return !f.fits(item) }) || !w.takes() {
				continue
			}
			item, err := q.item(t, l)
			if err != nil {
				return err
			}
			content = append(content, item)
		}
		return nil
	})
	if err != nil {
		return page{}, err
	}
	return w.page(content, len(content)), nil
}

// eachTrack gives f the calls within s, the newest first unless oldest.
func (q *request) eachTrack(s scope, oldest bool, f func(*track) error) error {
	if s.id != "" {
		t, err := q.tracked(s.id, "conversation")
		switch {
		case isNotFound(err):
			return nil
		case err != nil:
			return err
		case t.cdr.Start.Before(s.from) || !s.to.IsZero() && !t.cdr.Start.Before(s.to) || s.campaign != "" && t.data[dataCampaign] != s.campaign:
			return nil
		}
		return f(t)
	}
	apps, err := q.d.cfg.Apps.Apps(q.Context(), q.tenant)
	if err != nil {
		return err
	}
	filter := voice.CDRFilter{Tenant: q.tenant, After: s.from, Before: s.to, Oldest: oldest, Limit: searchStep}
	if s.campaign != "" {
		filter.OrderBegins = (&campaign{ID: s.campaign}).orders()
	}
	for {
		list, err := q.d.cfg.Calls.CDRs(q.Context(), filter)
		if err != nil {
			return err
		}
		for _, c := range list {
			filter.Past = voice.CDRPlace{Start: c.Start, Call: c.Call}
			ours := strings.HasPrefix(c.Order, orderPrefix) || slices.ContainsFunc(apps, func(a voice.App) bool { return a.Kind == Kind && a.ID == c.App })
			if !ours {
				continue
			}
			t, err := q.trackOf(c)
			if err == nil {
				err = f(t)
			}
			if err != nil {
				return err
			}
		}
		if len(list) < searchStep {
			return nil
		}
	}
}

// filter is one condition of a search.
type filter struct{ field, operator, term string }

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
