package dialect

import (
	"context"
	"io"
	"time"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// Clip is audio that has been stored.
type Clip struct {
	Blob     string        // blob key
	Size     int64         // bytes
	Duration time.Duration // length of the audio
}

// Utterance is text to be spoken.
type Utterance struct {
	Text     string
	Language string // BCP 47: "en-US"; "" = the voice's
	Voice    string // id of a SpeechVoice, or ""
	Gender   string // "female", "male" or ""
}

// SpeechVoice is a voice of the speech engine.
type SpeechVoice struct {
	ID, Name string
	Language string // BCP 47
	Gender   string // "female", "male" or ""
}

// Audio keeps and makes sound for a dialect.
type Audio interface {
	// Ingest reads a WAV file (PCM 16 bit) and stores it. Invalid, with the
	// reason in words, for anything else; an error of r is passed on wrapped.
	Ingest(ctx context.Context, t voice.TenantID, r io.Reader) (Clip, error)
	// IngestFile reads what people upload: WAV of any whole-number encoding and
	// G.711, or MP3. Invalid, with the reason in words, for anything else; an error
	// of r is passed on wrapped.
	IngestFile(ctx context.Context, t voice.TenantID, r io.Reader) (Clip, error)
	// Speak synthesises and stores text. Invalid when the text or voice can't be
	// spoken, Unavailable when there is no engine.
	Speak(ctx context.Context, t voice.TenantID, u Utterance) (Clip, error)
	// Voices lists what Speak can use.
	Voices(ctx context.Context) ([]SpeechVoice, error)
	// Open opens stored audio as a WAV file.
	Open(ctx context.Context, blob string) (io.ReadSeekCloser, error)
	// OpenStandard opens a phrase of the program as a WAV file: "welcome" in
	// voice code "swe".
	OpenStandard(ctx context.Context, phrase, voiceCode string) (io.ReadSeekCloser, error)
}

// Authenticator checks and sets the secrets of API users.
type Authenticator interface {
	// Check gives the credential of a kind and name when the secret is right.
	// Permission when it is not, Limit when there were too many failures; source
	// is the client's address, with or without port.
	Check(ctx context.Context, kind, name, secret, source string) (voice.Token, error)
	// SetPassword makes or replaces the credential of a kind of a user, by e-mail.
	SetPassword(ctx context.Context, kind string, u voice.User, secret string) error
}

// Claims is what a token says: Extra holds the vendor's own claims. Numbers in
// Extra come back as json.Number.
type Claims struct {
	Issuer, Audience string
	Extra            map[string]any
}

// Tokens makes and checks JSON Web Tokens (RFC 7519) with RS256, whose header
// is {"alg":"RS256","typ":"JWT"} without spaces. Permission when a token is not
// ours, has expired, or is for another purpose.
type Tokens interface {
	// IssueAccess gives an access token that is good for life.
	IssueAccess(ctx context.Context, c Claims, life time.Duration) (string, error)
	// VerifyAccess gives what an access token for issuer and audience says.
	VerifyAccess(ctx context.Context, token, issuer, audience string) (Claims, error)
	// IssueRefresh gives the first refresh token of a sign-in with a credential.
	IssueRefresh(ctx context.Context, credential voice.Token, c Claims, life time.Duration) (string, error)
	// TurnRefresh takes a refresh token, once, and gives the next one and what
	// it said. Permission when it was used before.
	TurnRefresh(ctx context.Context, token, issuer, audience string, life time.Duration) (next string, c Claims, err error)
}

// Bearers makes and checks opaque access tokens.
type Bearers interface {
	// Issue gives a token of 32 letters and digits, good for life, or for ever
	// when life is 0.
	Issue(ctx context.Context, kind string, credential voice.Token, life time.Duration) (string, error)
	// Verify gives what a token stands for; Permission when it is not ours, has
	// expired, or its credential is gone.
	Verify(ctx context.Context, kind, token string) (voice.AccessToken, error)
}

// CallBack is an order to ring First, then Second, and to join them.
type CallBack struct {
	Tenant voice.TenantID
	User   voice.UserID // who ordered it
	App    string       // the client's own name for itself, for the timeline
	First  voice.Destination
	Second voice.Destination
	// ShowFirst and ShowSecond are the numbers shown to each; "" = automatic.
	ShowFirst, ShowSecond string
	// More are rung together with First.
	More []voice.Destination
	// RingFirst is how long the first is rung; 0 = the route's own time.
	RingFirst time.Duration
	// Program runs once the first has answered, instead of dialling Second.
	Program *flow.Program
	Tag     string // CallInfo.Tag
	Order   string // CallInfo.Order; "" = drawn
	// MaxDuration bounds the whole call from the answer of the first, talks too; 0 = none.
	MaxDuration time.Duration
	// Capture has the call's packets captured, whatever the account's calls are.
	Capture bool
	// Data is noted when the call begins, as a command's.
	Data map[string]string
}

// Control orders calls.
type Control interface {
	// Originate takes an order and returns at once with the call's id; the call
	// begins when there is room for it (voice.LiveWaiting until then). Limit when
	// too many wait already, Permission when policy forbids it, Unavailable while
	// the server stops.
	Originate(ctx context.Context, c CallBack) (voice.CallID, error)
}

// LiveCalls sees and orders calls that are up, within one tenant.
type LiveCalls interface {
	Live(ctx context.Context, t voice.TenantID) ([]voice.LiveCall, error)
	// LiveCall gives one call. NotExist when it is not up.
	LiveCall(ctx context.Context, t voice.TenantID, id voice.CallID) (voice.LiveCall, error)
	// Hangup ends a call. NotExist when it is not up.
	Hangup(ctx context.Context, t voice.TenantID, id voice.CallID, words string) error
	// Redirect takes the caller out of whatever goes on and to another
	// destination; whom the caller talked with is hung up.
	Redirect(ctx context.Context, t voice.TenantID, id voice.CallID, to voice.Destination) error
	// Supervise rings by and joins it to the call. Conflict when nobody is talking.
	Supervise(ctx context.Context, t voice.TenantID, id voice.CallID, mode voice.SuperviseMode, by voice.Destination) error
}

// Commander orders what calls that are up do, within one tenant.
type Commander interface {
	// Command puts c into the call's mailbox. NotExist when the call is not up,
	// Conflict when it does not wait at c.At, has no party yet, or takes no more
	// commands; Limit when too many wait; Invalid when the program can't be run.
	Command(ctx context.Context, t voice.TenantID, id voice.CallID, c flow.Command) error
	// PlayOver, StopOver, SendKeys and Tape are as voice's Overlayer, KeySender and
	// Taper. NotExist also when the call is not up.
	PlayOver(ctx context.Context, t voice.TenantID, id voice.CallID, s voice.OverSpec) error
	StopOver(ctx context.Context, t voice.TenantID, id voice.CallID, leg voice.LegID) error
	SendKeys(ctx context.Context, t voice.TenantID, id voice.CallID, leg voice.LegID, keys string) error
	Tapes
}

// Captures captures the packets of calls that are up, within one tenant, as
// voice.Capturer does. NotExist also when the call is not up.
type Captures interface {
	StartCapture(ctx context.Context, t voice.TenantID, id voice.CallID) (voice.CaptureID, error)
	StopCapture(ctx context.Context, t voice.TenantID, id voice.CallID) error
}

// Holds puts parties of talks on hold, within one tenant, as voice.Holder does.
// NotExist also when the call is not up.
type Holds interface {
	HoldTalk(ctx context.Context, t voice.TenantID, id voice.CallID, leg voice.LegID, music []voice.Prompt) error
	ResumeTalk(ctx context.Context, t voice.TenantID, id voice.CallID, leg voice.LegID) error
}

// Transfers sends and joins parties of calls that are up, within one tenant. NotExist
// when a call is not up or the destination is gone, Conflict while a call is set up
// or has another order.
type Transfers interface {
	// Transfer sends the caller elsewhere; whom the caller talks with waits for the
	// result, and talks on when nobody was reached.
	Transfer(ctx context.Context, t voice.TenantID, id voice.CallID, to voice.Destination, how flow.TransferHow) error
	// Join joins the callers of two calls, of which the second ends in words. Whom
	// they talk with is hung up. Invalid for one call twice.
	Join(ctx context.Context, t voice.TenantID, id, with voice.CallID) error
	// RedirectToStep is LiveCalls' Redirect to an app that begins at a step. Invalid
	// when it has none of that name.
	RedirectToStep(ctx context.Context, t voice.TenantID, id voice.CallID, app voice.AppID, step flow.NodeID) error
}

// Tapes records live calls beside their flow.
type Tapes interface {
	StartTape(ctx context.Context, t voice.TenantID, id voice.CallID, s voice.TapeSpec) (voice.RecordingID, error)
	OrderTape(ctx context.Context, t voice.TenantID, id voice.CallID, o voice.TapeOrder) error
}

// Rooms sees and orders conference rooms, within one tenant. NotExist when there
// is no such room or member.
type Rooms interface {
	Rooms(ctx context.Context, t voice.TenantID) ([]voice.Room, error)
	Mute(ctx context.Context, t voice.TenantID, room string, id voice.CallID, muted bool) error
	// Lock says whether nobody more is let into a room.
	Lock(ctx context.Context, t voice.TenantID, room string, locked bool) error
	// Kick ends a member's stay; id "" = all of them, which ends the room.
	Kick(ctx context.Context, t voice.TenantID, room string, id voice.CallID) error
	// RecordRoom begins or ends the recording of a room, and gives it. Conflict when
	// it is recorded, or not, already.
	RecordRoom(ctx context.Context, t voice.TenantID, room string, on bool) (voice.RecordingID, error)
}
