package sonetel

import (
	"strings"
	"unicode"

	"tandem/internal/dialect/input"
	"tandem/internal/voice"
)

func getAccount(q *request) (any, error) {
	if err := q.account(); err != nil {
		return nil, err
	}
	t, err := q.d.cfg.Tenants.Tenant(q.Context(), q.tenant)
	if err != nil {
		return nil, err
	}
	return q.accountReply(t)
}

func (q *request) accountReply(t voice.Tenant) (any, error) {
	users, err := q.d.cfg.Users.Users(q.Context(), q.tenant)
	if err != nil {
		return nil, err
	}
	numbers, err := q.d.cfg.Numbers.Numbers(q.Context(), q.tenant)
	if err != nil {
		return nil, err
	}
	zone := zoneByName(t.Timezone)
	return reply{
		{"account_id", t.ID}, {"name", t.Name}, {"status", "active"}, {"currency", t.Currency}, {"country", t.Country},
		{"credit_balance", "0"}, {"timezone", t.Timezone},
		{"timezone_details", reply{{"zone_id", zone.id}, {"zone_name", t.Timezone}}},
		{"language", t.Language}, {"user_count", len(users)}, {"phnum_count", len(numbers)},
		{"account_type", "regular"}, {"created_date", t.Created.UTC().Format(timeForm)},
	}, nil
}

func putAccount(q *request) (any, error) {
	body, err := q.change()
	if err != nil {
		return nil, err
	}
	t, err := q.d.cfg.Tenants.Tenant(q.Context(), q.tenant)
	if err != nil {
		return nil, err
	}
	for _, name := range body.Names() {
		if err := setAccount(&t, name, body); err != nil {
			return nil, err
		}
	}
	if err := q.d.cfg.Tenants.UpdateTenant(q.Context(), t); err != nil {
		return nil, err
	}
	return q.accountReply(t)
}

func setAccount(t *voice.Tenant, name string, body input.Fields) error {
	switch name {
	case "name":
		v, err := input.Text(body[name], name)
		if err != nil || v == "" || len(v) > 200 || strings.ContainsFunc(v, unicode.IsControl) {
			return failf(codeAccountField, "name: 1 to 200 printable characters are needed")
		}
		t.Name = v
	case "language":
		v, err := input.Text(body[name], name)
		if err != nil || !knownLanguage(v) {
			return failf(codeAccountField, "language: %q is not in /globaldata/language", v)
		}
		t.Language = v
	case "timezone_details":
		details, err := input.Object(body[name], name)
		if err != nil {
			return failf(codeAccountField, "%s", err)
		}
		v, err := input.Text(details["zone_id"], "timezone_details.zone_id")
		if err != nil {
			return failf(codeAccountField, "%s", err)
		}
		zone, ok := zoneByID(v)
		if !ok {
			return failf(codeAccountField, "timezone_details.zone_id: %q is not in /globaldata/timezone", v)
		}
		t.Timezone = zone.name
	case "account_id", "status", "currency", "country", "credit_balance", "timezone", "user_count", "phnum_count", "account_type", "created_date":
	default:
		return failf(codeAccountField, "%s: the field is unknown", name)
	}
	return nil
}
