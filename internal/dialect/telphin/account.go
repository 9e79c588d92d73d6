package telphin

import (
	"encoding/json"
	"strconv"

	"tandem/internal/voice"
)

func accountRoutes() []route {
	return []route{
		{"GET", "user", true, getUser},
		{"GET", "client/client_info/{client}", false, getClientInfo},
		{"GET", "client/{client}", false, getClientInfo},
		{"GET", "client/{client}/limit", false, getLimit},
		{"GET", "client/{client}/extension_group", false, listGroups},
		{"GET", "client/{client}/did", true, listNumbers},
		{"GET", "client/{client}/did/{did}", true, getNumber},
		{"PUT", "client/{client}/did/{did}", false, putNumber},
	}
}

// getUser tells whose token it is: clients learn their client_id so.
func getUser(q *request) (any, error) {
	t, err := q.d.cfg.Tenants.Tenant(q.Context(), q.tenant)
	if err != nil {
		return nil, err
	}
	answer := map[string]any{"id": q.clientID(), "login": q.token.Name, "dealer_id": nil, "admin": false, "access": "all",
		"client_id": q.clientID(), "extension_id": nil, "extension_group_id": nil, "timezone": t.Timezone}
	if q.scope(ScopeAccess) == AccessCall {
		answer["access"] = "call_api"
	}
	if q.token.User == "" {
		answer["admin"] = true
		return answer, nil
	}
	u, err := q.d.cfg.Users.User(q.Context(), q.tenant, q.token.User)
	if err != nil {
		return nil, err
	}
	answer["id"], answer["admin"] = json.Number(strconv.FormatInt(u.Serial, 10)), u.Role == voice.RoleAdmin
	if u.Email != "" {
		answer["login"] = u.Email
	}
	if u.Extension != "" {
		e, err := q.d.cfg.Extensions.Extension(q.Context(), q.tenant, u.Extension)
		if err != nil && !voice.IsKind(err, voice.NotExist) {
			return nil, err
		}
		if err == nil {
			answer["extension_id"] = e.Serial
		}
	}
	return answer, nil
}

func getClientInfo(q *request) (any, error) {
	if err := q.client(); err != nil {
		return nil, err
	}
	t, err := q.d.cfg.Tenants.Tenant(q.Context(), q.tenant)
	if err != nil {
		return nil, err
	}
	return map[string]any{"id": q.clientID(), "name": t.Name, "prefix": numberPrefix, "domain": q.d.cfg.SIPDomain,
		"extension_len": extensionLen, "status": "active", "timezone": t.Timezone, "language": t.Language,
		"dealer_id": nil, "create_date": stamp(t.Created)}, nil
}

// getLimit tells how many calls the account may have at once.
func getLimit(q *request) (any, error) {
	if err := q.client(); err != nil {
		return nil, err
	}
	t, err := q.d.cfg.Tenants.Tenant(q.Context(), q.tenant)
	if err != nil {
		return nil, err
	}
	var in any
	if t.Limits.InboundCalls > 0 {
		in = t.Limits.InboundCalls
	}
	out := t.Limits.OutboundCalls
	if out == 0 {
		out = 10
	}
	return map[string]any{"client_id": q.clientID(), "max_concurrent_in": in, "max_concurrent_out": out}, nil
}

// listGroups answers that there are no groups of extensions here.
func listGroups(q *request) (any, error) { return []any{}, q.client() }
