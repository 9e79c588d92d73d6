package voice

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"strconv"
	"strings"
	"time"
)

// Identifiers. All but TenantID and UserID are opaque text with at least 128
// random bits, 80 in a CallID; TenantID and UserID are decimal numbers because vendor
// APIs demand numeric account and user ids. They are never authority: the tenant of
// a request comes from its credential alone.
type (
	// TenantID names a customer account, for example "704110238".
	TenantID string
	// UserID names a person of a tenant, for example "5523019874".
	UserID string
	// TokenID names a stored credential.
	TokenID string
	// AppID names an app, for example "VAk3v0…".
	AppID string
	// SoundID names a stored sound or a prompt slot that may hold one.
	SoundID string
	// CallID names a call: everything from the first leg's start to the last leg's end.
	CallID string
	// LegID names one party's side of a call, unique within the call: "a" is
	// the caller's, then "b1", "b2" and so on in the order they were dialled.
	LegID string
	// TrunkID names a configured SIP peer.
	TrunkID string
	// RecordingID names a recording.
	RecordingID string
	// CaptureID names a capture of packets.
	CaptureID string
	// MessageID names a voicemail message.
	MessageID string
	// MailID names a mail in the outbox.
	MailID string
)

var idEncoding = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// NewID returns prefix followed by 26 characters that hold 128 random bits.
func NewID(prefix string) string {
	var b [16]byte
	rand.Read(b[:]) // never fails since Go 1.24
	return IDOf(prefix, b)
}

// NewCallID returns a name for a call that begins at a time: 26 characters that hold its
// milliseconds and 80 random bits. Names of calls sort by when they began, so that what is
// stored of calls lies together; random ones would have each call change pages of its own
// in every index.
func NewCallID(begun time.Time) CallID {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:], uint64(begun.UnixMilli())<<16)
	rand.Read(b[6:])
	return CallID(IDOf("", b))
}

// IDOf returns prefix followed by 26 characters that hold b, as NewID does for random
// bits.
func IDOf(prefix string, b [16]byte) string { return prefix + idEncoding.EncodeToString(b[:]) }

// NewNumericID returns a random decimal of exactly digits figures (at most 18)
// that does not begin with 0, for TenantID and UserID. The store refuses a
// clash with kind Exists and the caller draws again.
func NewNumericID(digits int) string {
	var b [8]byte
	rand.Read(b[:])
	low := uint64(1)
	for range digits - 1 {
		low *= 10
	}
	return strconv.FormatUint(low+binary.BigEndian.Uint64(b[:])%(low*9), 10)
}

// NewSecret returns a random password of 26 characters, 128 bits.
func NewSecret() string { return strings.ToLower(NewID("")) }
