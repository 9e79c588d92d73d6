package smartflo

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"tandem/internal/dialect/input"
	"tandem/internal/dialect/smartfloivr"
	"tandem/internal/voice"
)

// live finds a call that is up by its id or by the reference of its order.
func (q *request) live(id string) (voice.LiveCall, error) {
	calls, err := q.liveCalls()
	if err != nil {
		return voice.LiveCall{}, err
	}
	i := slices.IndexFunc(calls, func(c voice.LiveCall) bool {
		return string(c.Info.ID) == id || c.Info.Order != "" && c.Info.Order == id
	})
	if i < 0 {
		return voice.LiveCall{}, notFound("Call")
	}
	return calls[i], nil
}

func (q *request) liveCalls() ([]voice.LiveCall, error) {
	if q.d.cfg.Live == nil {
		return nil, failf(http.StatusServiceUnavailable, "Live calls can't be seen.")
	}
	return q.d.cfg.Live.Live(q.Context(), q.tenant)
}

// asked reads the call that a request is about.
func (q *request) asked(f input.Fields) (voice.LiveCall, error) {
	id, err := text(f, "call_id", false)
	if err == nil && id == "" {
		id, err = text(f, "ref_id", false)
	}
	if err != nil {
		return voice.LiveCall{}, err
	}
	if id == "" {
		return voice.LiveCall{}, bad("The call_id field is required.")
	}
	return q.live(id)
}

func postHangup(q *request) (any, error) {
	f, err := q.fields()
	if err != nil {
		return nil, err
	}
	c, err := q.asked(f)
	if err != nil {
		return nil, err
	}
	if err := q.d.cfg.Live.Hangup(q.Context(), q.tenant, c.Info.ID, "hung up by the API"); err != nil {
		return nil, ifNotExist(err, notFound("Call"))
	}
	return done{Success: true, Message: "Call hung up successfully."}, nil
}

// postDisconnect is the dialer's way to hang up. Breaks are the dialer's own and
// there is none here, so asking for one is refused.
func postDisconnect(q *request) (any, error) {
	f, err := q.fields()
	if err != nil {
		return nil, err
	}
	pause, err := text(f, "start_break", false)
	if err != nil {
		return nil, err
	}
	if pause != "" && pause != "0" && pause != "false" {
		return nil, bad("The start_break field is invalid: there are no breaks on this server.")
	}
	c, err := q.asked(f)
	if err != nil {
		return nil, err
	}
	if err := q.d.cfg.Live.Hangup(q.Context(), q.tenant, c.Info.ID, "disconnected by the API"); err != nil {
		return nil, ifNotExist(err, notFound("Call"))
	}
	return done{Success: true, Message: "Call disconnected successfully."}, nil
}

func postOptions(q *request) (any, error) {
	f, err := q.fields()
	if err != nil {
		return nil, err
	}
	kind, err := text(f, "type", true)
	if err != nil {
		return nil, err
	}
	modes := map[string]voice.SuperviseMode{"1": voice.Monitor, "2": voice.Whisper, "3": voice.Barge}
	if modes[kind] == "" && kind != "4" {
		return nil, bad("The type field is invalid: %q is none of 1 monitor, 2 whisper, 3 barge, 4 transfer.", kind)
	}
	if kind != "4" && q.user.Role != voice.RoleAdmin {
		return nil, failf(http.StatusForbidden, "Only an administrator of the account may listen to calls.")
	}
	field := "agent_id"
	if kind == "4" {
		field = "intercom"
	}
	who, err := text(f, field, true)
	if err != nil {
		return nil, err
	}
	c, err := q.asked(f)
	if err != nil {
		return nil, err
	}
	if kind == "4" {
		to, err := q.transferTo(who)
		if err != nil {
			return nil, err
		}
		if err := q.d.cfg.Live.Redirect(q.Context(), q.tenant, c.Info.ID, to); err != nil {
			return nil, ifNotExist(err, notFound("Call"))
		}
		return done{Success: true, Message: "Call transferred successfully."}, nil
	}
	by, err := q.agent(field, who)
	if err != nil {
		return nil, err
	}
	if err := q.d.cfg.Live.Supervise(q.Context(), q.tenant, c.Info.ID, modes[kind], by); err != nil {
		return nil, ifNotExist(err, notFound("Call"))
	}
	return done{Success: true, Message: "Option applied successfully."}, nil
}

// transferTo reads where a call is transferred: to an agent, the number of a
// department, a telephone, or any destination as IVRs name it.
func (q *request) transferTo(s string) (voice.Destination, error) {
	if to, err := q.agent("intercom", s); err == nil {
		return to, nil
	}
	ref, err := smartfloivr.ParseDestination(s)
	if n, nerr := strconv.ParseInt(s, 10, 64); nerr == nil {
		if _, rerr := q.d.cfg.Resources.Resource(q.Context(), q.tenant, smartfloivr.KindDepartment, n); rerr == nil {
			ref, err = smartfloivr.Ref{Type: smartfloivr.RefDepartment, ID: s}, nil
		} else if to, cerr := q.customer("intercom", s); cerr == nil {
			return to, nil
		}
	} else if to, cerr := q.customer("intercom", s); cerr == nil {
		return to, nil
	}
	if err != nil {
		return voice.Destination{}, bad("The intercom field is invalid: %s.", err)
	}
	if err := q.check(nil, []smartfloivr.Reference{{Field: "intercom", Ref: ref}}); err != nil {
		return voice.Destination{}, err
	}
	return q.destination(ref)
}

// liveView is a live call as the list shows it.
type liveView struct {
	ID           string      `json:"id"`
	UserID       int64       `json:"user_id"`
	ClientID     json.Number `json:"client_id"`
	CallID       string      `json:"call_id"`
	Direction    int         `json:"direction"` // 1 in, 2 out
	Source       string      `json:"source"`
	Type         string      `json:"type"`
	DID          string      `json:"did"`
	DestType     string      `json:"multiple_destination_type"`
	DestName     string      `json:"multiple_destination_name"`
	Destination  string      `json:"destination"`
	State        string      `json:"state"`
	QueueState   string      `json:"queue_state"`
	ChannelID    string      `json:"channel_id"`
	CreatedAt    string      `json:"created_at"`
	SIPDomain    string      `json:"sip_domain"`
	BroadcastID  *int64      `json:"broadcast_id"`
	BroadcastNo  *string     `json:"broadcast_no"`
	CallTime     string      `json:"call_time"`
	AgentName    string      `json:"agent_name"`
	Customer     string      `json:"customer_number"`
	Identifier   string      `json:"custom_identifier,omitempty"`
	RefID        string      `json:"ref_id,omitempty"`
	agentNumbers []string    // what agent_number and extension may be
}

func listLive(q *request) (any, error) {
	calls, err := q.liveCalls()
	if err != nil {
		return nil, err
	}
	users, err := q.d.cfg.Users.Users(q.Context(), q.tenant)
	if err != nil {
		return nil, err
	}
	query := q.URL.Query()
	views := []liveView{}
	for _, c := range calls {
		v := q.viewLive(c, users)
		agent, ext := strings.TrimPrefix(query.Get("agent_number"), "+"), query.Get("extension")
		switch {
		case query.Get("call_id") != "" && query.Get("call_id") != v.CallID && query.Get("call_id") != v.RefID,
			query.Get("did_number") != "" && strings.TrimPrefix(query.Get("did_number"), "+") != v.DID,
			agent != "" && !slices.Contains(v.agentNumbers, agent),
			ext != "" && !slices.Contains(v.agentNumbers, ext):
			continue
		}
		views = append(views, v)
	}
	return views, nil
}

func (q *request) viewLive(c voice.LiveCall, users []voice.User) liveView {
	zone := q.d.zone(q.Context(), q.tenant)
	v := liveView{ID: string(c.Info.ID), CallID: string(c.Info.ID), ClientID: json.Number(q.tenant), Direction: 1, Source: c.Info.From,
		Type: "incoming", DID: strings.TrimPrefix(c.Info.To, "+"), DestName: c.With, Destination: c.WithID.ID, State: "Ringing", ChannelID: string(c.Info.ID),
		CreatedAt: stamp(c.Info.Start, zone), SIPDomain: c.Info.ToDomain, Customer: strings.TrimPrefix(c.Info.From, "+"),
		Identifier: c.Info.Tag, RefID: c.Info.Order, DestType: string(c.WithID.Kind)}
	since := c.Info.Start
	switch c.State {
	case voice.LiveAnswered, voice.LiveTalking, voice.LiveDialling, voice.LiveQueued:
		v.State = "Answered"
		if !c.Answered.IsZero() {
			since = c.Answered
		}
	}
	if c.State == voice.LiveQueued {
		v.QueueState = "waiting"
	}
	if c.Info.Direction == voice.Outbound {
		v.Direction, v.Type, v.Customer = 2, "outgoing", strings.TrimPrefix(c.Info.To, "+")
		if c.Info.Order != "" {
			v.Type = "click-to-call"
		}
		if strings.HasPrefix(c.Info.Order, customerFirst) {
			v.Customer = strings.TrimPrefix(c.Info.From, "+")
		}
	}
	sec := int(q.d.cfg.Now().Sub(since).Seconds())
	v.CallTime = clockTime(sec)
	for _, number := range []string{c.WithID.ID, c.Info.Extension, c.Info.From} {
		if number == "" {
			continue
		}
		v.agentNumbers = append(v.agentNumbers, strings.TrimPrefix(number, "+"))
		for _, u := range users {
			if u.Extension == number || slices.ContainsFunc(u.Phones, func(p voice.Phone) bool { return string(p.Number) == number }) {
				v.agentNumbers = append(v.agentNumbers, smartfloivr.EID(q.tenant, u.Extension), strconv.FormatInt(u.Serial, 10))
				if v.AgentName == "" {
					v.AgentName, v.UserID = userName(u), u.Serial
				}
			}
		}
	}
	return v
}

// clockTime writes seconds as 00:00:52.
func clockTime(sec int) string {
	sec = max(sec, 0)
	return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(sec%86400) * time.Second).Format(time.TimeOnly)
}
