package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"tandem/internal/apidocs"
	"tandem/internal/auth"
	"tandem/internal/clock"
	"tandem/internal/dialect"
	"tandem/internal/httpapi"
	"tandem/internal/passkey"
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
	if d.cfg.HTTPTLS != "" {
		if d.listenerTLS, err = net.Listen("tcp", d.cfg.HTTPTLS); err != nil {
			return errors.Join(fmt.Errorf("over TLS: %w", err), l.Close())
		}
	}
	handler, err := d.handler()
	if err != nil {
		err = errors.Join(err, l.Close())
		if d.listenerTLS != nil {
			err = errors.Join(err, d.listenerTLS.Close())
		}
		return err
	}
	d.server = &http.Server{
		Handler: handler, ReadHeaderTimeout: headerTime, ReadTimeout: readTime, WriteTimeout: writeTime,
		IdleTimeout: idleTime, MaxHeaderBytes: headerBytes, ErrorLog: slog.NewLogLogger(d.log.Handler(), slog.LevelDebug),
	}
	if d.certificate != nil {
		d.server.TLSConfig = d.certificate.Server()
	}
	d.closing(func() {
		ctx, cancel := context.WithTimeout(context.Background(), httpTime)
		defer cancel()
		if d.server.Shutdown(ctx) != nil {
			d.server.Close()
		}
		l.Close()
		if d.listenerTLS != nil {
			d.listenerTLS.Close()
		}
	})
	d.closing(d.pages.Close)
	d.closing(d.events.Close) // before the server, which waits for its streams
	return nil
}

// handler serves each dialect below its name, and at the root for the vendor's
// own host names, the native API and the page of the APIs; everything else is the web pages.
func (d *Daemon) handler() (http.Handler, error) {
	tlsPort := ""
	if d.listenerTLS != nil {
		tlsPort = portOf(d.listenerTLS)
	}
	party, origins := d.cfg.Party(portOf(d.listener), tlsPort)
	var err error
	d.passkeys, err = passkey.New(passkey.Config{Party: party, Origins: origins, Store: d.store, Tries: auth.NewAttempts(clock.Real())})
	if err != nil {
		return nil, err
	}
	pages := web.New(web.Config{Accounts: d.admin, Users: d.store, Factors: d.admin, Passkeys: d.passkeys, NewPasskeys: d.passkeys, Sessions: d.store, Health: health{d}, Logger: d.log})
	api, err := d.newAPI(pages)
	if err != nil {
		return nil, err
	}
	docs, err := d.apiDocs(api)
	if err != nil {
		return nil, err
	}
	type mounted struct {
		prefix string
		below  http.Handler
		root   http.Handler
		hosts  []string
	}
	var vendors []mounted
	for _, v := range d.dialects {
		prefix := "/" + string(v.Kind())
		vendors = append(vendors, mounted{prefix, v.Handler(prefix), v.Handler(""), v.HostNames()})
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := hostName(r.Host)
		for _, v := range vendors {
			switch {
			case slices.Contains(v.hosts, host):
				v.root.ServeHTTP(w, acting(r, v.prefix[1:]))
				return
			case r.URL.Path == v.prefix || strings.HasPrefix(r.URL.Path, v.prefix+"/"):
				v.below.ServeHTTP(w, acting(r, v.prefix[1:]))
				return
			}
		}
		switch {
		case r.URL.Path == readyPath:
			d.ready(w, r)
			return
		case r.URL.Path == sipPath && d.cfg.SIPWeb:
			d.agent.WebSockets().ServeHTTP(w, r)
			return
		case r.URL.Path == metricsPath:
			d.serveMetrics(w, r)
			return
		case strings.HasPrefix(r.URL.Path, httpapi.Prefix+"/"):
			api.ServeHTTP(w, acting(r, "api"))
			return
		case apidocs.Below(r.URL.Path, docsPath):
			docs.ServeHTTP(w, r)
			return
		}
		pages.ServeHTTP(w, acting(r, "page"))
	}), nil
}

func portOf(l net.Listener) string {
	_, port, _ := net.SplitHostPort(l.Addr().String()) // a listener's own address has one
	return port
}

// sipPath is where telephones in browsers speak SIP by WebSocket.
const sipPath = "/sip"

// docsPath is where the interactive page of the APIs is.
const docsPath = "/docs/api"

// apiDocs makes that page of the dialects' descriptions.
func (d *Daemon) apiDocs(api *httpapi.API) (http.Handler, error) {
	var apis []dialect.Description
	for _, v := range d.dialects {
		if v, ok := v.(dialect.Documented); ok {
			apis = append(apis, v.Describe())
		}
	}
	return apidocs.New(apidocs.Config{
		APIs: apis, Base: httpapi.Prefix,
		OpenAPI: func() ([]byte, error) { return api.OpenAPI(), nil },
	}, docsPath)
}

func hostName(host string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}
