package httpapi

import (
	"context"
	"net/http"

	"tandem/internal/voice"
)

// Server tells of the server itself.
type Server interface {
	About(ctx context.Context) AboutServer
	Settings(ctx context.Context) []ServerSetting
}

// AboutServer is what trunks and phones are given, and what the server can do.
type AboutServer struct {
	Version    string       `json:"version" doc:"Of the program"`
	Web        string       `json:"web" example:"http://pbx.example:8080" doc:"Begins the links to the pages and the APIs"`
	Host       string       `json:"host" example:"pbx.example" doc:"What phones and carriers reach the server by"`
	Realm      string       `json:"realm" doc:"SIP digest realm"`
	SIP        []SIPAddress `json:"sip" doc:"Where SIP is taken, besides /sip of the pages"`
	RTP        string       `json:"rtp" example:"10000-20000" doc:"UDP ports of audio, which a firewall lets through"`
	Mail       bool         `json:"mail" doc:"A mail server is set, so voicemail can be mailed"`
	SMS        bool         `json:"sms" doc:"A gateway for text messages is set"`
	Recogniser bool         `json:"recogniser" doc:"A speech recogniser is set"`
}

// SIPAddress is where SIP is taken over one transport.
type SIPAddress struct {
	Transport string `json:"transport" enum:"udp,tcp,tls,ws,wss"`
	Address   string `json:"address" example:"pbx.example:5060" doc:"HOST:PORT"`
}

// ServerSetting is a setting of the server as it is in effect.
type ServerSetting struct {
	Key     string `json:"key" example:"smtp.host"`
	Value   string `json:"value" doc:"Empty for a secret"`
	Hidden  bool   `json:"hidden" doc:"There is a value, or more of it, that is not shown"`
	Default string `json:"default"`
	Unit    string `json:"unit"`
	Help    string `json:"help"`
	Env     string `json:"env" example:"TANDEM_SMTP_HOST" doc:"Environment variable that sets it"`
	From    string `json:"from" enum:"default,file,environment,command line" doc:"Where it comes from"`
	Where   string `json:"where,omitempty" example:"/etc/tandem.conf:12" doc:"File and line, variable, or key on the command line"`
}

func (a *API) registerServer() {
	const section = "Server"
	handle(a, route{id: "read-server", method: http.MethodGet, path: "/server", section: section, scope: ConfigRead,
		title: "Read what the server is", text: "Its version, the addresses that trunks and phones are given, and what it is set up to do."}, a.readServer)
	handle(a, route{id: "list-server-settings", method: http.MethodGet, path: "/server/settings", section: section, scope: Operator,
		title: "List the settings in effect", text: "With where each comes from; secrets are left out. They are changed in the settings file, the environment or the command line, and take effect when the server starts."}, a.listServerSettings)
}

func (a *API) readServer(ctx context.Context, _ caller, _ *struct{}) (*answer[AboutServer], error) {
	if a.cfg.Server == nil {
		return nil, voice.Errorf("httpapi", voice.Unavailable, "this server tells nothing of itself")
	}
	return body(a.cfg.Server.About(ctx)), nil
}

func (a *API) listServerSettings(ctx context.Context, _ caller, _ *struct{}) (*answer[Page[ServerSetting]], error) {
	if a.cfg.Server == nil {
		return nil, voice.Errorf("httpapi", voice.Unavailable, "this server tells nothing of itself")
	}
	return body(Page[ServerSetting]{Items: a.cfg.Server.Settings(ctx)}), nil
}
