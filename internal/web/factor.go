package web

import (
	"encoding/json"
	"net/http"

	"tandem/internal/voice"
)

// asked is what a log-in asks for after the password.
type asked struct {
	Next   string `json:"next"`  // "passkey", "code" or "enrol"
	Token  string `json:"token"` // comes back with the code or passkey
	Codes  bool   `json:"codes"` // a code will do as well as the passkey
	Secret string `json:"secret,omitempty"`
	URI    string `json:"uri,omitempty"`
}

// proceed goes on with a log-in whose password was right: to the second factor when
// one is needed, or in.
func (h *Handler) proceed(w http.ResponseWriter, r *http.Request, who voice.User) {
	next, err := h.cfg.Factors.FactorNeeded(r.Context(), who)
	if err != nil {
		h.fail(w, r, err)
		return
	}
	ask := asked{Next: next, Codes: who.SecondFactor}
	switch next {
	case "":
		if h.signIn(w, r, who) {
			w.WriteHeader(http.StatusNoContent)
		}
		return
	case "enrol":
		e, err := h.cfg.Factors.BeginFactor(r.Context(), who)
		if err != nil {
			h.fail(w, r, err)
			return
		}
		ask.Secret, ask.URI = e.Secret, e.URI
	}
	ask.Token = h.halfway.start(who)
	h.give(w, ask)
}

// code takes the second factor of a log-in that has the password.
func (h *Handler) code(w http.ResponseWriter, r *http.Request) {
	var in struct{ Token, Code string }
	if !h.read(w, r, &in) {
		return
	}
	who, ok := h.waiting(w, r, in.Token)
	if !ok {
		return
	}
	var recovery []string
	var err error
	if who.HasFactor() { // also of passkeys alone: then no code is right
		err = h.cfg.Factors.CheckFactor(r.Context(), who, in.Code)
	} else {
		recovery, err = h.cfg.Factors.ConfirmFactor(r.Context(), who, in.Code)
	}
	if err != nil {
		h.wrong(w, r, err, "The code is wrong, was used before or is too old.", "code")
		return
	}
	h.halfway.end(in.Token)
	if !h.signIn(w, r, who) {
		return
	}
	if recovery == nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	h.give(w, map[string]any{"recovery": recovery})
}

// signIn begins a log-in, once it stands in the audit log; false when it was refused.
func (h *Handler) signIn(w http.ResponseWriter, r *http.Request, who voice.User) bool {
	if err := h.cfg.Factors.Note(r.Context(), who, "logged in"); err != nil {
		h.fail(w, r, err)
		return false
	}
	value, err := h.beginLogin(r, who)
	if err != nil {
		h.fail(w, r, err)
		return false
	}
	h.setCookie(w, r, value, int(sessionLife.Seconds()))
	return true
}

// note writes into the audit log what needs no permission to be done.
func (h *Handler) note(r *http.Request, who voice.User, action string) {
	if err := h.cfg.Factors.Note(r.Context(), who, action); err != nil {
		h.cfg.Logger.Error("not noted in the audit log", "action", action, "user", who.ID, "err", err)
	}
}

func (h *Handler) give(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // the client is gone: there is nobody to tell
}
