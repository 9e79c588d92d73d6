package daemon

import (
	"context"
	"time"

	"tandem/internal/admin"
	"tandem/internal/auth"
	"tandem/internal/clock"
	"tandem/internal/dialect"
	"tandem/internal/voice"
)

// credentials checks and sets the secrets of API users for the dialects.
type credentials struct{ *admin.Credentials }

func (c credentials) Check(ctx context.Context, kind, name, secret, source string) (voice.Token, error) {
	return c.Password(ctx, kind, name, secret, source)
}

// tokens signs and turns the tokens of the dialects.
type tokens struct {
	signer    *auth.Signer
	refresher *auth.Refresher
	refusals  *auth.Refusals
}

func (d *Daemon) tokens() tokens {
	return tokens{d.signer, auth.NewRefresher(d.signer, d.store, clock.Real()), d.refusals}
}

func claims(c dialect.Claims, life time.Duration) auth.Claims {
	return auth.Claims{Issuer: c.Issuer, Audience: c.Audience, Kind: auth.AccessToken, Expires: time.Now().Add(life), Extra: c.Extra}
}

func said(c auth.Claims) dialect.Claims {
	return dialect.Claims{Issuer: c.Issuer, Audience: c.Audience, Extra: c.Extra}
}

func (t tokens) IssueAccess(_ context.Context, c dialect.Claims, life time.Duration) (string, error) {
	return t.signer.Sign(claims(c, life))
}

func (t tokens) VerifyAccess(ctx context.Context, token, issuer, audience string) (dialect.Claims, error) {
	c, err := t.signer.Verify(token, issuer, audience, auth.AccessToken)
	switch voice.KindOf(err) {
	case voice.Permission:
		t.refusals.Key(ctx, voice.Reason(err))
	case "":
		voice.ActsAs(ctx, voice.ActorCredential, c.Text("user_id"), "user "+c.Text("user_id"))
	}
	return said(c), err
}

func (t tokens) IssueRefresh(ctx context.Context, credential voice.Token, c dialect.Claims, life time.Duration) (string, error) {
	return t.refresher.Issue(ctx, credential, claims(c, life), life)
}

func (t tokens) TurnRefresh(ctx context.Context, token, issuer, audience string, life time.Duration) (string, dialect.Claims, error) {
	next, c, err := t.refresher.Turn(ctx, token, issuer, audience, life)
	return next, said(c), err
}
