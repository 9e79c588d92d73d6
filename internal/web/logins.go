package web

import (
	"crypto/sha256"
	"encoding/hex"
	"net"
	"net/http"
	"time"

	"tandem/internal/voice"
)

// Bounds of log-ins.
const (
	sessionLife = 12 * time.Hour
	maxLogins   = 20          // of one user; the oldest goes
	seenEvery   = time.Minute // how exactly the last use is kept
)

// Session gives who is logged in by a request's cookie, as the person is stored
// now: a user who was deleted, or whose role changed, has no more than that. The
// request is to have passed the check for requests from other sites. Permission
// when nobody is logged in, Unavailable when the store does not answer.
func (h *Handler) Session(r *http.Request) (voice.User, error) {
	s, err := h.loginOf(r)
	if err != nil {
		return voice.User{}, err
	}
	u, err := h.cfg.Users.User(r.Context(), s.Tenant, s.User)
	if voice.IsKind(err, voice.NotExist) {
		if _, err := h.cfg.Sessions.EndSessions(r.Context(), s.Tenant, s.User, s.ID, ""); err != nil {
			return voice.User{}, err
		}
		return voice.User{}, voice.Errorf("web.Session", voice.Permission, "the user of this log-in is gone")
	}
	if now := time.Now(); err == nil && now.Sub(s.Seen) >= seenEvery {
		if err := h.cfg.Sessions.MarkSessionSeen(r.Context(), s.Hash, now); err != nil { // it keeps nobody out
			h.cfg.Logger.Debug("the last use of a log-in was not noted", "err", err)
		}
	}
	return u, err
}

// SessionID gives the id of the log-in that Session finds.
func (h *Handler) SessionID(r *http.Request) (string, error) {
	s, err := h.loginOf(r)
	return s.ID, err
}

func (h *Handler) loginOf(r *http.Request) (voice.WebSession, error) {
	const op = "web.Session"
	c, err := r.Cookie(h.cookieName(r))
	if err != nil {
		return voice.WebSession{}, voice.Errorf(op, voice.Permission, "nobody is logged in")
	}
	s, err := h.cfg.Sessions.SessionByHash(r.Context(), loginHash(c.Value), time.Now())
	if voice.IsKind(err, voice.NotExist) {
		err = voice.Errorf(op, voice.Permission, "the log-in has ended")
	}
	return s, err
}

// beginLogin stores a log-in of a browser and gives the cookie's value, of 256 random bits.
func (h *Handler) beginLogin(r *http.Request, who voice.User) (string, error) {
	value, now := voice.NewSecret()+voice.NewSecret(), time.Now()
	source, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		source = r.RemoteAddr
	}
	return value, h.cfg.Sessions.CreateSession(r.Context(), voice.WebSession{
		ID: voice.NewID("lo"), Hash: loginHash(value), Tenant: who.Tenant, User: who.ID,
		Created: now, Expires: now.Add(sessionLife), Seen: now, Source: source, Agent: r.UserAgent(),
	}, maxLogins)
}

func loginHash(value string) string {
	sum := sha256.Sum256([]byte(value))
	return hex.EncodeToString(sum[:])
}

func (h *Handler) logout(w http.ResponseWriter, r *http.Request) {
	s, err := h.loginOf(r)
	switch {
	case err == nil:
		if _, err := h.cfg.Sessions.EndSessions(r.Context(), s.Tenant, s.User, s.ID, ""); err != nil {
			h.fail(w, r, err)
			return
		}
		if who, err := h.cfg.Users.User(r.Context(), s.Tenant, s.User); err == nil {
			h.note(r, who, "logged out")
		}
	case !voice.IsKind(err, voice.Permission):
		h.fail(w, r, err)
		return
	}
	h.setCookie(w, r, "", -1)
	w.WriteHeader(http.StatusNoContent)
}
