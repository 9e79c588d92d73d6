package config

import (
	"net"
	"net/url"
	"slices"
	"strings"
)

// Party gives the host name that passkeys are made for (the relying party's id of Web
// Authentication) and the origins that they answer at, of a server whose pages are at
// the ports: base_url's, when that begins with https and has a host name; else those of
// the pages over TLS, when public is a host name; else localhost, where alone browsers
// allow passkeys over plain http. tlsPort is "" when nothing is served over TLS.
func (c Config) Party(httpPort, tlsPort string) (id string, origins []string) {
	if u, err := url.Parse(c.BaseURL); err == nil && c.BaseURL != "" {
		host := strings.ToLower(u.Hostname())
		if named(host) && (u.Scheme == "https" || isLocal(host)) {
			return host, []string{origin(u.Scheme, host, u.Port())}
		}
	} else if host := strings.ToLower(c.Public); tlsPort != "" && named(host) {
		return host, []string{origin("https", host, tlsPort)}
	}
	origins = []string{origin("http", "localhost", httpPort)}
	if tlsPort != "" {
		origins = append(origins, origin("https", "localhost", tlsPort))
	}
	return "localhost", origins
}

// named says whether a host is a name and no address: passkeys are made for names alone.
func named(host string) bool {
	if host == "" || net.ParseIP(strings.Trim(host, "[]")) != nil {
		return false
	}
	// A last label of digits is read as an address by browsers.
	labels := strings.Split(strings.TrimSuffix(host, "."), ".")
	return strings.Trim(labels[len(labels)-1], "0123456789") != "" && !slices.Contains(labels, "")
}

func isLocal(host string) bool { return host == "localhost" || strings.HasSuffix(host, ".localhost") }

// origin writes an origin as browsers do, without the port that its scheme has anyway.
func origin(scheme, host, port string) string {
	if port == "" || scheme == "https" && port == "443" || scheme == "http" && port == "80" {
		return scheme + "://" + host
	}
	return scheme + "://" + host + ":" + port
}
