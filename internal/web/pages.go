package web

import (
	"bytes"
	"fmt"
	"net/http"
	"time"

	"tandem/internal/voice"
)

// page is what every template gets.
type page struct {
	Title string
	User  string // "" = nobody is logged in
	Error string
	Body  any
}

func (h *Handler) show(w http.ResponseWriter, status int, name string, p page) {
	var b bytes.Buffer
	if err := h.pages.ExecuteTemplate(&b, name, p); err != nil {
		h.cfg.Logger.Error("page failed", "page", name, "err", err)
		http.Error(w, "This page could not be made; the log says why.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	w.Write(b.Bytes())
}

// fail shows an error without its inner words, which go to the log.
func (h *Handler) fail(w http.ResponseWriter, r *http.Request, who voice.User, err error) {
	if voice.IsKind(err, voice.NotExist) {
		h.show(w, http.StatusNotFound, "message.html", page{Title: "Not found", User: who.Email, Error: "There is no such thing in this account."})
		return
	}
	h.cfg.Logger.Error("request failed", "method", r.Method, "path", r.URL.Path, "err", err)
	h.show(w, http.StatusInternalServerError, "message.html", page{Title: "Failed", User: who.Email, Error: "That did not work; the server's log says why."})
}

func (h *Handler) notFound(w http.ResponseWriter, r *http.Request) {
	h.show(w, http.StatusNotFound, "message.html", page{Title: "Not found", Error: "There is no page at this address."})
}

type statusBody struct {
	Report
	Calls []voice.CDR
}

func (h *Handler) status(w http.ResponseWriter, r *http.Request, who voice.User) {
	report, err := h.cfg.Status.Status(r.Context(), who.Tenant)
	if err != nil {
		h.fail(w, r, who, err)
		return
	}
	calls, err := h.cfg.Calls.CDRs(r.Context(), voice.CDRFilter{Tenant: who.Tenant, Limit: listLength})
	if err != nil {
		h.fail(w, r, who, err)
		return
	}
	h.show(w, http.StatusOK, "status.html", page{Title: report.Account, User: who.Email, Body: statusBody{report, calls}})
}

type callBody struct {
	CDR    voice.CDR
	Events []voice.Event
}

func (h *Handler) call(w http.ResponseWriter, r *http.Request, who voice.User) {
	// The record is looked up under the tenant first: another tenant's call has
	// no timeline here.
	cdr, err := h.cfg.Calls.CDR(r.Context(), who.Tenant, voice.CallID(r.PathValue("id")))
	if err != nil {
		h.fail(w, r, who, err)
		return
	}
	events, err := h.cfg.Calls.Events(r.Context(), cdr.Call)
	if err != nil {
		h.fail(w, r, who, err)
		return
	}
	h.show(w, http.StatusOK, "call.html", page{Title: "Call", User: who.Email, Body: callBody{cdr, events}})
}

// offset gives how long after the call's start something was: "+1.204".
func offset(start, at time.Time) string { return fmt.Sprintf("%+.3f", at.Sub(start).Seconds()) }

// length gives how long a call was.
func length(c voice.CDR) string {
	if c.End.IsZero() {
		return "up"
	}
	return fmt.Sprintf("%.1f s", c.End.Sub(c.Start).Seconds())
}
