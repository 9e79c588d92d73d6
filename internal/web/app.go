package web

import (
	"embed"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
)

// The built app is below dist/app; dist/missing.html stands for it until make has
// built it.
//
//go:embed all:dist
var dist embed.FS

// app serves the built files. Paths that name none of them get index.html: they are
// pages within the app.
type app struct {
	files fs.FS // nil = not built
	index []byte
}

func newApp() http.Handler {
	index, err := fs.ReadFile(dist, "dist/app/index.html")
	if err != nil {
		missing, err := dist.ReadFile("dist/missing.html")
		if err != nil {
			panic("web: the page that stands for the app is not embedded: " + err.Error())
		}
		return app{nil, missing}
	}
	files, err := fs.Sub(dist, "dist/app")
	if err != nil {
		panic("web: " + err.Error())
	}
	return app{files, index}
}

func (a app) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
	if a.files != nil && name != "" && name != "index.html" {
		if body, err := fs.ReadFile(a.files, name); err == nil {
			a.file(w, r, name, body)
			return
		}
	}
	if strings.HasPrefix(name, "assets/") {
		http.Error(w, "There is no such file; the page is from another version: load it again.", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Write(a.index)
}

// file serves one built file, compressed where the build made that and the client
// takes it. Files below assets have a hash of their content in their name.
func (a app) file(w http.ResponseWriter, r *http.Request, name string, body []byte) {
	head := w.Header()
	kind := mime.TypeByExtension(path.Ext(name))
	if kind == "" {
		kind = "application/octet-stream"
	}
	head.Set("Content-Type", kind)
	head.Set("Vary", "Accept-Encoding")
	if strings.HasPrefix(name, "assets/") {
		head.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	if packed, err := fs.ReadFile(a.files, name+".gz"); err == nil && takesGzip(r) {
		head.Set("Content-Encoding", "gzip")
		body = packed
	}
	head.Set("Content-Length", strconv.Itoa(len(body)))
	w.Write(body)
}

func takesGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, q, _ := strings.Cut(strings.TrimSpace(part), ";")
		if name == "gzip" && strings.TrimSpace(q) != "q=0" {
			return true
		}
	}
	return false
}
