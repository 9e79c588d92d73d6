// Package apidocs is the interactive page of the APIs: every vendor's and our
// own, endpoint by endpoint, each with "Try it out!". What it shows comes from
// the dialects' own descriptions and from the OpenAPI document of the native API.
//
// The page is part of the program and loads nothing from elsewhere; it sends
// requests to this server alone, with the token that its user sets. To the
// native API it sends the web app's log-in when no token is set, and to the vendors'
// APIs never a cookie. The handler keeps no state, starts no goroutine and may be used
// concurrently.
package apidocs

import (
	"embed"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"tandem/internal/dialect"
)

//go:embed page
var files embed.FS

// policy lets the page load its own files and talk to this server, and nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; " +
	"media-src blob:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"

// Config is what the page shows.
type Config struct {
	// APIs in the order of the page.
	APIs []dialect.Description
	// OpenAPI gives the OpenAPI 3.1 document of the native API, whose paths begin
	// with Base; nil = there is none.
	OpenAPI func() ([]byte, error)
	Base    string // "/api/v1"
}

// New makes the handler of the page and its files, below prefix ("/docs/api").
// The error is for an OpenAPI document that can't be read.
func New(cfg Config, prefix string) (http.Handler, error) {
	apis := cfg.APIs
	if cfg.OpenAPI != nil {
		doc, err := cfg.OpenAPI()
		if err != nil {
			return nil, fmt.Errorf("apidocs: %w", err)
		}
		native, err := fromOpenAPI(doc, cfg.Base)
		if err != nil {
			return nil, fmt.Errorf("apidocs: %w", err)
		}
		apis = append([]dialect.Description{native}, apis...)
	}
	list, err := json.Marshal(apis)
	if err != nil {
		return nil, fmt.Errorf("apidocs: %w", err)
	}
	serve := func(name, kind string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			data, err := files.ReadFile("page/" + name)
			if err != nil {
				http.Error(w, "this file is not part of the program", http.StatusInternalServerError)
				return
			}
			w.Header().Set("Content-Type", kind)
			w.Write(data)
		}
	}
	mux := http.NewServeMux()
	page := serve("index.html", "text/html; charset=utf-8")
	mux.HandleFunc("GET "+prefix, page)
	mux.HandleFunc("GET "+prefix+"/{$}", page)
	mux.HandleFunc("GET "+prefix+"/app.js", serve("app.js", "text/javascript; charset=utf-8"))
	mux.HandleFunc("GET "+prefix+"/request.js", serve("request.js", "text/javascript; charset=utf-8"))
	mux.HandleFunc("GET "+prefix+"/style.css", serve("style.css", "text/css; charset=utf-8"))
	mux.HandleFunc("GET "+prefix+"/apis.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Write(list)
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cache-Control", "no-cache")
		mux.ServeHTTP(w, r)
	}), nil
}

// Below reports whether a request's path belongs to the page below prefix.
func Below(path, prefix string) bool { return path == prefix || strings.HasPrefix(path, prefix+"/") }
