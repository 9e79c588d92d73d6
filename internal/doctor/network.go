package doctor

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// answerTime bounds one question to a server.
const answerTime = 3 * time.Second

// reachable gives the address under which a server bound to addr is asked from
// this machine.
func reachable(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

func webPort(ctx context.Context, p *Patient) []Finding {
	if p.Running.HTTP != "" {
		err := askHealth(ctx, reachable(p.Running.HTTP))
		if err == nil {
			return good("the server answers on %s", p.Running.HTTP)
		}
		if free(ctx, "tcp", p.Running.HTTP) {
			return warn("start it again: tandem serve; its log says why it stopped", "a server was on %s and has gone without saying so", p.Running.HTTP)
		}
		return bad("look at the server's log, and start it again", "the server on %s does not answer well: %v", p.Running.HTTP, err)
	}
	return portFree(ctx, p.Settings.HTTP, "http", "tcp")
}

// askHealth asks a server's health page.
func askHealth(ctx context.Context, addr string) error {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/healthz", nil)
	if err != nil {
		return err
	}
	res, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("its health page answers %s", res.Status)
	}
	if res.Header.Get("Server") != "tandem" {
		return errors.New("another program answers there")
	}
	return nil
}

func sipPort(ctx context.Context, p *Patient) []Finding {
	if p.Running.SIP == "" {
		return portFree(ctx, p.Settings.SIP, "sip", "udp", "tcp")
	}
	var out []Finding
	if at := p.Settings.SIPTLS; at != "" {
		status, err := askOptions(ctx, "tls", reachable(at), &tls.Config{InsecureSkipVerify: true}) // the certificate is looked at by itself
		if err != nil {
			out = append(out, bad("look at the server's log", "OPTIONS over TLS to %s: %v", at, err)...)
		} else {
			out = append(out, good("OPTIONS over TLS is answered on %s: %s", at, status)...)
		}
	}
	for _, network := range []string{"udp", "tcp"} {
		status, err := askOptions(ctx, network, reachable(p.Running.SIP), nil)
		switch {
		case err != nil && free(ctx, network, p.Running.SIP):
			out = append(out, warn("start it again: tandem serve", "nothing listens for SIP over %s on %s", strings.ToUpper(network), p.Running.SIP)...)
		case err != nil:
			out = append(out, bad("look at the server's log; a firewall may drop the packets", "OPTIONS over %s to %s: %v", strings.ToUpper(network), p.Running.SIP, err)...)
		default:
			out = append(out, good("OPTIONS over %s is answered on %s: %s", strings.ToUpper(network), p.Running.SIP, status)...)
		}
	}
	return out
}

// askOptions sends a SIP OPTIONS (RFC 3261 §11) and gives the answer's status.
func askOptions(ctx context.Context, network, addr string, secured *tls.Config) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	dial, on := (&net.Dialer{}).DialContext, network
	if network == "tls" {
		dial, on = (&tls.Dialer{Config: secured}).DialContext, "tcp"
	}
	conn, err := dial(ctx, on, addr)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	deadline, _ := ctx.Deadline()
	if err := conn.SetDeadline(deadline); err != nil {
		return "", err
	}
	mark := strconv.FormatInt(time.Now().UnixNano(), 36)
	_, err = fmt.Fprintf(conn, "OPTIONS sip:doctor@%s SIP/2.0\r\nVia: SIP/2.0/%s %s;branch=z9hG4bK%s;rport\r\nMax-Forwards: 70\r\n"+
		"From: <sip:doctor@%s>;tag=%s\r\nTo: <sip:doctor@%s>\r\nCall-ID: %s@doctor\r\nCSeq: 1 OPTIONS\r\nUser-Agent: tandem-doctor\r\nContent-Length: 0\r\n\r\n",
		addr, strings.ToUpper(network), conn.LocalAddr(), mark, conn.LocalAddr(), mark, addr, mark)
	if err != nil {
		return "", err
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		return "", err
	}
	status, ok := strings.CutPrefix(strings.TrimSpace(line), "SIP/2.0 ")
	if !ok {
		return "", fmt.Errorf("what answers does not speak SIP: %.40q", line)
	}
	return status, nil
}

// portFree says whether we could listen, for a server that is not running.
func portFree(ctx context.Context, addr, key string, networks ...string) []Finding {
	for _, network := range networks {
		err := tryListen(ctx, network, addr)
		switch {
		case errors.Is(err, syscall.EADDRINUSE):
			return bad(fmt.Sprintf("find it with: ss -lnp '( sport = :%s )' and stop it, or give another port with --%s", portOf(addr), key),
				"another program has %s over %s", addr, strings.ToUpper(network))
		case errors.Is(err, syscall.EACCES):
			return bad("take a port above 1023, or: setcap cap_net_bind_service=+ep bin/tandem", "this user may not listen on %s", addr)
		case errors.Is(err, syscall.EADDRNOTAVAIL):
			return bad("see ip addr; give an address of this machine, or none before the colon", "%s is not an address of this machine", addr)
		case err != nil:
			return bad("give another address with --"+key, "nobody can listen on %s: %v", addr, err)
		}
	}
	return good("%s is free", addr)
}

func free(ctx context.Context, network, addr string) bool {
	return tryListen(ctx, network, addr) == nil
}

func tryListen(ctx context.Context, network, addr string) error {
	var lc net.ListenConfig
	if network == "udp" {
		c, err := lc.ListenPacket(ctx, network, addr)
		if err != nil {
			return err
		}
		return c.Close()
	}
	l, err := lc.Listen(ctx, network, addr)
	if err != nil {
		return err
	}
	return l.Close()
}

func portOf(addr string) string {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	return port
}

func audioPorts(ctx context.Context, p *Patient) []Finding {
	r := p.Settings.RTP
	pairs := (r.High - r.Low + 1) / 2
	sip, err := strconv.Atoi(portOf(p.Settings.SIP))
	if err == nil && sip >= r.Low && sip <= r.High {
		return bad("move one of them: --rtp LOW-HIGH or --sip HOST:PORT", "the SIP port %d lies within the audio ports %s", sip, r)
	}
	if host := p.Settings.RTPHost; host != "" {
		if err := tryListen(ctx, "udp", net.JoinHostPort(host, "0")); err != nil {
			return bad("set rtp_host to an address of this machine, or leave it empty", "audio can't be received at %s: %v", host, err)
		}
	}
	const samples = 50
	step := max(2, (r.High-r.Low)/samples&^1)
	tried, taken := 0, 0
	for port := r.Low; port <= r.High; port += step {
		tried++
		if err := tryListen(ctx, "udp", net.JoinHostPort(p.Settings.RTPHost, strconv.Itoa(port))); err != nil {
			taken++
		}
	}
	switch {
	case p.Running.SIP == "" && taken == tried:
		return bad("give another range with --rtp LOW-HIGH", "not one of %d tried ports of %s can be opened", tried, r)
	case pairs < 2:
		return warn("give a wider range with --rtp LOW-HIGH", "%s is enough for one leg at a time; a bridged call has two", r)
	case p.Running.SIP == "" && taken > tried/2:
		return warn("give another range with --rtp LOW-HIGH", "%d of %d tried ports of %s are taken by other programs", taken, tried, r)
	case pairs < p.Settings.Limits.Calls:
		return warn("widen the range with --rtp LOW-HIGH, or lower limits.calls", "%s is enough for %d legs, limits.calls is %d", r, pairs, p.Settings.Limits.Calls)
	}
	return good("%s, enough for %d legs at once; a firewall must let UDP to them through", r, pairs)
}

func publicAddress(ctx context.Context, p *Patient) []Finding {
	host := p.Settings.Host()
	mend := "set it: tandem serve --public HOST"
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	if err != nil {
		found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		if err != nil || len(found) == 0 {
			return bad("mend the DNS entry, or give an address: tandem serve --public HOST", "the public name %s has no address: %v", host, err)
		}
		addr = found[0]
	}
	addr = addr.Unmap()
	ours := isOurs(addr)
	switch {
	case addr.IsUnspecified() || addr.IsMulticast():
		return bad(mend, "%s is no address that phones could call", addr)
	case addr.IsLoopback() && p.Settings.AllowLoopback:
		return good("%s, this machine alone, as allow_loopback says", host)
	case addr.IsLoopback():
		return warn(mend, "phones are told %s, which only this machine can call", host)
	case p.Settings.Public == "" && addr.IsPrivate():
		return warn(mend+" when phones or carriers call from outside", "phones are told %s, which is reachable in this network only", host)
	case p.Settings.Public == "":
		return good("phones are told %s, this machine's first address", host)
	case !ours:
		return warn("see that the router sends SIP and the audio ports on to this machine", "%s (%s) is not an address of this machine: a router stands between", host, addr)
	}
	return good("phones are told %s", host)
}

func isOurs(a netip.Addr) bool {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return false
	}
	return slices.ContainsFunc(addrs, func(n net.Addr) bool {
		p, err := netip.ParsePrefix(n.String())
		return err == nil && p.Addr().Unmap() == a
	})
}

func mail(ctx context.Context, p *Patient) []Finding {
	s := p.Settings.SMTP
	if s.Host == "" {
		return warn("set smtp.host and the rest of [smtp] in the settings file", "no mail server is set: voicemail is kept here and mailed to nobody")
	}
	addr := net.JoinHostPort(s.Host, strconv.Itoa(s.Port))
	ctx, cancel := context.WithTimeout(ctx, 2*answerTime)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return bad("check smtp.host and smtp.port, and that a firewall lets the port through", "the mail server %s cannot be reached: %v", addr, err)
	}
	defer conn.Close()
	if s.TLS == "tls" {
		return good("the mail server %s takes connections", addr)
	}
	deadline, _ := ctx.Deadline()
	if err := conn.SetDeadline(deadline); err != nil {
		return bad("try again", "the mail server %s: %v", addr, err)
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "220") {
		return bad("check smtp.port and smtp.tls: port 465 wants tls = tls", "%s does not greet as a mail server does: %.60q %v", addr, line, err)
	}
	return good("the mail server %s greets: %s", addr, strings.TrimSpace(line))
}

func trunks(ctx context.Context, p *Patient) []Finding {
	if p.Store == nil {
		return skip("the database is not open")
	}
	list, err := p.Store.Trunks(ctx, "")
	if err != nil {
		return bad("see the check of the database", "the trunks cannot be read: %v", err)
	}
	if len(list) == 0 {
		return good("none is configured: calls go to extensions and SIP addresses only")
	}
	var out []Finding
	for _, k := range list {
		addr, network, port := k.Host, k.Transport, "5060"
		switch network {
		case "":
			network = "udp"
		case "tls":
			port = "5061"
		}
		if _, _, err := net.SplitHostPort(addr); err != nil {
			addr = net.JoinHostPort(strings.Trim(addr, "[]"), port)
		}
		host, _, err := net.SplitHostPort(addr)
		var secured *tls.Config
		if network == "tls" && err == nil {
			if secured, err = trunkTLS(k, host); err == nil && p.Settings.SIPTLS == "" {
				out = append(out, warn("set sip_tls", "trunk %s speaks TLS, but this server listens for none: its calls come in only by connections that we made", k.Name)...)
			}
		}
		status := ""
		if err == nil {
			status, err = askOptions(ctx, network, addr, secured)
		}
		if err != nil {
			out = append(out, bad("check the trunk's host, and that a firewall lets SIP through", "trunk %s: %s does not answer over %s: %v", k.Name, addr, strings.ToUpper(network), err)...)
			continue
		}
		if !k.Register || p.Running.SIP == "" || p.TrunkState == nil {
			out = append(out, good("trunk %s: %s answers: %s", k.Name, addr, status)...)
			continue
		}
		registered, words, err := p.TrunkState(ctx, k)
		if err != nil || !registered {
			out = append(out, bad("check the trunk's user name and password with the carrier", "trunk %s is not registered: %s", k.Name, firstOf(words, err))...)
			continue
		}
		out = append(out, good("trunk %s: %s", k.Name, words)...)
	}
	return out
}

func firstOf(words string, err error) string {
	if words == "" && err != nil {
		return err.Error()
	}
	return words
}
