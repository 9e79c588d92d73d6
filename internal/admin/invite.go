package admin

import (
	"context"
	"net/url"
	"strings"
	"time"

	"tandem/internal/auth"
	"tandem/internal/voice"
)

// InviteLife is how long a link works by which a person sets a password.
const InviteLife = 3 * 24 * time.Hour

// Invite makes a link by which a person sets a password, once, within InviteLife:
// the first, or a new one when it was forgotten. Links of before work no more. Invalid
// when the person has no e-mail address to log in with.
func (a *Admin) Invite(ctx context.Context, u voice.User) (link string, expires time.Time, err error) {
	if strings.TrimSpace(u.Email) == "" {
		return "", time.Time{}, voice.InvalidField("admin.Invite", "email", "%s has no e-mail address to log in with; give one first", u.Called())
	}
	expires = a.now().Add(InviteLife)
	token, err := a.Links.Replace(ctx, auth.SetUp, u.Tenant, u.ID, InviteLife)
	if err != nil {
		return "", time.Time{}, err
	}
	return a.URL + "/setup?token=" + url.QueryEscape(token), expires, nil
}
