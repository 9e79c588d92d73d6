package web

import (
	"net/http"

	"tandem/internal/voice"
)

// signedIn lets only people who have logged in through.
func (h *Handler) signedIn(next func(http.ResponseWriter, *http.Request, voice.User)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if c, err := r.Cookie(h.cookieName(r)); err == nil {
			if who, ok := h.sessions.find(c.Value); ok {
				next(w, r, who)
				return
			}
		}
		http.Redirect(w, r, "/login", http.StatusSeeOther)
	}
}

func (h *Handler) loginForm(w http.ResponseWriter, _ *http.Request) {
	h.show(w, http.StatusOK, "login.html", page{Title: "Log in"})
}

func (h *Handler) login(w http.ResponseWriter, r *http.Request) {
	refuse := func(status int, words string) {
		h.show(w, status, "login.html", page{Title: "Log in", Error: words})
	}
	if err := r.ParseForm(); err != nil {
		refuse(http.StatusBadRequest, "That was not a login form.")
		return
	}
	who, err := h.cfg.Accounts.Login(r.Context(), r.PostForm.Get("name"), r.PostForm.Get("password"), r.RemoteAddr)
	switch voice.KindOf(err) {
	case "":
		h.signIn(w, r, who)
	case voice.Permission, voice.NotExist, voice.Invalid:
		refuse(http.StatusForbidden, "Name and password do not fit.")
	case voice.Limit:
		refuse(http.StatusTooManyRequests, "Too many attempts. Wait a minute.")
	default:
		h.fail(w, r, voice.User{}, err)
	}
}

func (h *Handler) logout(w http.ResponseWriter, r *http.Request) {
	if c, err := r.Cookie(h.cookieName(r)); err == nil {
		h.sessions.end(c.Value)
	}
	h.setCookie(w, r, "", -1)
	http.Redirect(w, r, "/login", http.StatusSeeOther)
}

type setupBody struct{ Token string }

// setupForm shows the form whatever the token: only using it up tells whether
// it is good.
func (h *Handler) setupForm(w http.ResponseWriter, r *http.Request) {
	h.show(w, http.StatusOK, "setup.html", page{Title: "Set your password", Body: setupBody{r.URL.Query().Get("token")}})
}

func (h *Handler) setup(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		h.show(w, http.StatusBadRequest, "message.html", page{Title: "Set up", Error: "That was not the set-up form."})
		return
	}
	token, password := r.PostForm.Get("token"), r.PostForm.Get("password")
	again := func(words string) {
		h.show(w, http.StatusUnprocessableEntity, "setup.html", page{Title: "Set your password", Error: words, Body: setupBody{token}})
	}
	if password != r.PostForm.Get("again") {
		again("The two passwords are not the same.")
		return
	}
	who, err := h.cfg.Accounts.SetUp(r.Context(), token, password)
	switch voice.KindOf(err) {
	case "":
		h.sessions.endUser(who)
		h.signIn(w, r, who)
	case voice.Invalid:
		again(voice.Reason(err))
	case voice.Permission:
		h.usedUp(w)
	default:
		h.fail(w, r, voice.User{}, err)
	}
}

func (h *Handler) usedUp(w http.ResponseWriter) {
	h.show(w, http.StatusForbidden, "message.html", page{Title: "Set up",
		Error: "This link was used, has run out or is not whole. On the server, “tandem account link” makes a new one."})
}

func (h *Handler) signIn(w http.ResponseWriter, r *http.Request, who voice.User) {
	h.setCookie(w, r, h.sessions.start(who), int(sessionLife.Seconds()))
	http.Redirect(w, r, "/", http.StatusSeeOther)
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
