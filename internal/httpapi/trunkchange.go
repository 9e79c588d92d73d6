package httpapi

import (
	"context"

	"tandem/internal/voice"
)

// TrunkChange says what is changed of a trunk.
type TrunkChange struct {
	TrunkPath
	Body TrunkChanges
}

// TrunkChanges are the changes; what is missing stays as it is.
type TrunkChanges struct {
	Name      *string   `json:"name,omitempty" minLength:"1" maxLength:"100"`
	Host      *string   `json:"host,omitempty" minLength:"1" maxLength:"260" doc:"HOST or HOST:PORT"`
	Transport *string   `json:"transport,omitempty" enum:",udp,tcp,tls" doc:"Empty = as the DNS says, else udp"`
	Username  *string   `json:"username,omitempty" maxLength:"100" doc:"Empty, with an empty password = none"`
	Password  *string   `json:"password,omitempty" maxLength:"200" doc:"Kept sealed and never shown"`
	Register  *bool     `json:"register,omitempty"`
	Priority  *int      `json:"priority,omitempty" minimum:"0" maximum:"1000"`
	Prefixes  *[]string `json:"prefixes,omitempty" maxItems:"300" doc:"Empty = all that policy allows"`
	CallerID  *string   `json:"caller_id,omitempty" maxLength:"40"`
	Refer     *bool     `json:"refer,omitempty"`
	Proxy     *string   `json:"proxy,omitempty" maxLength:"260"`
	Identity  *bool     `json:"identity,omitempty"`
	Redirects *bool     `json:"redirects,omitempty"`
	TLSName   *string   `json:"tls_name,omitempty" maxLength:"253"`
	TLSCA     *string   `json:"tls_ca,omitempty" maxLength:"65536"`
	TLSCert   *string   `json:"tls_cert,omitempty" maxLength:"65536"`
	TLSKey    *string   `json:"tls_key,omitempty" maxLength:"65536" doc:"Kept sealed and never shown"`
	SRTP      *string   `json:"srtp,omitempty" enum:"off,preferred,required"`
}

// TrunkAnswer is what became of a question to a trunk.
type TrunkAnswer struct {
	Reached      bool     `json:"reached" doc:"An answer came that a working trunk gives"`
	Words        string   `json:"words" doc:"One sentence that says how it stands"`
	Status       int      `json:"status,omitempty" doc:"Of the SIP answer; missing = none came"`
	Milliseconds int64    `json:"milliseconds" doc:"Until the answer"`
	From         string   `json:"from,omitempty" doc:"Where the answer came from"`
	Places       []string `json:"places" doc:"Where its host leads to, first choice first"`
	Registered   bool     `json:"registered"`
	State        string   `json:"state,omitempty" doc:"How its registration stood when it was asked, in words"`
}

func (c *TrunkChanges) apply(k *voice.Trunk) {
	set(&k.Name, c.Name)
	set(&k.Host, c.Host)
	set(&k.Transport, c.Transport)
	set(&k.Username, c.Username)
	set(&k.Password, c.Password)
	set(&k.Register, c.Register)
	set(&k.Priority, c.Priority)
	set(&k.Prefixes, c.Prefixes)
	set((*string)(&k.CallerID), c.CallerID)
	set(&k.Refer, c.Refer)
	set(&k.Proxy, c.Proxy)
	set(&k.Identity, c.Identity)
	set(&k.Redirects, c.Redirects)
	set(&k.TLSName, c.TLSName)
	set(&k.TLSCA, c.TLSCA)
	set(&k.TLSCert, c.TLSCert)
	set(&k.TLSKey, c.TLSKey)
	set(&k.SRTP, c.SRTP)
}

func (a *API) changeTrunk(ctx context.Context, c caller, in *TrunkChange) (*answer[Trunk], error) {
	k, err := a.trunk(ctx, c, in.Trunk)
	if err != nil {
		return nil, err
	}
	if !c.may(Operator) {
		return nil, voice.Errorf("httpapi", voice.Permission, "changing a trunk needs the scope operator too: it decides whose the calls from its host are")
	}
	if k, err = a.cfg.TrunkAdmin.EditTrunk(ctx, c.tenant, string(k.ID), in.Body.apply); err != nil {
		return nil, err
	}
	return body(a.showTrunk(ctx, k)), nil
}

func (a *API) testTrunk(ctx context.Context, c caller, in *TrunkPath) (*answer[TrunkAnswer], error) {
	k, err := a.trunk(ctx, c, in.Trunk)
	if err != nil {
		return nil, err
	}
	r, err := a.cfg.TrunkStates.AskTrunk(ctx, k)
	if err != nil {
		return nil, err
	}
	if r.Places == nil {
		r.Places = []string{}
	}
	if k.Register {
		r.Registered, r.State = a.cfg.TrunkStates.TrunkState(ctx, k.ID)
	}
	return body(r), nil
}
