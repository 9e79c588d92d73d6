package dialect

import (
	"encoding/json"
	"net/http"
	"strings"
)

// BaseURL gives the URL of the API that serves r below prefix, for links: public
// where one is set, else what the client used.
func BaseURL(r *http.Request, public, prefix string) string {
	if public != "" {
		return strings.TrimSuffix(public, "/")
	}
	scheme := "http://"
	if r.TLS != nil {
		scheme = "https://"
	}
	return scheme + r.Host + prefix
}

// WriteJSON answers with value as JSON, named by the content type as the vendor
// spells it. No cache keeps the answer.
func WriteJSON(w http.ResponseWriter, contentType string, status int, value any) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(value) // the client is gone: there is nobody to tell
}
