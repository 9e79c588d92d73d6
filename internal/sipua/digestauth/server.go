package digestauth

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The algorithms, in the order in which they are offered.
const (
	SHA256 = "SHA-256"
	MD5    = "MD5"
)

// NonceLife is how long a nonce may be used.
const NonceLife = 60 * time.Second

// maxNonces bounds the used nonces whose counts are remembered.
const maxNonces = 1 << 16

// Server challenges and verifies.
type Server struct {
	realm string
	key   [32]byte
	now   func() time.Time

	mu   sync.Mutex
	used map[string]use
}

type use struct {
	count uint32
	until time.Time
}

// NewServer makes a Server of one realm; now is the clock, nil = time.Now.
func NewServer(realm string, now func() time.Time) *Server {
	if now == nil {
		now = time.Now
	}
	s := &Server{realm: realm, now: now, used: map[string]use{}}
	rand.Read(s.key[:]) // never fails since Go 1.24
	return s
}

// Realm gives the realm.
func (s *Server) Realm() string { return s.realm }

// Challenges gives the values of the WWW-Authenticate headers, strongest
// algorithm first (RFC 8760 §2.4).
func (s *Server) Challenges(source netip.Addr, stale bool) []string {
	end := ""
	if stale {
		end = ", stale=true"
	}
	out := make([]string, 0, 2)
	for _, alg := range []string{SHA256, MD5} {
		out = append(out, fmt.Sprintf(`Digest realm="%s", nonce="%s", algorithm=%s, qop="auth"%s`,
			s.realm, s.nonce(source, s.now()), alg, end))
	}
	return out
}

// nonce is base64url of 8 bytes time, 8 random bytes, 16 bytes of HMAC-SHA-256.
func (s *Server) nonce(source netip.Addr, at time.Time) string {
	var b [32]byte
	binary.BigEndian.PutUint64(b[:8], uint64(at.UnixMilli()))
	rand.Read(b[8:16])
	copy(b[16:], s.sign(b[:16], source))
	return base64.RawURLEncoding.EncodeToString(b[:])
}

func (s *Server) sign(b []byte, source netip.Addr) []byte {
	m := hmac.New(sha256.New, s.key[:])
	m.Write(b)
	m.Write(source.Unmap().AsSlice())
	return m.Sum(nil)[:16]
}

// fresh reports whether the nonce is one of ours for this source and still alive.
func (s *Server) fresh(nonce string, source netip.Addr) (ours, alive bool) {
	b, err := base64.RawURLEncoding.DecodeString(nonce)
	if err != nil || len(b) != 32 || !hmac.Equal(b[16:], s.sign(b[:16], source)) {
		return false, false
	}
	age := s.now().Sub(time.UnixMilli(int64(binary.BigEndian.Uint64(b[:8]))))
	return true, age >= -time.Second && age <= NonceLife
}

// Credentials is a parsed Authorization header.
type Credentials struct {
	Username, Realm, Nonce, URI, Response string
	Algorithm                             string // SHA256 or MD5
	CNonce                                string
	Count                                 uint32
	countText                             string
}

// Parse reads an Authorization or Proxy-Authorization value. What is not
// digest with qop=auth and a known algorithm is an error (SIP 400).
func Parse(header string) (Credentials, error) {
	p, err := parseParams(header)
	if err != nil {
		return Credentials{}, err
	}
	c := Credentials{
		Username: p["username"], Realm: p["realm"], Nonce: p["nonce"], URI: p["uri"],
		Response: strings.ToLower(p["response"]), CNonce: p["cnonce"], countText: p["nc"],
	}
	switch strings.ToUpper(p["algorithm"]) {
	case "", MD5:
		c.Algorithm = MD5
	case SHA256:
		c.Algorithm = SHA256
	default:
		return Credentials{}, fmt.Errorf("digest algorithm is not offered here")
	}
	if p["qop"] != "auth" {
		return Credentials{}, fmt.Errorf("digest qop must be auth")
	}
	n, err := strconv.ParseUint(c.countText, 16, 32)
	if err != nil || len(c.countText) != 8 || n == 0 {
		return Credentials{}, fmt.Errorf("digest nc is not a count of eight hexadecimal figures")
	}
	c.Count = uint32(n)
	if c.Username == "" || c.Realm == "" || c.Nonce == "" || c.URI == "" || c.CNonce == "" {
		return Credentials{}, fmt.Errorf("digest header lacks a field")
	}
	return c, nil
}

// HA1 are the stored secrets of an account, hexadecimal; "" = not available.
type HA1 struct{ MD5, SHA256 string }

// Result is the outcome of Verify.
type Result int

// The results.
const (
	Refused Result = iota // wrong response, unknown nonce: challenge again, count a failure
	Stale                 // right response, but the nonce is old or its count used: challenge with stale=true
	OK
)

// Verify checks credentials of a request. Give the zero HA1 for an unknown
// user: the work is the same and the result is Refused.
func (s *Server) Verify(c Credentials, method string, source netip.Addr, secret HA1) Result {
	known := secret.MD5
	if c.Algorithm == SHA256 {
		known = secret.SHA256
	}
	ha1 := known
	if ha1 == "" {
		ha1 = strings.Repeat("0", 64)
	}
	want := respond(c, method, ha1)
	right := subtle.ConstantTimeCompare([]byte(want), []byte(c.Response)) == 1 && known != ""
	ours, alive := s.fresh(c.Nonce, source)
	switch {
	case !right || c.Realm != s.realm:
		return Refused
	case !ours, !alive, !s.count(c):
		return Stale
	}
	return OK
}

// count notes the use of a nonce: each count serves once and only upwards
// (RFC 7616 §3.4, nc).
func (s *Server) count(c Credentials) bool {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	u, seen := s.used[c.Nonce]
	if seen && c.Count <= u.count {
		return false
	}
	if !seen && len(s.used) >= maxNonces {
		for n, u := range s.used {
			if now.After(u.until) {
				delete(s.used, n)
			}
		}
		if len(s.used) >= maxNonces {
			return false
		}
	}
	s.used[c.Nonce] = use{count: c.Count, until: now.Add(NonceLife + time.Second)}
	return true
}

func newHash(algorithm string) hash.Hash {
	if algorithm == SHA256 {
		return sha256.New()
	}
	return md5.New()
}

func hexHash(algorithm string, parts ...string) string {
	h := newHash(algorithm)
	h.Write([]byte(strings.Join(parts, ":")))
	return hex.EncodeToString(h.Sum(nil))
}

func respond(c Credentials, method, ha1 string) string {
	return hexHash(c.Algorithm, ha1, c.Nonce, c.countText, c.CNonce, "auth",
		hexHash(c.Algorithm, method, c.URI))
}

// Secret computes an account's HA1 values (RFC 7616 §3.4.2).
func Secret(username, realm, password string) HA1 {
	return HA1{MD5: hexHash(MD5, username, realm, password), SHA256: hexHash(SHA256, username, realm, password)}
}
