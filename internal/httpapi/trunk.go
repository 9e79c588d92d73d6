package httpapi

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"tandem/internal/voice"
)

// Trunk is a carrier or PBX that calls go out through and come in from.
type Trunk struct {
	ID         string     `json:"id"`
	Name       string     `json:"name"`
	Host       string     `json:"host" doc:"HOST or HOST:PORT"`
	Transport  string     `json:"transport" enum:"udp,tcp,tls"`
	Username   string     `json:"username,omitempty"`
	Register   bool       `json:"register"`
	Priority   int        `json:"priority" doc:"Lower is tried first"`
	Prefixes   []string   `json:"prefixes" doc:"Numbers that may be dialled through it; empty = all that policy allows"`
	CallerID   string     `json:"caller_id,omitempty"`
	Refer      bool       `json:"refer" doc:"Callers may be transferred by REFER, and the peer may transfer"`
	Proxy      string     `json:"proxy,omitempty" doc:"Outbound proxy that all requests pass"`
	Identity   bool       `json:"identity" doc:"It is trusted with identities: P-Asserted-Identity, History-Info and Diversion are believed and sent"`
	Redirects  bool       `json:"redirects" doc:"Its redirections (302) are followed, to numbers that may be dialled through it"`
	TLSName    string     `json:"tls_name,omitempty" doc:"Whom its certificate has to name; missing = its host"`
	TLSCA      string     `json:"tls_ca,omitempty" doc:"PEM of the authorities that may have signed it"`
	TLSCert    string     `json:"tls_cert,omitempty" doc:"PEM of the certificate that it is shown"`
	SRTP       string     `json:"srtp" enum:"off,preferred,required" doc:"Whether media is secured by keys in the signalling"`
	Registered bool       `json:"registered"`
	State      string     `json:"state,omitempty" doc:"How its registration stands, in words"`
	Created    *time.Time `json:"created,omitempty"`
}

// TrunkInput is a new trunk.
type TrunkInput struct {
	Name      string   `json:"name" minLength:"1" maxLength:"100"`
	Host      string   `json:"host" minLength:"1" maxLength:"260" doc:"HOST or HOST:PORT"`
	Transport string   `json:"transport,omitempty" enum:"udp,tcp,tls" doc:"With tls nothing less is spoken. Missing = as the DNS says, else udp"`
	Username  string   `json:"username,omitempty" maxLength:"100"`
	Password  string   `json:"password,omitempty" maxLength:"200" doc:"Kept sealed and never shown"`
	Register  bool     `json:"register,omitempty" doc:"Register there, so that calls come in"`
	Priority  int      `json:"priority,omitempty" minimum:"0" maximum:"1000" doc:"Lower is tried first"`
	Prefixes  []string `json:"prefixes,omitempty" maxItems:"300" doc:"Numbers that may be dialled through it: \"+46\""`
	CallerID  string   `json:"caller_id,omitempty" maxLength:"40" doc:"Shown where the caller's own number may not be"`
	Refer     bool     `json:"refer,omitempty" doc:"Transfer its callers by REFER, and let it transfer; missing = transfers are dialled and bridged here"`
	Proxy     string   `json:"proxy,omitempty" maxLength:"260" doc:"Outbound proxy, HOST or HOST:PORT, that all requests pass"`
	Identity  bool     `json:"identity,omitempty" doc:"Believe its P-Asserted-Identity, History-Info and Diversion, and send it ours"`
	Redirects bool     `json:"redirects,omitempty" doc:"Follow its redirections (302), to numbers that may be dialled through it"`
	TLSName   string   `json:"tls_name,omitempty" maxLength:"253" doc:"With tls: whom its certificate has to name, where that is not its host (RFC 5922)"`
	TLSCA     string   `json:"tls_ca,omitempty" maxLength:"65536" doc:"With tls: PEM of the authorities that may have signed it; missing = those that the server knows"`
	TLSCert   string   `json:"tls_cert,omitempty" maxLength:"65536" doc:"With tls: PEM of the certificate that it is shown. Then its own calls have to show one, too"`
	SRTP      string   `json:"srtp,omitempty" enum:"off,preferred,required" doc:"Whether media is secured by keys in the signalling (SDES), over tls; missing = preferred"`
	TLSKey    string   `json:"tls_key,omitempty" maxLength:"65536" doc:"PEM of that one's key; kept sealed and never shown"`
}

// TrunkPath names it in the path.
type TrunkPath struct {
	Trunk string `path:"trunk" maxLength:"64"`
}

func (a *API) registerTrunks() {
	const section = "Trunks"
	handle(a, route{id: "list-trunks", method: http.MethodGet, path: "/trunks", section: section, scope: ConfigRead, title: "List the trunks"}, a.listTrunks)
	handle(a, route{id: "add-trunk", method: http.MethodPost, path: "/trunks", section: section, scope: ConfigWrite, status: http.StatusCreated, title: "Add a trunk",
		text: "Calls from its host come in for this account, so the key needs the scope operator too."}, a.addTrunk)
	handle(a, route{id: "read-trunk", method: http.MethodGet, path: "/trunks/{trunk}", section: section, scope: ConfigRead, title: "Read a trunk and its state"}, a.readTrunk)
	handle(a, route{id: "change-trunk", method: http.MethodPatch, path: "/trunks/{trunk}", section: section, scope: ConfigWrite, title: "Change a trunk",
		text: "What is missing stays as it is. Calls that are up go on; a registration is made anew where it has to be. The key needs the scope operator too, as for a new trunk."}, a.changeTrunk)
	handle(a, route{id: "test-trunk", method: http.MethodPost, path: "/trunks/{trunk}/test", section: section, scope: ConfigWrite, title: "Ask a trunk whether it is there",
		text: "An OPTIONS goes to it, with its credentials where it wants them, and it is registered anew at once where it registers. The answer comes within ten seconds, and says in words how the trunk stands."}, a.testTrunk)
	handle(a, route{id: "remove-trunk", method: http.MethodDelete, path: "/trunks/{trunk}", section: section, scope: ConfigWrite, status: http.StatusNoContent, title: "Remove a trunk"}, a.removeTrunk)
}

func (a *API) showTrunk(ctx context.Context, k voice.Trunk) Trunk {
	x := Trunk{ID: string(k.ID), Name: k.Name, Host: k.Host, Transport: k.Transport, Username: k.Username, Register: k.Register,
		Priority: k.Priority, Prefixes: append([]string{}, k.Prefixes...), CallerID: string(k.CallerID), Refer: k.Refer, Created: moment(k.Created),
		Proxy: k.Proxy, Identity: k.Identity, Redirects: k.Redirects, TLSName: k.TLSName, TLSCA: k.TLSCA, TLSCert: k.TLSCert, SRTP: cmp.Or(k.SRTP, "preferred")}
	if x.Transport == "" {
		x.Transport = "udp"
	}
	if k.Register || k.Transport == "tls" {
		x.Registered, x.State = a.cfg.TrunkStates.TrunkState(ctx, k.ID)
	}
	return x
}

func (a *API) listTrunks(ctx context.Context, c caller, _ *struct{}) (*answer[Page[Trunk]], error) {
	list, err := a.cfg.Trunks.Trunks(ctx, c.tenant)
	if err != nil {
		return nil, err
	}
	return all(list, func(k voice.Trunk) Trunk { return a.showTrunk(ctx, k) }), nil
}

func (a *API) addTrunk(ctx context.Context, c caller, in *struct{ Body TrunkInput }) (*answer[Trunk], error) {
	if !c.may(Operator) { // a trunk at another account's carrier would get that one's calls
		return nil, voice.Errorf("httpapi", voice.Permission, "adding a trunk needs the scope operator too: it decides whose the calls from its host are")
	}
	b := in.Body
	k, err := a.cfg.TrunkAdmin.AddTrunk(ctx, voice.Trunk{Tenant: c.tenant, Name: b.Name, Host: b.Host, Transport: b.Transport, Username: b.Username,
		Password: b.Password, Register: b.Register, Priority: b.Priority, Prefixes: b.Prefixes, CallerID: voice.E164(b.CallerID), Refer: b.Refer,
		Proxy: b.Proxy, Identity: b.Identity, Redirects: b.Redirects,
		TLSName: b.TLSName, TLSCA: b.TLSCA, TLSCert: b.TLSCert, TLSKey: b.TLSKey, SRTP: b.SRTP})
	if err != nil {
		return nil, err
	}
	return body(a.showTrunk(ctx, k)), nil
}

func (a *API) trunk(ctx context.Context, c caller, id string) (voice.Trunk, error) {
	list, err := a.cfg.Trunks.Trunks(ctx, c.tenant)
	if err != nil {
		return voice.Trunk{}, err
	}
	i := slices.IndexFunc(list, func(k voice.Trunk) bool { return string(k.ID) == id })
	if i < 0 {
		return voice.Trunk{}, voice.Errorf("httpapi", voice.NotExist, "the account has no trunk %s", id)
	}
	return list[i], nil
}

func (a *API) readTrunk(ctx context.Context, c caller, in *TrunkPath) (*answer[Trunk], error) {
	k, err := a.trunk(ctx, c, in.Trunk)
	if err != nil {
		return nil, err
	}
	return body(a.showTrunk(ctx, k)), nil
}

func (a *API) removeTrunk(ctx context.Context, c caller, in *TrunkPath) (*nothing, error) {
	k, err := a.trunk(ctx, c, in.Trunk)
	if err != nil {
		return nil, err
	}
	return nil, a.cfg.Trunks.RemoveTrunk(ctx, c.tenant, k.ID)
}
