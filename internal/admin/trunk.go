package admin

import (
	"context"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"tandem/internal/certs"
	"tandem/internal/voice"
)

// AddTrunk makes a trunk. Name, Host and Tenant are needed; the id is drawn.
func (a *Admin) AddTrunk(ctx context.Context, k voice.Trunk) (voice.Trunk, error) {
	const op = "admin.AddTrunk"
	t, err := a.tenant(ctx, op, k.Tenant)
	if err != nil {
		return voice.Trunk{}, err
	}
	others, err := a.Store.Trunks(ctx, t.ID)
	if err != nil {
		return voice.Trunk{}, err
	}
	k.Tenant = t.ID
	if err := a.checkWholeTrunk(&k, others); err != nil {
		return voice.Trunk{}, err
	}
	k.Created, k.ID = time.Now(), voice.TrunkID(voice.NewID("tr"))
	return k, a.Store.AddTrunk(ctx, k)
}

func checkTrunk(k *voice.Trunk) error {
	const op = "admin.AddTrunk"
	switch {
	case k.Transport != "" && k.Transport != "udp" && k.Transport != "tcp" && k.Transport != "tls":
		return voice.InvalidField(op, "transport", "%q is neither udp, tcp nor tls", k.Transport)
	case k.Register && k.Username == "":
		return voice.InvalidField(op, "register", "registering needs a username and a password")
	case k.Username != "" && k.Password == "":
		return voice.InvalidField(op, "password", "it is missing beside the username")
	case k.Password != "" && k.Username == "":
		return voice.InvalidField(op, "username", "it is missing beside the password")
	case strings.ContainsAny(k.Username, " \t\r\n\"<>"):
		return voice.InvalidField(op, "username", "%q holds a character that a SIP user has not", k.Username)
	}
	if err := checkTrunkTLS(k); err != nil {
		return err
	}
	for _, p := range k.Prefixes {
		digits := strings.TrimPrefix(p, "+")
		if digits == p || strings.Trim(digits, "0123456789") != "" || len(digits) > 15 {
			return voice.InvalidField(op, "prefix", "%q is no prefix of a full number such as +46", p)
		}
	}
	if k.CallerID != "" {
		e, err := voice.ParseE164(string(k.CallerID))
		if err != nil {
			return voice.InvalidField(op, "caller-id", "%s", voice.Reason(err))
		}
		k.CallerID = e
	}
	return nil
}

// checkTrunkTLS looks at what TLS with a trunk is made with.
func checkTrunkTLS(k *voice.Trunk) error {
	const op = "admin.AddTrunk"
	if k.Transport != "tls" && k.TLSName+k.TLSCA+k.TLSCert+k.TLSKey != "" {
		return voice.InvalidField(op, "transport", "names, authorities and certificates are for transport tls alone")
	}
	if err := checkSRTP(op, k.SRTP); err != nil {
		return err
	}
	if k.SRTP == "required" && k.Transport != "tls" {
		return voice.InvalidField(op, "srtp", "keys are in the signalling, which is encrypted with transport tls alone")
	}
	if len(k.TLSName) > 253 || strings.ContainsAny(k.TLSName, " \t\r\n:/@\"<>;,?") {
		return voice.InvalidField(op, "tls-name", "%q is no name that a certificate could have", k.TLSName)
	}
	if k.TLSCA != "" {
		if _, err := certs.Authorities(k.TLSCA); err != nil {
			return voice.InvalidField(op, "tls-ca", "%w", err)
		}
	}
	switch {
	case (k.TLSCert == "") != (k.TLSKey == ""):
		return voice.InvalidField(op, "tls-cert", "a certificate and its key belong together")
	case k.TLSCert != "":
		if _, err := certs.Pair(k.TLSCert, k.TLSKey); err != nil {
			return voice.InvalidField(op, "tls-cert", "%w", err)
		}
	}
	return nil
}

// checkTrunkHost wants HOST or HOST:PORT, and no loopback unless it is allowed:
// a trunk there could only reach this machine's own services.
func (a *Admin) checkTrunkHost(field, s string) error {
	const op = "admin.AddTrunk"
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		host, port = strings.Trim(s, "[]"), "5060"
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
		return voice.InvalidField(op, field, "%q has the port %q; ports are 1 to 65535", s, port)
	}
	if host == "" || len(host) > 253 || strings.ContainsAny(host, " \t\r\n/@\"<>;,?") || strings.Contains(host, "sip:") {
		return voice.InvalidField(op, field, "%q is not HOST or HOST:PORT", s)
	}
	ip, err := netip.ParseAddr(host)
	loop := strings.EqualFold(host, "localhost") || err == nil && (ip.Unmap().IsLoopback() || ip.IsUnspecified())
	if loop && !a.AllowLoopback {
		return voice.InvalidField(op, field, "%s is this machine itself; allow_loopback = yes permits that, for tests", host)
	}
	if err != nil && strings.Contains(host, ":") {
		return voice.InvalidField(op, field, "%q is not HOST or HOST:PORT", s)
	}
	return nil
}

// Trunks lists an account's trunks.
func (a *Admin) Trunks(ctx context.Context, account voice.TenantID) ([]voice.Trunk, error) {
	t, err := a.tenant(ctx, "admin.Trunks", account)
	if err != nil {
		return nil, err
	}
	return a.Store.Trunks(ctx, t.ID)
}

// RemoveTrunk removes a trunk by its name or id.
func (a *Admin) RemoveTrunk(ctx context.Context, account voice.TenantID, name string) error {
	list, err := a.Trunks(ctx, account)
	if err != nil {
		return err
	}
	for _, k := range list {
		if k.Name == name || string(k.ID) == name {
			return a.Store.RemoveTrunk(ctx, k.Tenant, k.ID)
		}
	}
	return voice.InvalidField("admin.RemoveTrunk", "name", "account %s has no trunk %q", account, name)
}
