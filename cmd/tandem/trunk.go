package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"tandem/internal/admin"
	"tandem/internal/voice"
)

type trunkCmd struct {
	Add    trunkAdd    `cmd:"" help:"Add a carrier or PBX."`
	List   trunkList   `cmd:"" help:"List an account's trunks, first choice first."`
	Remove trunkRemove `cmd:"" help:"Remove a trunk."`
}

type trunkAdd struct {
	Name      string   `arg:"" help:"Name of the trunk."`
	Account   string   `required:"" placeholder:"ID" help:"The account."`
	Host      string   `required:"" placeholder:"HOST[:PORT]" help:"The peer; without a port the DNS says where (RFC 3263), else 5060."`
	Username  string   `placeholder:"USER" help:"User for digest authentication."`
	Password  string   `placeholder:"PASSWORD" help:"Password for digest authentication."`
	Register  bool     `help:"Register with the peer, so that it knows where to send calls."`
	Transport string   `placeholder:"udp|tcp|tls" help:"Transport (default: as the DNS says, else udp). With tls nothing less is spoken, and its certificate is checked."`
	Priority  int      `placeholder:"N" help:"Lower is tried first (default 0)."`
	Prefix    []string `placeholder:"+46" help:"Only numbers that begin so go through it; may be repeated."`
	CallerID  string   `name:"caller-id" placeholder:"+E164" help:"Number shown when the caller's own may not be."`
	Refer     bool     `help:"Transfer its callers by SIP REFER, and let it transfer ours."`
	Proxy     string   `placeholder:"HOST[:PORT]" help:"Outbound proxy that all requests to it pass."`
	Identity  bool     `help:"Believe what it says of the caller and of who was called first, and tell it the same (P-Asserted-Identity, History-Info, Diversion)."`
	Redirects bool     `help:"Follow its redirections (302), to numbers that may be dialled through it."`
	SRTP      string   `name:"srtp" placeholder:"off|preferred|required" help:"Whether media is secured by keys in the signalling, with transport tls (default: preferred)."`
	TLSName   string   `name:"tls-name" placeholder:"NAME" help:"Whom its certificate has to name, where that is not its host."`
	TLSCA     []byte   `name:"tls-ca" type:"filecontent" placeholder:"FILE" help:"Authorities that may have signed it, PEM (default: those that this machine knows)."`
	TLSCert   []byte   `name:"tls-cert" type:"filecontent" placeholder:"FILE" help:"Certificate that it is shown, PEM. Calls from it have to show theirs, then."`
	TLSKey    []byte   `name:"tls-key" type:"filecontent" placeholder:"FILE" help:"Key of that certificate, PEM; kept sealed."`
}

type trunkJSON struct {
	ID        voice.TrunkID `json:"id"`
	Name      string        `json:"name"`
	Host      string        `json:"host"`
	Transport string        `json:"transport"`
	Username  string        `json:"username,omitempty"`
	Register  bool          `json:"register"`
	Priority  int           `json:"priority"`
	Prefixes  []string      `json:"prefixes,omitempty"`
	CallerID  voice.E164    `json:"caller_id,omitempty"`
	Refer     bool          `json:"refer"`
	Proxy     string        `json:"proxy,omitempty"`
	Identity  bool          `json:"identity"`
	Redirects bool          `json:"redirects"`
	TLSName   string        `json:"tls_name,omitempty"`
	OwnCA     bool          `json:"own_ca,omitempty"`
	Mutual    bool          `json:"mutual_tls,omitempty"`
	SRTP      string        `json:"srtp,omitempty"`
}

func newTrunkJSON(k voice.Trunk) trunkJSON {
	transport := k.Transport
	if transport == "" {
		transport = "udp"
	}
	return trunkJSON{k.ID, k.Name, k.Host, transport, k.Username, k.Register, k.Priority, k.Prefixes, k.CallerID, k.Refer,
		k.Proxy, k.Identity, k.Redirects, k.TLSName, k.TLSCA != "", k.TLSCert != "", k.SRTP}
}

func (c *trunkAdd) Run(p *program) error {
	return p.withAdmin(func(a *admin.Admin) error {
		k, err := a.AddTrunk(p.ctx, voice.Trunk{Tenant: voice.TenantID(c.Account), Name: c.Name, Host: c.Host, Transport: c.Transport,
			Username: c.Username, Password: c.Password, Register: c.Register, Priority: c.Priority,
			Prefixes: c.Prefix, CallerID: voice.E164(c.CallerID), Refer: c.Refer,
			Proxy: c.Proxy, Identity: c.Identity, Redirects: c.Redirects,
			TLSName: c.TLSName, TLSCA: string(c.TLSCA), TLSCert: string(c.TLSCert), TLSKey: string(c.TLSKey), SRTP: c.SRTP})
		if err != nil {
			return err
		}
		return p.show(newTrunkJSON(k), func(w io.Writer) { fmt.Fprintf(w, "trunk %s to %s is added.\n", k.Name, k.Host) })
	})
}

type trunkList struct {
	Account string `required:"" placeholder:"ID" help:"The account."`
}

func (c *trunkList) Run(p *program) error {
	return p.withAdmin(func(a *admin.Admin) error {
		list, err := a.Trunks(p.ctx, voice.TenantID(c.Account))
		if err != nil {
			return err
		}
		out := make([]trunkJSON, len(list))
		for i, k := range list {
			out[i] = newTrunkJSON(k)
		}
		return p.show(out, func(w io.Writer) {
			for _, k := range out {
				how := "does not register"
				if k.Register {
					how = "registers as " + k.Username
				}
				if k.Refer {
					how += ", transfers by REFER"
				}
				if k.Proxy != "" {
					how += ", by way of " + k.Proxy
				}
				if k.Identity {
					how += ", trusted with identities"
				}
				if k.TLSName != "" {
					how += ", known by the name " + k.TLSName
				}
				if k.OwnCA {
					how += ", by authorities of its own"
				}
				if k.SRTP != "" {
					how += ", SRTP " + k.SRTP
				}
				if k.Mutual {
					how += ", shown a certificate"
				}
				if k.Redirects {
					how += ", may redirect"
				}
				row(w, k.Name, k.Host, k.Transport, "priority "+strconv.Itoa(k.Priority), how, strings.Join(k.Prefixes, " "))
			}
		})
	})
}

type trunkRemove struct {
	Name    string `arg:"" help:"Name or id of the trunk."`
	Account string `required:"" placeholder:"ID" help:"The account."`
}

func (c *trunkRemove) Run(p *program) error {
	return p.withAdmin(func(a *admin.Admin) error {
		if err := a.RemoveTrunk(p.ctx, voice.TenantID(c.Account), c.Name); err != nil {
			return err
		}
		return p.removed("trunk " + c.Name)
	})
}
