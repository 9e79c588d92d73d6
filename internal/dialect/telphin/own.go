package telphin

import (
	"net/http"
	"slices"

	"tandem/internal/voice"
)

// lets holds a token of a user who is no administrator to the calls of the user's
// own extension. A token of the application alone may do what its level allows.
func (q *request) lets(rt route) error {
	if q.token.User == "" {
		return nil
	}
	u, err := q.d.cfg.Users.User(q.Context(), q.tenant, q.token.User)
	if err != nil {
		return ifNotExist(err, unauthorized())
	}
	if u.Role == voice.RoleAdmin || rt.pattern == "user" {
		return nil
	}
	refused := failf(http.StatusForbidden, statusDenied, "only an administrator of the account may do this; a user sees to the calls of the own extension")
	if _, about := q.params["extension"]; !about || !rt.calls || u.Extension == "" {
		return refused
	}
	e, err := q.extension()
	switch {
	case err != nil:
		return err
	case e.isApp() || e.line.Number != u.Extension:
		return refused
	}
	q.own = u.Extension
	return nil
}

// sees reports whether a call is the requesting user's to see.
func (q *request) sees(c voice.CDR) bool {
	return q.own == "" || c.From == q.own || c.To == q.own ||
		slices.ContainsFunc(c.Legs, func(leg voice.LegRecord) bool { return slices.Contains(rung(leg.To), q.own) })
}
