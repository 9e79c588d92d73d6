package httpapi

import (
	"context"
	"net/http"
	"time"

	"tandem/internal/voice"
)

// Invitation is a link by which a person sets a password.
type Invitation struct {
	URL     string    `json:"url" doc:"Works once; it is shown this once"`
	Expires time.Time `json:"expires"`
}

func (a *API) registerInvitations() {
	handle(a, route{id: "invite-user", method: http.MethodPost, path: "/users/{user}/link", section: "Users", scope: ConfigWrite, status: http.StatusCreated,
		title: "Make a link by which a user sets a password", text: "The first, or a new one when it was forgotten. Links of before work no more. Who makes it may do all that the user may do."}, a.inviteUser)
}

func (a *API) inviteUser(ctx context.Context, c caller, in *UserPath) (*answer[Invitation], error) {
	u, err := a.cfg.Users.User(ctx, c.tenant, voice.UserID(in.User))
	if err != nil {
		return nil, err
	}
	if err := outranks(c, u); err != nil {
		return nil, err
	}
	link, expires, err := a.cfg.Invites.Invite(ctx, u)
	if err != nil {
		return nil, err
	}
	return body(Invitation{link, expires.UTC()}), nil
}
