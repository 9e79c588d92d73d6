package daemon

import (
	"context"
	"net"
	"strconv"
	"strings"

	"tandem/internal/config"
	"tandem/internal/httpapi"
)

// serverFacts tells the pages what this server is.
type serverFacts struct{ d *Daemon }

// About implements httpapi.Server.
func (f serverFacts) About(context.Context) httpapi.AboutServer {
	d := f.d
	host := strings.Trim(d.cfg.Host(), "[]")
	at := func(port uint16) string { return net.JoinHostPort(host, strconv.Itoa(int(port))) }
	s := httpapi.AboutServer{Version: d.opt.Version, Web: d.url(), Host: host, Realm: d.cfg.Realm, RTP: d.cfg.RTP.String(), Mail: d.cfg.SMTP.Host != "", SMS: d.cfg.SMS.URL != "", Recogniser: d.cfg.ASR.URL != ""}
	port := d.agent.Addr().Port()
	s.SIP = []httpapi.SIPAddress{{Transport: "udp", Address: at(port)}, {Transport: "tcp", Address: at(port)}}
	for _, transport := range []string{"tls", "ws", "wss"} {
		if a, ok := d.agent.Listens(transport); ok {
			s.SIP = append(s.SIP, httpapi.SIPAddress{Transport: transport, Address: at(a.Port())})
		}
	}
	return s
}

// Settings implements httpapi.Server.
func (f serverFacts) Settings(context.Context) []httpapi.ServerSetting {
	var list []httpapi.ServerSetting
	for _, s := range config.Settings() {
		value, hidden := s.Shown(f.d.cfg)
		from := f.d.opt.Origins.Of(s.Key)
		fallback := s.Default()
		if s.Secret {
			fallback = ""
		}
		list = append(list, httpapi.ServerSetting{Key: s.Key, Value: value, Hidden: hidden, Default: fallback, Unit: s.Unit, Help: s.Help, Env: s.Env(),
			From: string(from.Kind), Where: from.Where})
	}
	return list
}
