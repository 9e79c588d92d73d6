package smartflo

import (
	"slices"
	"strconv"
	"strings"

	"tandem/internal/dialect/smartfloivr"
	"tandem/internal/voice"
)

// Bounds of a page of users.
const (
	usersPerPage = 50
	maxPage      = 1000
)

// The states of an agent.
const (
	agentEnabled = 0
	agentBusy    = 3
	agentOffline = 4
)

type userView struct {
	ID            int64     `json:"id"`
	Name          string    `json:"name"`
	LoginID       string    `json:"login_id"`
	Extension     string    `json:"extension"`
	Intercom      string    `json:"intercom"`
	UserStatus    int       `json:"user_status"`
	Agent         agentView `json:"agent"`
	Role          roleView  `json:"user_role"`
	LoginCalling  bool      `json:"is_login_based_calling_enabled"`
	International bool      `json:"is_international_outbound_enabled"`
}

type agentView struct {
	ID       int64  `json:"id"`
	Name     string `json:"name"`
	Status   int    `json:"status"`
	FollowMe string `json:"follow_me_number"`
}

type roleView struct {
	ID   int    `json:"id"`
	Name string `json:"name"`
}

func userName(u voice.User) string {
	return strings.TrimSpace(u.FirstName + " " + u.LastName)
}

func (q *request) viewUser(u voice.User, status int) userView {
	v := userView{ID: u.Serial, Name: userName(u), LoginID: u.Email, Intercom: u.Extension, UserStatus: 1,
		Agent: agentView{u.Serial, userName(u), status, ""}, Role: roleView{2, "Agent"}, International: true}
	if u.Extension != "" {
		v.Extension = smartfloivr.EID(q.tenant, u.Extension)
	}
	if u.Role == voice.RoleAdmin {
		v.Role = roleView{1, "Admin"}
	}
	for _, p := range u.Phones {
		if v.Agent.FollowMe == "" || p.Primary {
			v.Agent.FollowMe = p.Number.Digits()
		}
	}
	return v
}

// count reads a query parameter that is a whole number.
func (q *request) count(name string, otherwise, most int64) (int64, error) {
	s := q.URL.Query().Get(name)
	if s == "" {
		return otherwise, nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || n > most {
		return 0, bad("The %s field is invalid: %q is not a whole number from 0 to %d.", name, s, most)
	}
	return n, nil
}

func listUsers(q *request) (any, error) {
	last, err := q.count("last_seen_id", 0, 1<<62)
	if err != nil {
		return nil, err
	}
	limit, err := q.count("limit", usersPerPage, maxPage)
	if err != nil {
		return nil, err
	}
	users, err := q.d.cfg.Users.Users(q.Context(), q.tenant)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(users, func(a, b voice.User) int { return int(a.Serial - b.Serial) })
	users = slices.DeleteFunc(users, func(u voice.User) bool { return u.Serial <= last })
	more := int64(len(users)) > limit && limit > 0
	if more {
		users = users[:limit]
	}
	busy, err := q.busy()
	if err != nil {
		return nil, err
	}
	views := []userView{}
	for _, u := range users {
		status, err := q.status(u, busy)
		if err != nil {
			return nil, err
		}
		views = append(views, q.viewUser(u, status))
	}
	return struct {
		More bool       `json:"has_more"`
		Data []userView `json:"data"`
	}{more, views}, nil
}

// busy lists the extensions that are in a call.
func (q *request) busy() ([]string, error) {
	if q.d.cfg.Live == nil {
		return nil, nil
	}
	live, err := q.d.cfg.Live.Live(q.Context(), q.tenant)
	var list []string
	for _, c := range live {
		list = append(list, c.Info.Extension)
		if c.WithID.Kind == voice.ToExtension {
			list = append(list, c.WithID.ID)
		}
	}
	return list, err
}

// status gives the state of an agent: busy in a call, offline without a
// registered phone, else enabled.
func (q *request) status(u voice.User, busy []string) (int, error) {
	switch {
	case u.Extension == "":
		return agentEnabled, nil
	case slices.Contains(busy, u.Extension):
		return agentBusy, nil
	case q.d.cfg.Bindings == nil:
		return agentEnabled, nil
	}
	bindings, err := q.d.cfg.Bindings.Bindings(q.Context(), q.tenant, u.Extension, q.d.cfg.Now())
	if len(bindings) == 0 {
		return agentOffline, err
	}
	return agentEnabled, err
}
