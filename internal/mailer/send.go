package mailer

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	netmail "net/mail"
	"slices"
	"strings"
	"unicode"

	"github.com/wneessen/go-mail"

	"tandem/internal/voice"
)

// MaxAttachment bounds what is attached, in bytes; mail servers take little more.
const MaxAttachment = 25 << 20

// maxAddresses bounds who gets one mail.
const maxAddresses = 20

// failure is why a mail could not be sent; dead means that trying again is of
// no use.
type failure struct {
	dead  bool
	words string
}

// Error implements error.
func (f *failure) Error() string { return f.words }

func permanent(err error) bool {
	f, ok := errors.AsType[*failure](err)
	return ok && f.dead
}

// words gives an error for people, on one line.
func words(err error) string {
	return oneLine(voice.Reason(err), 300)
}

// client makes the SMTP client of the settings.
func (m *Mailer) client(options ...mail.Option) (*mail.Client, error) {
	s := m.cfg.SMTP
	options = append(options, mail.WithPort(s.Port), mail.WithTimeout(stepTime), mail.WithoutNoop(), mail.WithoutRset(),
		mail.WithTLSConfig(m.tlsConfig()))
	switch s.TLS {
	case "tls":
		options = append(options, mail.WithSSL())
	case "starttls", "":
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory))
	case "opportunistic":
		options = append(options, mail.WithTLSPolicy(mail.TLSOpportunistic))
	case "none":
		options = append(options, mail.WithTLSPolicy(mail.NoTLS))
	default:
		return nil, fmt.Errorf("smtp.tls is %q; it is one of starttls, tls, opportunistic, none", s.TLS)
	}
	if s.User != "" {
		options = append(options, logIn(s.TLS), mail.WithUsername(s.User), mail.WithPassword(s.Password))
	}
	return mail.NewClient(s.Host, options...)
}

// logIn picks the log-in, never a password in clear text. With TLS from the
// start the connection is made by dialer, so the client can't know that it is
// encrypted and has to be told that PLAIN and LOGIN will do.
func logIn(mode string) mail.Option {
	if mode == "tls" {
		return mail.WithOpportunisticSMTPAuth(mail.SMTPAuthSCRAMSHA256, mail.SMTPAuthSCRAMSHA1, mail.SMTPAuthCramMD5,
			mail.SMTPAuthPlainNoEnc, mail.SMTPAuthLoginNoEnc)
	}
	return mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover)
}

// dialer connects, with TLS from the start where that is set, and cuts the
// connection when ctx ends: the client's own waiting knows only time-outs. hangUp
// closes what is open in the end: after a failed log-in the client forgets to.
func (m *Mailer) dialer(ctx context.Context) (dial mail.DialContextFunc, hangUp func()) {
	var open []func()
	dial = func(dialCtx context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(dialCtx, network, address)
		if err != nil {
			return nil, err
		}
		stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
		open = append(open, func() { stop(); _ = conn.Close() })
		if m.cfg.SMTP.TLS != "tls" {
			return conn, nil
		}
		secure := tls.Client(conn, m.tlsConfig())
		if err := secure.HandshakeContext(dialCtx); err != nil {
			return nil, err
		}
		return secure, nil
	}
	return dial, func() {
		for _, shut := range open {
			shut()
		}
	}
}

func (m *Mailer) tlsConfig() *tls.Config {
	c := &tls.Config{}
	if m.cfg.SMTP.TLSConfig != nil {
		c = m.cfg.SMTP.TLSConfig.Clone()
	}
	if c.ServerName == "" {
		c.ServerName = m.cfg.SMTP.Host
	}
	c.MinVersion = max(c.MinVersion, tls.VersionTLS12)
	return c
}

// send delivers one mail to all of its addresses. When the server refuses it for
// good, each of several is tried alone: one bad address keeps no other from it.
func (m *Mailer) send(ctx context.Context, out voice.Mail) error {
	to, bad := addresses(out.To)
	if len(to) == 0 {
		return &failure{dead: true, words: fmt.Sprintf("%q is not an e-mail address", oneLine(out.To, 100))}
	}
	err := m.sendTo(ctx, out, to, bad)
	if len(to) == 1 || !permanent(err) {
		return err
	}
	taken := false
	for _, one := range to {
		if e := m.sendTo(ctx, out, []string{one}, bad); e != nil {
			m.cfg.Log.Warn("one of several addresses gets no mail", "mail", out.ID, "to", one, "err", e)
			bad, err = append(bad, one), e
			continue
		}
		taken = true
	}
	if taken {
		return nil
	}
	return err
}

// addresses parts the addresses of a mail, by commas, from what is none.
func addresses(list string) (good, bad []string) {
	for text := range strings.SplitSeq(list, ",") {
		text = strings.TrimSpace(text)
		to, err := netmail.ParseAddress(text)
		switch {
		case text == "":
		case err != nil || strings.ContainsFunc(to.Address, unicode.IsControl) || len(good) == maxAddresses:
			bad = append(bad, oneLine(text, 100))
		case !slices.Contains(good, to.Address):
			good = append(good, to.Address)
		}
	}
	return good, bad
}

// sendTo delivers one mail to the server. When ctx ends, the connection is cut.
func (m *Mailer) sendTo(ctx context.Context, out voice.Mail, to, bad []string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, sendTime, fmt.Errorf("sending took longer than %s", sendTime))
	defer cancel()
	msg, err := m.compose(ctx, out, to, bad)
	if err != nil {
		return err
	}
	dial, hangUp := m.dialer(ctx)
	defer hangUp()
	client, err := m.client(mail.WithDialContextFunc(dial))
	if err != nil {
		return err
	}
	server := net.JoinHostPort(m.cfg.SMTP.Host, fmt.Sprint(m.cfg.SMTP.Port))
	conn, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return fmt.Errorf("the mail server %s can't be used: %w", server, err)
	}
	if err := client.SendWithSMTPClient(conn, msg); err != nil {
		return refused(server, err)
	}
	// It has been taken: a bad farewell changes nothing.
	_ = client.CloseWithSMTPClient(conn)
	return nil
}

// refused tells what is wrong with the mail from what is wrong with the server.
func refused(server string, err error) error {
	e, ok := errors.AsType[*mail.SendError](err)
	if !ok {
		return fmt.Errorf("the mail server %s failed: %w", server, err)
	}
	text, _, _ := strings.Cut(e.Error(), ", affected ")
	f := &failure{words: fmt.Sprintf("the mail server %s refused: %s", server, text)}
	code := e.ErrorCode()
	switch {
	case code == 530 || code == 534 || code == 535 || code == 538:
		// It wants a log-in: the settings are wrong, not the mail.
	case code >= 500 && code < 600:
		f.dead = true
	}
	return f
}

// compose writes the mail with its attachment, and says who does not get it.
func (m *Mailer) compose(ctx context.Context, out voice.Mail, to, bad []string) (*mail.Msg, error) {
	msg := mail.NewMsg(mail.WithNoDefaultUserAgent())
	if err := msg.FromFormat(m.from.Name, m.from.Address); err != nil {
		return nil, fmt.Errorf("smtp.from: %w", err)
	}
	if err := msg.To(to...); err != nil {
		return nil, &failure{dead: true, words: fmt.Sprintf("%q is not an e-mail address: %v", out.To, err)}
	}
	_, domain, _ := strings.Cut(m.from.Address, "@")
	msg.SetMessageIDWithValue(plainName(string(out.ID), "mail") + "@" + domain)
	msg.SetDateWithValue(m.cfg.Clock.Now())
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no automatic answers
	msg.Subject(oneLine(out.Subject, 200))
	text := out.Text
	if len(bad) > 0 {
		text += "\nThis mail could not be sent to: " + strings.Join(bad, ", ") + "\n"
	}
	if out.Attachment != "" {
		a, err := m.attachment(ctx, out)
		if err != nil {
			return nil, err
		}
		if a.data == nil {
			text += "\n" + a.words + "\n"
		} else if err := msg.AttachReader(a.name, bytes.NewReader(a.data), mail.WithFileContentType(a.kind)); err != nil {
			return nil, err
		}
	}
	msg.SetBodyString(mail.TypeTextPlain, text)
	return msg, nil
}

type attachment struct {
	name  string
	kind  mail.ContentType
	data  []byte // nil = too large
	words string // in place of data
}

// attachment reads the recording, as MP3 when that can be made.
func (m *Mailer) attachment(ctx context.Context, out voice.Mail) (attachment, error) {
	info, err := m.cfg.Blobs.Stat(ctx, out.Attachment)
	if voice.IsKind(err, voice.NotExist) {
		return attachment{}, &failure{dead: true, words: "the recording is no longer there"}
	}
	if err != nil {
		return attachment{}, err
	}
	name := plainName(out.FileName, "recording")
	if m.cfg.Lame != "" {
		data, err := m.mp3(ctx, out.Attachment)
		if err == nil {
			return attachment{name: name + ".mp3", kind: "audio/mpeg", data: data}, nil
		}
		if ctx.Err() != nil {
			return attachment{}, context.Cause(ctx)
		}
		m.cfg.Log.Warn("MP3 could not be made, WAV is attached", "mail", out.ID, "err", err)
	}
	if info.Size > MaxAttachment {
		return attachment{words: fmt.Sprintf("The recording is too large to be attached (%d MB). It is kept on the server.", info.Size>>20)}, nil
	}
	file, err := m.cfg.Blobs.Open(ctx, out.Attachment)
	if err != nil {
		return attachment{}, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, MaxAttachment))
	if err != nil {
		return attachment{}, err
	}
	return attachment{name: name + ".wav", kind: "audio/wav", data: data}, nil
}

// oneLine keeps what others wrote from beginning a header of its own, and short.
func oneLine(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > most {
		s = string(r[:most]) + "…"
	}
	return s
}

// plainName keeps letters, digits, "-", "_" and "." of a name.
func plainName(s, otherwise string) string {
	s = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.' {
			return r
		}
		return '-'
	}, s)
	s = strings.Trim(s[:min(len(s), 80)], "-.")
	if s == "" {
		return otherwise
	}
	return s
}
