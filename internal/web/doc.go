// Package web serves the owner's pages: the first-start page where a password is
// set, login, one status page with the recent calls, and a call's timeline.
//
// It is not an API and changes nothing but passwords and its own log-ins. What
// it shows comes from the interfaces in Config, which the daemon fills. Pages
// are html/template with one style sheet and no script, under a strict content
// security policy. Log-ins live in memory: a restart ends them. The handler
// starts no goroutine and may serve many requests at once.
package web
