package config

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Setting describes one key.
type Setting struct {
	Key    string // "smtp.host"
	Unit   string // "HOST:PORT", "MB", "yes or no"
	Help   string // one sentence
	Secret bool   // never printed
	get    func(*Config) string
	set    func(*Config, string) error
}

// Env gives the environment variable of the setting: "TANDEM_SMTP_HOST".
func (s Setting) Env() string {
	return "TANDEM_" + strings.ToUpper(strings.ReplaceAll(s.Key, ".", "_"))
}

// Default gives the default as it would stand in the file.
func (s Setting) Default() string { c := Default(); return s.get(&c) }

// Value gives the setting's value in c as it would stand in the file.
func (s Setting) Value(c Config) string { return s.get(&c) }

// Settings lists every setting in the order of the shipped example.
func Settings() []Setting {
	return slices.Concat([]Setting{
		text("data", "folder", "Database, sounds, recordings and keys. Not read from the file inside that folder.",
			func(c *Config) *string { return &c.Data }, notEmpty),
	},
		listening(), []Setting{
			{Key: "rtp", Unit: "LOW-HIGH, UDP ports", Help: "Audio; each leg of a call takes two ports.",
				get: func(c *Config) string { return c.RTP.String() },
				set: func(c *Config, v string) (err error) { c.RTP, err = ParsePortRange(v); return err }},
			text("rtp_host", "address", "Of this machine, that audio comes to and leaves from; what public or stun give is told to parties all the same. The kernel then drops what others than the party send, for which no alarm is raised any more. Empty = every address.",
				func(c *Config) *string { return &c.RTPHost }, optional(checkAddress)),
			text("public", "host name or address", "What phones and carriers reach this machine by; empty = its first address that is not loopback.",
				func(c *Config) *string { return &c.Public }, optional(checkHost)),
			text("stun", "HOST[:PORT]", "STUN server that is asked what this machine is reached by, each minute, where public is empty; empty = none is asked.",
				func(c *Config) *string { return &c.STUN }, optional(checkSTUN)),
			{Key: "local_networks", Unit: "list of networks: 192.168.1.0/24, fd00::/8", Help: "Whose phones and carriers reach this machine by its own address, whatever is public; empty = none, with stun the private ones.",
				get: func(c *Config) string { return joinPrefixes(c.LocalNetworks) },
				set: func(c *Config, v string) (err error) { c.LocalNetworks, err = parsePrefixes(v); return err }},
			number("keep_alive", "seconds", "Between the packets that keep the way open to phones behind NAT and to carriers; 0 = none are sent.", 0, 600,
				func(c *Config) *int { return &c.KeepAlive }),
			number("replay_days", "days", "How long what the flow of a call was told (keys, answers, how dials ended; no sound) is kept, to replay calls on other flows; 0 = it is not.", 0, 3650,
				func(c *Config) *int { return &c.ReplayDays }),
			number("audit_days", "days", "How long the audit log (who changed what, who logged in) is kept; of an account at most its newest 100 000 entries.", 1, 3650,
				func(c *Config) *int { return &c.AuditDays }),
			text("base_url", "URL", "Begins the links handed to clients, for a reverse proxy, and says what host name passkeys are made for (https, or localhost); empty = http://<public>:<http port>.",
				func(c *Config) *string { return &c.BaseURL }, optional(func(s string) error { return checkURL(s, "http", "https") })),
			{Key: "dns", Unit: "list of HOST:PORT", Help: "Name servers that are asked where SIP goes (RFC 3263); empty = those of this machine.",
				get: func(c *Config) string { return strings.Join(c.DNS, ", ") }, set: setServers},
			text("realm", "text", "SIP digest realm. Stored phone passwords depend on it.",
				func(c *Config) *string { return &c.Realm }, checkRealm),
			flag("allow_loopback", "Lets trunks, SIP addresses and web hooks on loopback be used; for tests.",
				func(c *Config) *bool { return &c.AllowLoopback }),
			flag("record_calls", "Records both sides of every bridged call.",
				func(c *Config) *bool { return &c.RecordCalls }),
			flag("comfort_noise", "Offers and accepts comfort noise (RFC 3389): a party that hears nothing is sent two packets a second in place of fifty of silence.", func(c *Config) *bool { return &c.ComfortNoise }),
			{Key: "allow_private", Unit: "list of networks: 192.168.1.0/24, fd00::/8", Help: "Networks that are not public and that accounts may call and fetch from all the same; empty = none.",
				get: func(c *Config) string { return joinPrefixes(c.AllowPrivate) },
				set: func(c *Config, v string) (err error) { c.AllowPrivate, err = parsePrefixes(v); return err }},
			flag("debug_socket", "Serves Go's profiles and counters on the socket debug.sock in the data folder, which its owner alone can open.",
				func(c *Config) *bool { return &c.DebugSocket }),
			number("drain_time", "seconds", "After SIGTERM or an interrupt no new call is taken, and those that are up may go on for so long; a second one ends them at once.", 0, 86_400,
				func(c *Config) *int { return &c.DrainTime }),
			flag("sample", "Makes a sample account with a menu at the first start.",
				func(c *Config) *bool { return &c.Sample }),
			secret(text("postgres", "URL", "PostgreSQL instead of SQLite: postgres://user:password@host/database.",
				func(c *Config) *string { return &c.Postgres }, optional(func(s string) error { return checkURL(s, "postgres", "postgresql") }))),
		}, certificate(), []Setting{
			text("smtp.host", "host name", "Mail server that voicemail goes out by; empty = messages are kept here and not mailed.",
				func(c *Config) *string { return &c.SMTP.Host }, optional(checkHost)),
			number("smtp.port", "TCP port", "Of the mail server.", 1, 65535, func(c *Config) *int { return &c.SMTP.Port }),
			text("smtp.user", "text", "User at the mail server; empty = no log-in.", func(c *Config) *string { return &c.SMTP.User }, nil),
			secret(text("smtp.password", "text", "Password at the mail server.", func(c *Config) *string { return &c.SMTP.Password }, nil)),
			text("smtp.from", "e-mail address", "Sender of the mails; empty = tandem@<public>.", func(c *Config) *string { return &c.SMTP.From }, optional(checkMail)),
			text("smtp.tls", "starttls, tls, opportunistic or none", "Encryption: starttls demands it, tls begins with it (port 465), opportunistic takes it where offered.",
				func(c *Config) *string { return &c.SMTP.TLS }, oneOf("starttls", "tls", "opportunistic", "none")),

			text("sms.url", "URL", "SMS gateway behind HTTP; {to}, {text}, {from} and {key} stand for what differs; empty = no text messages are sent.",
				func(c *Config) *string { return &c.SMS.URL }, optional(func(s string) error { return checkURL(s, "http", "https") })),
			text("sms.method", "GET or POST", "How the gateway is asked.", func(c *Config) *string { return &c.SMS.Method }, oneOf("GET", "POST")),
			secret(text("sms.headers", "Name: value; Name: value", "Headers for the gateway: Authorization: Bearer {key}.",
				func(c *Config) *string { return &c.SMS.Headers }, nil)),
			text("sms.type", "media type", "Of sms.body: application/json or application/x-www-form-urlencoded.", func(c *Config) *string { return &c.SMS.Type }, nil),
			text("sms.body", "text", "What is posted; values are written as sms.type demands.", func(c *Config) *string { return &c.SMS.Body }, nil),
			text("sms.from", "text", "Sender of the messages, {from}.", func(c *Config) *string { return &c.SMS.From }, nil),
			secret(text("sms.key", "text", "Key of the gateway, {key}.", func(c *Config) *string { return &c.SMS.Key }, nil)),

			{Key: "speech.engines", Unit: "list of openai, espeak, flite", Help: "Speech engines in order of preference; those not installed or not set up are passed over.",
				get: func(c *Config) string { return strings.Join(c.Speech.Engines, ", ") }, set: setEngines},
			text("speech.openai_url", "URL", "Speech over HTTP as OpenAI's API has it: https://host/v1/audio/speech; empty = off.",
				func(c *Config) *string { return &c.Speech.OpenAIURL }, optional(func(s string) error { return checkURL(s, "http", "https") })),
			secret(text("speech.openai_key", "text", "Key for speech.openai_url.", func(c *Config) *string { return &c.Speech.OpenAIKey }, nil)),
			text("speech.openai_model", "text", "Model for speech.openai_url.", func(c *Config) *string { return &c.Speech.OpenAIModel }, nil),
			text("speech.openai_voice", "text", "Voice for speech.openai_url.", func(c *Config) *string { return &c.Speech.OpenAIVoice }, nil),

			text("asr.url", "URL", "Speech recogniser as OpenAI's API has it: https://host/v1/audio/transcriptions; empty = callers are not understood.",
				func(c *Config) *string { return &c.ASR.URL }, optional(func(s string) error { return checkURL(s, "http", "https") })),
			secret(text("asr.key", "text", "Key for asr.url.", func(c *Config) *string { return &c.ASR.Key }, nil)),
			text("asr.model", "text", "Model for asr.url.", func(c *Config) *string { return &c.ASR.Model }, nil),

			text("log.level", "debug, info, warn or error", "Least importance of what is logged.",
				func(c *Config) *string { return &c.Log.Level }, oneOf("debug", "info", "warn", "error")),
			text("log.format", "text or json", "Form of the log lines.",
				func(c *Config) *string { return &c.Log.Format }, oneOf("text", "json")),

			number("webhooks.timeout", "seconds", "One attempt to send a webhook.", 1, 60, func(c *Config) *int { return &c.Webhooks.Timeout }),
			number("webhooks.pause_unit", "microseconds", "What stands for one second of the pauses between attempts (5 s, 5 min, 30 min, 2 h … 72 h in all); less than 1000000 is for tests.", 1, 1_000_000,
				func(c *Config) *int { return &c.Webhooks.PauseUnit }),

			secret(text("metrics.token", "text, 16 characters or more", "Who reads /metrics for Prometheus gives it as a bearer token; empty = nobody from elsewhere may.",
				func(c *Config) *string { return &c.Metrics.Token }, optional(checkToken))),
			flag("metrics.loopback", "Lets programs on this machine read /metrics without the token; not behind a reverse proxy on this machine, from which all requests come.",
				func(c *Config) *bool { return &c.Metrics.Loopback }),

			text("traces.endpoint", "URL", "OpenTelemetry receiver (OTLP over HTTP) that a trace of each call is sent to: http://host:4318/v1/traces; empty = none is made.",
				func(c *Config) *string { return &c.Traces.Endpoint }, optional(func(s string) error { return checkURL(s, "http", "https") })),
			secret(text("traces.headers", "Name: value; Name: value", "Headers for the receiver.", func(c *Config) *string { return &c.Traces.Headers }, nil)),
			number("traces.share", "percent", "Of the calls that are traced.", 0, 100, func(c *Config) *int { return &c.Traces.Share }),
		}, captures(), limits())
}

// captures lists the settings of captures.
func captures() []Setting {
	return []Setting{
		number("capture.hours", "hours", "How long captures of calls' packets (SIP and sound, for Wireshark) are kept; 0 = none are made, whatever accounts want.", 0, 720,
			func(c *Config) *int { return &c.Captures.Hours }),
		number("capture.call_mb", "MB", "The most that the capture of one call takes; it ends there, which is on the timeline. A talk takes about 3 MB a minute.", 1, 4096,
			func(c *Config) *int { return &c.Captures.CallMB }),
		number("capture.account_mb", "MB", "The most that the captures of an account take: the oldest go for new ones, and as many calls at once are captured as may take all of it.", 1, 1_000_000,
			func(c *Config) *int { return &c.Captures.AccountMB }),
	}
}

// limits lists the settings of limits.
func limits() []Setting {
	return []Setting{
		number("limits.calls", "calls", "Concurrent calls of the whole installation; more get 503.", 1, 100_000, func(c *Config) *int { return &c.Limits.Calls }),
		number("limits.source_calls", "calls", "Calls at once from one address (of IPv6 a /64) that is neither a trunk's nor an extension's telephone; 0 = any number. More are refused with 486, as are those beyond the next two.", 0, 100_000, func(c *Config) *int { return &c.Limits.SourceCalls }),
		number("limits.source_per_second", "calls", "Calls that begin a second from such an address; 0 = any number.", 0, 10_000, func(c *Config) *int { return &c.Limits.SourcePerSecond }),
		number("limits.source_per_minute", "calls", "Calls that begin a minute from such an address; 0 = any number.", 0, 100_000, func(c *Config) *int { return &c.Limits.SourcePerMinute }),
		number("limits.redirects", "times", "How often the redirections (302) of extensions' telephones are followed in one call, to what the account may dial; 0 = never. A trunk has a switch of its own.", 0, 10,
			func(c *Config) *int { return &c.Limits.Redirects }),
		number("limits.free_disk_mb", "MB", "Below this much free space in data, tandem doctor finds a failure.", 0, 1_000_000, func(c *Config) *int { return &c.Limits.FreeDiskMB }),
	}
}

func joinPrefixes(list []netip.Prefix) string {
	texts := make([]string, len(list))
	for i, p := range list {
		texts[i] = p.String()
	}
	return strings.Join(texts, ", ")
}

func parsePrefixes(v string) ([]netip.Prefix, error) {
	var list []netip.Prefix
	for text := range strings.SplitSeq(v, ",") {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("%q is not a network such as 192.168.1.0/24", text)
		}
		list = append(list, p.Masked())
	}
	return list, nil
}

func find(key string) (Setting, error) {
	all := Settings()
	if i := slices.IndexFunc(all, func(s Setting) bool { return s.Key == key }); i >= 0 {
		return all[i], nil
	}
	return Setting{}, fmt.Errorf("unknown key %q", key)
}

func text(key, unit, help string, at func(*Config) *string, check func(string) error) Setting {
	return Setting{Key: key, Unit: unit, Help: help,
		get: func(c *Config) string { return *at(c) },
		set: func(c *Config, v string) error {
			if check != nil {
				if err := check(v); err != nil {
					return err
				}
			}
			*at(c) = v
			return nil
		}}
}

func secret(s Setting) Setting { s.Secret = true; return s }

func number(key, unit, help string, low, high int, at func(*Config) *int) Setting {
	return Setting{Key: key, Unit: unit, Help: help,
		get: func(c *Config) string { return strconv.Itoa(*at(c)) },
		set: func(c *Config, v string) error {
			n, err := strconv.Atoi(v)
			if err != nil || n < low || n > high {
				return fmt.Errorf("%q is not a number from %d to %d", v, low, high)
			}
			*at(c) = n
			return nil
		}}
}

func flag(key, help string, at func(*Config) *bool) Setting {
	return Setting{Key: key, Unit: "yes or no", Help: help,
		get: func(c *Config) string {
			if *at(c) {
				return "yes"
			}
			return "no"
		},
		set: func(c *Config, v string) error {
			switch strings.ToLower(v) {
			case "yes", "true", "1", "on":
				*at(c) = true
			case "no", "false", "0", "off", "":
				*at(c) = false
			default:
				return fmt.Errorf("%q is neither yes nor no", v)
			}
			return nil
		}}
}

func optional(check func(string) error) func(string) error {
	return func(s string) error {
		if s == "" {
			return nil
		}
		return check(s)
	}
}

func oneOf(values ...string) func(string) error {
	return func(s string) error {
		if slices.Contains(values, s) {
			return nil
		}
		return fmt.Errorf("%q is none of %s", s, strings.Join(values, ", "))
	}
}

func notEmpty(s string) error {
	if s == "" {
		return fmt.Errorf("it is empty")
	}
	return nil
}

func checkSTUN(s string) error {
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return checkHost(s)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return fmt.Errorf("%q has no port from 1 to 65535", s)
	}
	return checkHost(host)
}

func checkRealm(s string) error {
	if s == "" || strings.ContainsAny(s, "\"\\:\r\n") {
		return fmt.Errorf("%q is no realm: it needs a character, and none of quote, backslash and colon", s)
	}
	return nil
}

func checkToken(s string) error {
	if len(s) < 16 || strings.ContainsAny(s, " \t\r\n") {
		return fmt.Errorf("it needs 16 characters or more, and no spaces")
	}
	return nil
}

func checkMail(s string) error {
	if at := strings.LastIndexByte(s, '@'); at < 1 || at == len(s)-1 || strings.ContainsAny(s, " \t\r\n") {
		return fmt.Errorf("%q is not an e-mail address", s)
	}
	return nil
}

func setEngines(c *Config, v string) error {
	var list []string
	for e := range strings.SplitSeq(v, ",") {
		e = strings.TrimSpace(e)
		if e == "" {
			continue
		}
		if err := oneOf("openai", "espeak", "flite")(e); err != nil {
			return err
		}
		if slices.Contains(list, e) {
			return fmt.Errorf("%q is listed twice", e)
		}
		list = append(list, e)
	}
	c.Speech.Engines = list
	return nil
}

func setServers(c *Config, v string) error {
	var list []string
	for text := range strings.SplitSeq(v, ",") {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		if _, err := netip.ParseAddrPort(text); err != nil {
			return fmt.Errorf("%q is no address with a port, such as 192.0.2.53:53", text)
		}
		list = append(list, text)
	}
	c.DNS = list
	return nil
}
