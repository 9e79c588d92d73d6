package daemon

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"tandem/internal/dialect"
	"tandem/internal/web"
)

// Bounds of the HTTP server. Uploads set their own limits on size.
const (
	headerTime  = 10 * time.Second
	readTime    = 60 * time.Second
	writeTime   = 120 * time.Second
	idleTime    = 2 * time.Minute
	headerBytes = 32 << 10
)

func (d *Daemon) startHTTP(context.Context) error {
	l, err := net.Listen("tcp", d.cfg.HTTP)
	if err != nil {
		return err
	}
	d.listener = l
	d.server = &http.Server{
		Handler: d.handler(), ReadHeaderTimeout: headerTime, ReadTimeout: readTime, WriteTimeout: writeTime,
		IdleTimeout: idleTime, MaxHeaderBytes: headerBytes, ErrorLog: slog.NewLogLogger(d.log.Handler(), slog.LevelDebug),
	}
	d.closing(func() {
		ctx, cancel := context.WithTimeout(context.Background(), httpTime)
		defer cancel()
		if d.server.Shutdown(ctx) != nil {
			d.server.Close()
		}
		l.Close()
	})
	return nil
}

// handler serves each dialect below its name, and at the root for the vendor's
// own host names; everything else is the web pages.
func (d *Daemon) handler() http.Handler {
	pages := web.New(web.Config{Accounts: d.admin, Calls: d.store, Status: status{d}, Health: health{d}, Logger: d.log})
	type mounted struct {
		prefix string
		below  http.Handler
		root   http.Handler
		hosts  []string
	}
	var vendors []mounted
	for _, v := range []dialect.Dialect{d.sonetel} {
		prefix := "/" + string(v.Kind())
		vendors = append(vendors, mounted{prefix, v.Handler(prefix), v.Handler(""), v.HostNames()})
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := hostName(r.Host)
		for _, v := range vendors {
			switch {
			case slices.Contains(v.hosts, host):
				v.root.ServeHTTP(w, r)
				return
			case r.URL.Path == v.prefix || strings.HasPrefix(r.URL.Path, v.prefix+"/"):
				v.below.ServeHTTP(w, r)
				return
			}
		}
		pages.ServeHTTP(w, r)
	})
}

func hostName(host string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}
