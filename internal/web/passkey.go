package web

import (
	"context"
	"encoding/json"
	"net/http"

	"tandem/internal/voice"
)

// Passkeys asks people for their passkeys; package passkey does. Error kinds of what
// ends a ceremony: Conflict when it is over or was answered before, Invalid for an
// answer that can't be read, Permission for one that is refused, in words for its
// person, Limit after too many. What begins one is a Conflict where passkeys don't work.
type Passkeys interface {
	// BeginLogin asks for any passkey of this server, Login says whose it was.
	BeginLogin(ctx context.Context, origin string) (voice.Ceremony, error)
	Login(ctx context.Context, token string, credential []byte) (voice.User, error)
	// BeginFactor asks a person for one of his or her own, who has given the password.
	BeginFactor(ctx context.Context, u voice.User, origin string) (voice.Ceremony, error)
	CheckPasskey(ctx context.Context, u voice.User, token string, credential []byte) error
}

// NewPasskeys registers passkeys; package passkey does.
type NewPasskeys interface {
	BeginPasskey(ctx context.Context, u voice.User, origin string) (voice.Ceremony, error)
	AddPasskey(ctx context.Context, u voice.User, token, name string, credential []byte) (voice.Passkey, error)
}

// answered is a browser's answer to a ceremony.
type answered struct {
	Token      string          // of the log-in that waits for a second factor; "" = none does
	Ceremony   string          // its token
	Name       string          // of a new passkey
	Credential json.RawMessage // in the JSON form of Web Authentication
}

// waiting gives who waits for a second factor, as the person is stored now; false when
// the request has been refused.
func (h *Handler) waiting(w http.ResponseWriter, r *http.Request, token string) (voice.User, bool) {
	who, ok := h.halfway.find(token)
	if ok {
		var err error
		if who, err = h.cfg.Users.User(r.Context(), who.Tenant, who.ID); err == nil {
			return who, true
		}
		h.halfway.end(token)
	}
	h.refuse(w, http.StatusForbidden, "The log-in has waited too long. Begin again with the password.", "token")
	return voice.User{}, false
}

// enrolling gives who has to set up a second factor and has none; false when the
// request has been refused.
func (h *Handler) enrolling(w http.ResponseWriter, r *http.Request, token string) (voice.User, bool) {
	who, ok := h.waiting(w, r, token)
	if !ok {
		return who, false
	}
	next, err := h.cfg.Factors.FactorNeeded(r.Context(), who)
	switch {
	case err != nil:
		h.fail(w, r, err)
	case next != "enrol":
		h.refuse(w, http.StatusForbidden, "There is a second factor already: log in with it.", "token")
	default:
		return who, true
	}
	return who, false
}

// beginPasskey asks for a passkey: the second factor of a log-in, or instead of a password.
func (h *Handler) beginPasskey(w http.ResponseWriter, r *http.Request) {
	var in struct{ Token string }
	if !h.read(w, r, &in) {
		return
	}
	if in.Token == "" {
		h.giveCeremony(w, r)(h.cfg.Passkeys.BeginLogin(r.Context(), r.Header.Get("Origin")))
		return
	}
	if who, ok := h.waiting(w, r, in.Token); ok {
		h.giveCeremony(w, r)(h.cfg.Passkeys.BeginFactor(r.Context(), who, r.Header.Get("Origin")))
	}
}

// beginNewPasskey begins to register one for who has to set up a second factor.
func (h *Handler) beginNewPasskey(w http.ResponseWriter, r *http.Request) {
	var in struct{ Token string }
	if !h.read(w, r, &in) {
		return
	}
	if who, ok := h.enrolling(w, r, in.Token); ok {
		h.giveCeremony(w, r)(h.cfg.NewPasskeys.BeginPasskey(r.Context(), who, r.Header.Get("Origin")))
	}
}

func (h *Handler) giveCeremony(w http.ResponseWriter, r *http.Request) func(voice.Ceremony, error) {
	return func(c voice.Ceremony, err error) {
		if err != nil {
			h.wrongPasskey(w, r, err)
			return
		}
		h.give(w, map[string]any{"token": c.Token, "options": c.Options})
	}
}

// passkey takes a passkey's answer and logs its person in.
func (h *Handler) passkey(w http.ResponseWriter, r *http.Request) {
	var in answered
	if !h.read(w, r, &in) {
		return
	}
	var who voice.User
	var err error
	if in.Token == "" {
		who, err = h.cfg.Passkeys.Login(r.Context(), in.Ceremony, in.Credential)
	} else {
		var ok bool
		if who, ok = h.waiting(w, r, in.Token); !ok {
			return
		}
		err = h.cfg.Passkeys.CheckPasskey(r.Context(), who, in.Ceremony, in.Credential)
	}
	h.entered(w, r, who, in.Token, err)
}

// newPasskey registers the passkey of who has to have a second factor, and logs in.
func (h *Handler) newPasskey(w http.ResponseWriter, r *http.Request) {
	var in answered
	if !h.read(w, r, &in) {
		return
	}
	who, ok := h.enrolling(w, r, in.Token)
	if !ok {
		return
	}
	voice.ActsAs(r.Context(), voice.ActorUser, string(who.ID), who.Called())
	_, err := h.cfg.NewPasskeys.AddPasskey(r.Context(), who, in.Ceremony, in.Name, in.Credential)
	h.entered(w, r, who, in.Token, err)
}

// entered logs in whose passkey was right.
func (h *Handler) entered(w http.ResponseWriter, r *http.Request, who voice.User, token string, err error) {
	if err != nil {
		h.wrongPasskey(w, r, err)
		return
	}
	h.halfway.end(token)
	if h.signIn(w, r, who) {
		w.WriteHeader(http.StatusNoContent)
	}
}

// wrongPasskey answers for a passkey that was refused, in the words of the refusal.
func (h *Handler) wrongPasskey(w http.ResponseWriter, r *http.Request, err error) {
	switch voice.KindOf(err) {
	case voice.Permission:
		h.refuse(w, http.StatusForbidden, voice.Reason(err), "credential")
	case voice.Invalid:
		h.refuse(w, http.StatusUnprocessableEntity, voice.Reason(err), "credential")
	case voice.Conflict, voice.NotExist, voice.Exists:
		h.refuse(w, http.StatusConflict, voice.Reason(err), "")
	case voice.Limit:
		h.wrong(w, r, err, "", "")
	default:
		h.fail(w, r, err)
	}
}
