package passkey

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"tandem/internal/auth"
	"tandem/internal/voice"
)

// maxAnswer bounds what an authenticator's answer may be, in bytes of JSON.
const maxAnswer = 16 << 10

// Store is what is kept.
type Store interface {
	voice.PasskeyStore
	voice.PasskeyUseStore
	User(ctx context.Context, t voice.TenantID, id voice.UserID) (voice.User, error)
	AppendAudit(ctx context.Context, e voice.AuditEntry) error
}

// Config is what a Keeper is made of. Every field but Now is needed.
type Config struct {
	// Party is the host name that passkeys are made for: the relying party's id.
	Party string
	// Origins are where it is reached: "https://pbx.example", over plain http localhost
	// alone.
	Origins []string
	Store   Store
	// Tries limits answers that are wrong.
	Tries *auth.Attempts
	// Now is the time that ceremonies are judged by; nil = time.Now.
	Now func() time.Time
}

// Keeper makes and checks passkeys.
type Keeper struct {
	cfg   Config
	party *webauthn.WebAuthn
	open  *ceremonies // begun by nobody known
	known *ceremonies // begun by a person
}

// New makes a Keeper. Invalid when Party is no host name or there is no origin.
func New(cfg Config) (*Keeper, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	within := webauthn.TimeoutConfig{Timeout: ceremonyLife, TimeoutUVD: ceremonyLife}
	party, err := webauthn.New(&webauthn.Config{
		RPID: cfg.Party, RPDisplayName: "Tandem", RPOrigins: cfg.Origins,
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementRequired, RequireResidentKey: protocol.ResidentKeyRequired(),
			UserVerification: protocol.VerificationRequired,
		},
		Timeouts: webauthn.TimeoutsConfig{Login: within, Registration: within},
		// Some password managers tell of extensions that nobody asked for; none is used.
		ExtensionsUnsolicitedOutputPolicy: protocol.UnsolicitedOutputPolicyIgnore,
	})
	if err != nil {
		return nil, voice.E("passkey.New", voice.Invalid, err)
	}
	return &Keeper{cfg: cfg, party: party, open: newCeremonies(), known: newCeremonies()}, nil
}

// Place gives the host name that passkeys are made for and the origins where they work.
func (k *Keeper) Place() (party string, origins []string) {
	return k.cfg.Party, slices.Clone(k.cfg.Origins)
}

// at checks the origin that a ceremony is begun at; "" is that of no browser.
func (k *Keeper) at(op, origin string) error {
	if origin == "" || slices.Contains(k.cfg.Origins, strings.ToLower(origin)) {
		return nil
	}
	return voice.Errorf(op, voice.Conflict, "Passkeys work at %s, not at %s.", strings.Join(k.cfg.Origins, " and "), short(origin))
}

// BeginPasskey begins to register a passkey of a person. Error kinds: Limit when there
// are as many as there may be, Conflict when passkeys don't work at the origin.
func (k *Keeper) BeginPasskey(ctx context.Context, u voice.User, origin string) (voice.Ceremony, error) {
	const op = "passkey.BeginPasskey"
	if err := k.at(op, origin); err != nil {
		return voice.Ceremony{}, err
	}
	have, err := k.cfg.Store.Passkeys(ctx, u.Tenant, u.ID)
	if err != nil {
		return voice.Ceremony{}, err
	}
	if len(have) >= voice.MaxPasskeys {
		return voice.Ceremony{}, voice.Errorf(op, voice.Limit, "there are %d passkeys, which is the most; remove one first", len(have))
	}
	who := k.person(u, have)
	var known []protocol.CredentialDescriptor
	for _, c := range who.keys {
		known = append(known, c.Descriptor())
	}
	options, session, err := k.party.BeginRegistration(who, webauthn.WithExclusions(known))
	if err != nil {
		return voice.Ceremony{}, voice.E(op, voice.Internal, err)
	}
	return k.begun(op, k.known, waiting{purpose: toRegister, by: handle(u), session: *session}, options.Response)
}

// AddPasskey ends a registration: credential is what the browser gave, in the JSON form
// of WebAuthn §5.1 (RegistrationResponseJSON). Error kinds: Invalid for the name or the
// credential, Conflict when the ceremony is not known, over or was answered before,
// Exists when the passkey is registered already, Limit as BeginPasskey.
func (k *Keeper) AddPasskey(ctx context.Context, u voice.User, token, name string, credential []byte) (voice.Passkey, error) {
	const op = "passkey.AddPasskey"
	var none voice.Passkey
	if name = voice.CleanName(name); name == "" {
		return none, voice.InvalidField(op, "name", "the passkey needs a name")
	}
	session, ok := k.known.take(token, toRegister, handle(u), k.cfg.Now())
	if !ok {
		return none, over(op)
	}
	if len(credential) > maxAnswer {
		return none, voice.InvalidField(op, "credential", "the authenticator's answer has more than %d bytes", maxAnswer)
	}
	answer, err := protocol.ParseCredentialCreationResponseBytes(credential)
	if err != nil {
		return none, voice.InvalidField(op, "credential", "the authenticator's answer can't be read: %s", words(err))
	}
	have, err := k.cfg.Store.Passkeys(ctx, u.Tenant, u.ID)
	if err != nil {
		return none, err
	}
	c, err := k.party.CreateCredential(k.person(u, have), session, answer)
	if err != nil {
		return none, voice.InvalidField(op, "credential", "the passkey is refused: %s", words(err))
	}
	if len(c.ID) == 0 || len(c.ID) > voice.MaxCredentialBytes || len(c.PublicKey) > voice.MaxPublicKeyBytes {
		return none, voice.InvalidField(op, "credential", "the passkey's id has %d bytes and its key %d; %d and %d are the most",
			len(c.ID), len(c.PublicKey), voice.MaxCredentialBytes, voice.MaxPublicKeyBytes)
	}
	p := voice.Passkey{ID: voice.PasskeyID(voice.NewID("pk")), Tenant: u.Tenant, User: u.ID, Name: name, Party: k.cfg.Party,
		Credential: c.ID, PublicKey: c.PublicKey, Count: c.Authenticator.SignCount, Synced: c.Flags.BackupEligible, Created: k.cfg.Now()}
	for _, t := range c.Transport[:min(len(c.Transport), 8)] {
		p.Transports = append(p.Transports, short(string(t)))
	}
	return p, k.cfg.Store.AddPasskey(ctx, p)
}

// begun keeps a ceremony and gives what the browser is asked.
func (k *Keeper) begun(op string, among *ceremonies, w waiting, options any) (voice.Ceremony, error) {
	raw, err := json.Marshal(options)
	if err != nil {
		return voice.Ceremony{}, voice.E(op, voice.Internal, err)
	}
	return voice.Ceremony{Token: among.begin(w, k.cfg.Now()), Options: raw}, nil
}

func over(op string) error {
	return voice.Errorf(op, voice.Conflict, "The passkey was asked for too long ago, or has answered before. Try again.")
}

// words are those of an error of the library, bounded.
func words(err error) string {
	if e, ok := err.(*protocol.Error); ok && e.DevInfo != "" {
		return short(e.Details + ": " + e.DevInfo)
	}
	return short(err.Error())
}

// short bounds a text of others.
func short(s string) string {
	if r := []rune(s); len(r) > 200 {
		return string(r[:200]) + "…"
	}
	return s
}
