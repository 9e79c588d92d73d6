package admin

import (
	"context"
	"slices"
	"time"

	"tandem/internal/auth"
	"tandem/internal/voice"
)

// Credentials checks and sets the passwords of users: an e-mail and a secret
// for each kind, be it a vendor's API or the web pages.
type Credentials struct {
	tokens  voice.TokenStore
	hasher  *auth.Hasher
	checker *auth.Authenticator
}

// NewCredentials makes a Credentials. A process has one hasher and one checker.
func NewCredentials(tokens voice.TokenStore, hasher *auth.Hasher, checker *auth.Authenticator) *Credentials {
	return &Credentials{tokens, hasher, checker}
}

// Password gives the credential of kind and name when secret is right.
// Permission when name and secret do not fit, Limit when there were too many
// failures from source.
func (c *Credentials) Password(ctx context.Context, kind, name, secret, source string) (voice.Token, error) {
	return c.checker.Check(ctx, kind, name, secret, source)
}

// UserPassword checks the secret of a user, under whatever name the credential has;
// errors as Password.
func (c *Credentials) UserPassword(ctx context.Context, kind string, u voice.User, secret, source string) error {
	all, err := c.tokens.Tokens(ctx, u.Tenant)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(all, func(t voice.Token) bool { return t.Kind == kind && t.User == u.ID })
	if at < 0 {
		return voice.Errorf("admin.UserPassword", voice.Permission, "there is no password yet")
	}
	_, err = c.checker.Check(ctx, kind, all[at].Name, secret, source)
	return err
}

// SetPassword makes or replaces the credential of a user, named by the user's
// e-mail; one under a former e-mail of the same user goes. Exists when another
// user has that name.
func (c *Credentials) SetPassword(ctx context.Context, kind string, u voice.User, secret string) error {
	const op = "admin.SetPassword"
	if u.Email == "" {
		return voice.InvalidField(op, "email", "user %s has no e-mail address to log in with", u.ID)
	}
	hash, err := c.hasher.Hash(ctx, secret)
	if err != nil {
		return err
	}
	have, err := c.tokens.TokenByName(ctx, kind, u.Email)
	switch {
	case voice.IsKind(err, voice.NotExist):
		now := time.Now()
		err = c.tokens.CreateToken(ctx, voice.Token{ID: voice.TokenID(voice.NewID("tk")), Tenant: u.Tenant, User: u.ID,
			Kind: kind, Name: u.Email, Hash: hash, Created: now})
	case err == nil && (have.Tenant != u.Tenant || have.User != u.ID):
		err = voice.Errorf(op, voice.Exists, "%s logs in as another user", u.Email)
	case err == nil:
		have.Hash = hash
		err = c.tokens.UpdateToken(ctx, have)
	}
	if err != nil {
		return err
	}
	return c.dropFormer(ctx, kind, u)
}

// CreateApplication makes the credential of an OAuth application of a kind,
// whose scopes say what it is, and gives its public and its secret half.
func (c *Credentials) CreateApplication(ctx context.Context, kind string, u voice.User, app voice.Application) (id, secret string, err error) {
	id, secret = voice.NewSecret(), voice.NewSecret()
	hash, err := c.hasher.Hash(ctx, secret)
	if err != nil {
		return "", "", err
	}
	err = c.tokens.CreateToken(ctx, voice.Token{ID: voice.TokenID(voice.NewID("tk")), Tenant: u.Tenant, User: u.ID,
		Kind: kind, Name: id, Hash: hash, Scopes: app.Scopes(), Created: time.Now()})
	return id, secret, err
}

// CreateSealed makes the credential of an application of a kind whose secret half is
// kept sealed as well as hashed, for the row kind/id, and gives both halves.
func (c *Credentials) CreateSealed(ctx context.Context, kind string, u voice.User, seal func(row string, plain []byte) string) (id, secret string, err error) {
	id, secret = voice.NewSecret(), voice.NewSecret()
	hash, err := c.hasher.Hash(ctx, secret)
	if err != nil {
		return "", "", err
	}
	err = c.tokens.CreateToken(ctx, voice.Token{ID: voice.TokenID(voice.NewID("tk")), Tenant: u.Tenant, User: u.ID,
		Kind: kind, Name: id, Hash: hash, Sealed: seal(kind+"/"+id, []byte(secret)), Created: time.Now()})
	return id, secret, err
}

func (c *Credentials) dropFormer(ctx context.Context, kind string, u voice.User) error {
	all, err := c.tokens.Tokens(ctx, u.Tenant)
	if err != nil {
		return err
	}
	current, err := c.tokens.TokenByName(ctx, kind, u.Email)
	if err != nil {
		return err
	}
	for _, t := range all {
		if t.Kind == kind && t.User == u.ID && t.ID != current.ID {
			if err := c.tokens.DeleteToken(ctx, u.Tenant, t.ID); err != nil {
				return err
			}
		}
	}
	return nil
}
