package smartflo

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"tandem/internal/dialect/smartfloivr"
	"tandem/internal/voice"
)

// maxRecords bounds the call records that one request looks through.
const maxRecords = 10_000

// recordView is a call record as the list shows it.
type recordView struct {
	ID          string  `json:"id"`
	CallID      string  `json:"call_id"`
	UUID        string  `json:"uuid"`
	Direction   string  `json:"direction"`
	Description string  `json:"description"`
	Detailed    string  `json:"detailed_description"`
	Status      string  `json:"status"`
	Blocked     *int64  `json:"blocked_number_id"`
	Recording   *string `json:"recording_url"`
	Service     string  `json:"service"`
	Date        string  `json:"date"`
	Time        string  `json:"time"`
	End         string  `json:"end_stamp"`
	Duration    int     `json:"call_duration"`    // s
	Answered    int     `json:"answered_seconds"` // s
	Client      string  `json:"client_number"`
	Agent       string  `json:"agent_number"`
	AgentName   string  `json:"agent_name"`
	DID         string  `json:"did_number"`
	Cause       string  `json:"hangup_cause"`
	CauseWords  string  `json:"hangup_cause_description"`
	RefID       string  `json:"ref_id"`
	Identifier  string  `json:"custom_identifier"`
	IVR         int64   `json:"ivr_id"`
}

// moment reads a time of a query: with the time of day, or a day alone.
func moment(s, field string, zone *time.Location, end bool) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	for _, form := range []string{timeForm, time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04"} {
		if t, err := time.ParseInLocation(form, s, zone); err == nil {
			if end {
				t = t.Add(time.Second) // up to and with it
			}
			return t, nil
		}
	}
	t, err := time.ParseInLocation(time.DateOnly, s, zone)
	if err != nil {
		return t, bad("The %s field is invalid: %q is not a time of the form YYYY-MM-DD HH:MM:SS.", field, s)
	}
	if end {
		t = t.AddDate(0, 0, 1)
	}
	return t, nil
}

func listRecords(q *request) (any, error) {
	zone, query := q.d.zone(q.Context(), q.tenant), q.URL.Query()
	f := voice.CDRFilter{Tenant: q.tenant, Limit: maxRecords}
	var err error
	if f.After, err = moment(query.Get("from_date"), "from_date", zone, false); err != nil {
		return nil, err
	}
	if f.Before, err = moment(query.Get("to_date"), "to_date", zone, true); err != nil {
		return nil, err
	}
	page, err := q.count("page", 1, maxRecords)
	if err != nil {
		return nil, err
	}
	limit, err := q.count("limit", 20, maxPage)
	if err != nil {
		return nil, err
	}
	page, limit = max(page, 1), max(limit, 1)
	keep, err := q.recordFilter()
	if err != nil {
		return nil, err
	}
	cdrs, err := q.d.cfg.Calls.CDRs(q.Context(), f)
	if err != nil {
		return nil, err
	}
	about, err := q.people()
	if err != nil {
		return nil, err
	}
	results := []recordView{}
	for _, c := range cdrs {
		if v := about.view(c, zone); !c.End.IsZero() && keep(v) {
			results = append(results, v)
		}
	}
	count := len(results)
	first := min(int(page-1)*int(limit), count)
	results = results[first:min(first+int(limit), count)]
	for i := range results {
		if results[i].Recording, err = q.recordingURL(results[i].CallID); err != nil {
			return nil, err
		}
	}
	return struct {
		Count   int          `json:"count"`
		Limit   int64        `json:"limit"`
		Size    int          `json:"size"`
		Page    int64        `json:"page"`
		Results []recordView `json:"results"`
	}{count, limit, len(results), page, results}, nil
}

// list reads a filter that may be given several times: agents[]=1, agents=1,2.
func (q *request) list(name string) []string {
	query := q.URL.Query()
	var list []string
	for _, v := range append(query[name], query[name+"[]"]...) {
		list = append(list, strings.FieldsFunc(v, func(r rune) bool { return r == ',' || r == ' ' })...)
	}
	return list
}

// recordFilter reads the filters that call records have.
func (q *request) recordFilter() (func(recordView) bool, error) {
	query := q.URL.Query()
	for _, name := range []string{"operator", "services", "broadcast"} {
		if query.Get(name) != "" {
			return nil, bad("The %s field is not supported: this server does not know it of a call.", name)
		}
	}
	kind := query.Get("call_type")
	if kind != "" && kind != "c" && kind != "m" {
		return nil, bad("The call_type field is invalid: %q is neither c (answered) nor m (missed).", kind)
	}
	seconds, err := q.count("duration", 0, 1<<31)
	if err != nil {
		return nil, err
	}
	agents, ivrs, departments := q.list("agents"), q.list("ivr"), q.list("department")
	for i, a := range agents { // "agent|12", "extension|0504…"
		agents[i] = a[strings.LastIndexByte(a, '|')+1:]
	}
	same := func(want, got string) bool {
		want = strings.TrimPrefix(want, "+")
		return want == "" || strings.HasSuffix(got, strings.TrimPrefix(want, "0"))
	}
	return func(v recordView) bool {
		return (kind == "" || (kind == "c") == (v.Status == "answered")) &&
			int64(v.Duration) >= seconds &&
			(query.Get("direction") == "" || strings.EqualFold(query.Get("direction"), v.Direction)) &&
			same(query.Get("callerid"), v.Client) && same(query.Get("destination"), v.DID) && same(query.Get("did_number"), v.DID) &&
			(len(ivrs) == 0 || slices.Contains(ivrs, strconv.FormatInt(v.IVR, 10))) &&
			(len(departments) == 0 || slices.ContainsFunc(departments, func(d string) bool { return strings.Contains(v.Detailed, "department "+d) })) &&
			(len(agents) == 0 || slices.ContainsFunc(agents, func(a string) bool { return a == v.Agent || a == v.AgentName }))
	}, nil
}

// people is what call records are told with.
type people struct {
	tenant voice.TenantID
	users  []voice.User
	ivrs   map[voice.AppID]int64
}

func (q *request) people() (people, error) {
	p := people{tenant: q.tenant, ivrs: map[voice.AppID]int64{}}
	var err error
	if p.users, err = q.d.cfg.Users.Users(q.Context(), q.tenant); err != nil {
		return p, err
	}
	apps, err := q.d.cfg.Apps.Apps(q.Context(), q.tenant)
	for _, a := range apps {
		if a.Kind == Kind && a.Type == smartfloivr.TypeIVR {
			p.ivrs[a.ID] = a.Serial
		}
	}
	return p, err
}

// user finds who has a telephone number or an extension.
func (p people) user(number string) (voice.User, bool) {
	i := slices.IndexFunc(p.users, func(u voice.User) bool {
		return number != "" && (u.Extension == number || slices.ContainsFunc(u.Phones, func(ph voice.Phone) bool {
			return strings.TrimPrefix(string(ph.Number), "+") == strings.TrimPrefix(number, "+")
		}))
	})
	if i < 0 {
		return voice.User{}, false
	}
	return p.users[i], true
}

// callStatus says whether anybody was reached, and gives that leg.
func callStatus(c voice.CDR) (string, voice.LegRecord) {
	for _, leg := range c.Legs {
		if leg.ID != "a" && !leg.Answered.IsZero() {
			return "answered", leg
		}
	}
	return "missed", voice.LegRecord{}
}

// far reads whom a leg rang: "extension 101", "101 at …" and the like.
func far(leg voice.LegRecord) string {
	words := strings.FieldsFunc(leg.To, func(r rune) bool { return r == ' ' || r == '@' || r == ':' })
	for _, w := range words {
		if n := strings.TrimPrefix(w, "+"); n != "" && strings.Trim(n, "0123456789") == "" {
			return n
		}
	}
	return ""
}

// direction is that of a call in records and webhooks.
func direction(order string, d voice.CallDirection) string {
	if order != "" {
		return "clicktocall"
	}
	return string(d)
}

// view tells a call.
func (p people) view(c voice.CDR, zone *time.Location) recordView {
	status, leg := callStatus(c)
	start := c.Start.In(zone)
	v := recordView{ID: string(c.Call), CallID: string(c.Call), UUID: string(c.Call), Direction: direction(c.Order, c.Direction), Description: c.Words,
		Status: status, Service: "voice", Date: start.Format(time.DateOnly), Time: start.Format(time.TimeOnly), End: stamp(c.End, zone),
		Client: strings.TrimPrefix(c.From, "+"), DID: strings.TrimPrefix(c.To, "+"), Cause: string(c.Cause), CauseWords: cmp.Or(c.Words, string(c.Cause)),
		RefID: c.Order, Identifier: c.Tag, IVR: p.ivrs[c.App]}
	if c.Direction == voice.Outbound && !strings.HasPrefix(c.Order, customerFirst) {
		v.Client = strings.TrimPrefix(c.To, "+")
		v.Agent = strings.TrimPrefix(c.From, "+")
	}
	if !c.End.IsZero() {
		v.Duration = int(c.End.Sub(c.Start).Seconds() + 0.5)
		if status == "answered" {
			v.Answered = int(cmp.Or(leg.End, c.End).Sub(leg.Answered).Seconds() + 0.5)
		}
	}
	if v.Agent == "" {
		v.Agent = far(leg)
	}
	for _, l := range c.Legs {
		if l.ID != "a" {
			v.Detailed += string(l.ID) + " " + l.To + ": " + cmp.Or(l.Words, string(l.Cause)) + "; "
		}
	}
	v.Detailed = strings.TrimSuffix(v.Detailed, "; ")
	if u, ok := p.user(v.Agent); ok {
		v.AgentName = userName(u)
		if v.Agent == u.Extension {
			v.Agent = smartfloivr.EID(p.tenant, u.Extension)
		}
	}
	return v
}

// recordingURL gives a link to the recording of a call; nil when there is none.
func (q *request) recordingURL(id string) (*string, error) {
	list, err := q.d.cfg.Recordings.Recordings(q.Context(), q.tenant, voice.RecordingFilter{Call: voice.CallID(id), Purpose: voice.ForCall, Limit: 1})
	if err != nil || len(list) == 0 || list[0].Blob == "" {
		return nil, err
	}
	url := q.d.link(q.base, q.tenant, list[0].ID)
	return &url, nil
}

func getRecord(q *request) (any, error) {
	c, err := q.d.cfg.Calls.CDR(q.Context(), q.tenant, voice.CallID(q.params["id"]))
	if err != nil {
		return nil, ifNotExist(err, failf(http.StatusNotFound, "Call not found."))
	}
	about, err := q.people()
	if err != nil {
		return nil, err
	}
	v := about.view(c, q.d.zone(q.Context(), q.tenant))
	v.Recording, err = q.recordingURL(v.CallID)
	return v, err
}
