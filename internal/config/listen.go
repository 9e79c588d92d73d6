package config

import (
	"fmt"
	"net/netip"
	"net/url"
	"strings"
)

// listening lists the settings of where the server listens.
func listening() []Setting {
	return []Setting{
		text("http", "HOST:PORT", "Web pages and the vendors' APIs; without a host, every address.",
			func(c *Config) *string { return &c.HTTP }, checkAddr),
		text("http_tls", "HOST:PORT", "The same over TLS, by which browsers give pages their microphone: :8443; empty = not.",
			func(c *Config) *string { return &c.HTTPTLS }, optional(checkAddr)),
		text("sip", "HOST:PORT", "SIP over UDP and TCP.",
			func(c *Config) *string { return &c.SIP }, checkAddr),
		text("sip_tls", "HOST:PORT", "SIP over TLS: :5061; empty = not.",
			func(c *Config) *string { return &c.SIPTLS }, optional(checkAddr)),
		text("sip_ws", "HOST:PORT", "SIP over WebSocket on a port of its own, without TLS, as behind a proxy; empty = not.",
			func(c *Config) *string { return &c.SIPWS }, optional(checkAddr)),
		text("sip_wss", "HOST:PORT", "SIP over WebSocket on a port of its own, with TLS; empty = not.",
			func(c *Config) *string { return &c.SIPWSS }, optional(checkAddr)),
		flag("sip_web", "Telephones in browsers speak SIP over WebSocket at /sip of the web pages, too.",
			func(c *Config) *bool { return &c.SIPWeb }),
		{Key: "sip_origins", Unit: "list of origins: https://example.com", Help: "Whose pages may speak SIP over WebSocket beside those of this host, whatever its port; * = anybody's.",
			get: func(c *Config) string { return strings.Join(c.SIPOrigins, ", ") }, set: setOrigins},
	}
}

// checkAddress takes one address; that this machine has it shows when it is listened at.
func checkAddress(s string) error {
	a, err := netip.ParseAddr(s)
	a = a.Unmap()
	if err != nil || a.IsUnspecified() || a == netip.AddrFrom4([4]byte{255, 255, 255, 255}) || a.IsMulticast() || a.Zone() != "" {
		return fmt.Errorf("%q is not one address, such as 192.0.2.10; leave it empty for every one", s)
	}
	return nil
}

// certificate lists those of TLS.
func certificate() []Setting {
	return []Setting{
		text("tls.cert", "file, PEM", "Certificate of this server, with those between it and its authority, for http_tls, sip_tls and sip_wss; read anew when it changes. Empty = one that the server signs itself and keeps in the data folder: browsers ask their users then, and carriers refuse it.",
			func(c *Config) *string { return &c.TLS.Cert }, nil),
		text("tls.key", "file, PEM", "Key of that certificate.",
			func(c *Config) *string { return &c.TLS.Key }, nil),
		text("tls.authorities", "file, PEM", "Authorities whose certificates of carriers are taken beside those that this machine knows; a trunk may have its own instead.",
			func(c *Config) *string { return &c.TLS.Authorities }, nil),
	}
}

func setOrigins(c *Config, v string) error {
	var list []string
	for text := range strings.SplitSeq(v, ",") {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		u, err := url.Parse(text)
		if text != "*" && (err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || u.Path != "" || u.RawQuery != "") {
			return fmt.Errorf("%q is no origin such as https://example.com", text)
		}
		list = append(list, text)
	}
	c.SIPOrigins = list
	return nil
}
