package web

import (
	"context"
	"encoding/json"
	"net/http"

	"tandem/internal/voice"
)

// Users finds people; voice.UserStore does.
type Users interface {
	User(ctx context.Context, t voice.TenantID, id voice.UserID) (voice.User, error)
}

// fault is an error of this package's endpoints: a problem document (RFC 9457)
// like those of the native API.
type fault struct {
	Title  string       `json:"title"`
	Status int          `json:"status"`
	Detail string       `json:"detail"`
	Errors []fieldFault `json:"errors,omitempty"`
}

type fieldFault struct {
	Message  string `json:"message"`
	Location string `json:"location"`
}

// refuse answers with an error in words; field is the one at fault, or "".
func (h *Handler) refuse(w http.ResponseWriter, status int, words, field string) {
	f := fault{Title: http.StatusText(status), Status: status, Detail: words}
	if field != "" {
		f.Errors = []fieldFault{{words, "body." + field}}
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(f)
}

// fail answers for an error whose inner words go to the log alone.
func (h *Handler) fail(w http.ResponseWriter, r *http.Request, err error) {
	h.cfg.Logger.Error("request failed", "method", r.Method, "path", r.URL.Path, "err", err)
	h.refuse(w, http.StatusInternalServerError, "That did not work; the server's log says why.", "")
}

// read decodes a body of JSON; false when it has been refused.
func (h *Handler) read(w http.ResponseWriter, r *http.Request, into any) bool {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		h.refuse(w, http.StatusBadRequest, "The request is not the JSON that belongs here.", "")
		return false
	}
	return true
}

func (h *Handler) login(w http.ResponseWriter, r *http.Request) {
	var in struct{ Name, Password string }
	if !h.read(w, r, &in) {
		return
	}
	who, err := h.cfg.Accounts.Login(r.Context(), in.Name, in.Password, r.RemoteAddr)
	if err != nil {
		h.wrong(w, r, err, "Name and password do not fit.", "password")
		return
	}
	h.proceed(w, r, who)
}

// wrong answers for a guess at a field that was not right, which words say, or could
// not be looked at.
func (h *Handler) wrong(w http.ResponseWriter, r *http.Request, err error, words, field string) {
	switch voice.KindOf(err) {
	case voice.Permission, voice.NotExist, voice.Invalid:
		h.refuse(w, http.StatusForbidden, words, field)
	case voice.Limit:
		w.Header().Set("Retry-After", "60")
		h.refuse(w, http.StatusTooManyRequests, "Too many attempts. Wait a minute.", "")
	default:
		h.fail(w, r, err)
	}
}

func (h *Handler) setup(w http.ResponseWriter, r *http.Request) {
	var in struct{ Token, Password string }
	if !h.read(w, r, &in) {
		return
	}
	who, err := h.cfg.Accounts.SetUp(r.Context(), in.Token, in.Password)
	switch voice.KindOf(err) {
	case "":
		h.halfway.endUser(who) // the store has ended the log-ins
		h.proceed(w, r, who)
	case voice.Invalid:
		h.refuse(w, http.StatusUnprocessableEntity, voice.Reason(err), "password")
	case voice.Permission:
		h.refuse(w, http.StatusForbidden, "This link was used, has run out or is not whole. On the server, “tandem account link” makes a new one.", "token")
	default:
		h.fail(w, r, err)
	}
}

func (h *Handler) secure(r *http.Request) bool { return h.cfg.Secure || r.TLS != nil }

// cookieName takes the __Host- form where the cookie is for HTTPS, so that no
// neighbouring host can set it (RFC 6265bis §4.1.3.2).
func (h *Handler) cookieName(r *http.Request) string {
	if h.secure(r) {
		return "__Host-tandem"
	}
	return "tandem"
}

func (h *Handler) setCookie(w http.ResponseWriter, r *http.Request, value string, maxAge int) {
	http.SetCookie(w, &http.Cookie{
		Name: h.cookieName(r), Value: value, Path: "/", MaxAge: maxAge,
		HttpOnly: true, Secure: h.secure(r), SameSite: http.SameSiteStrictMode,
	})
}
