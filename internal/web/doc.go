// Package web serves the web app: the files that are built from ui, and the
// log-ins of people.
//
// It is not an API: what the app shows and changes goes over the native API,
// which takes a log-in for a key (httpapi.Sessions). Here are only log-in (also by passkey), log-out
// and the setting of a password by a one-time link, as JSON below /session. Every
// other path answers with the app, which finds its page by the path. Without a
// build of the app (go build alone makes none) a page says how to make one.
// Log-ins live in memory: a restart ends them. The handler starts no goroutine and
// may serve many requests at once.
package web
