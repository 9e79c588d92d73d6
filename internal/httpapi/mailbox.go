package httpapi

import (
	"context"
	"encoding/json"
	"net/http"
	"net/mail"
	"strings"
	"time"

	"tandem/internal/voice"
)

// Mailbox is where callers of a user leave messages.
type Mailbox struct {
	User     string          `json:"user" doc:"Id of the user whose it is"`
	Name     string          `json:"name" doc:"The user's"`
	Settings MailboxSettings `json:"settings"`
	Address  string          `json:"address,omitempty" doc:"Where its messages are mailed; missing = they are kept here alone"`
	Messages int             `json:"messages" doc:"Messages in it, of the account's newest 1000"`
	New      int             `json:"new" doc:"Those that nobody has heard"`
}

// MailboxSettings are what a user's mailbox is set to.
type MailboxSettings struct {
	Sound        string `json:"sound,omitempty" maxLength:"64" doc:"Id of the sound that callers hear first; missing = the greeting, else the standard one"`
	Greeting     string `json:"greeting,omitempty" maxLength:"1000" doc:"Text that is spoken in place of a sound"`
	Voice        string `json:"voice,omitempty" maxLength:"64" doc:"Voice of the greeting"`
	Email        string `json:"email,omitempty" maxLength:"254" doc:"Where its messages are mailed; missing = to the user's address"`
	NoAttachment bool   `json:"no_attachment,omitempty" doc:"The mail is a notice alone"`
	Most         int    `json:"most,omitempty" minimum:"0" maximum:"1000" doc:"Messages that it may keep; further ones are refused; 0 = any number"`
}

// MailboxPath names it in the path.
type MailboxPath struct {
	User string `path:"user" maxLength:"40"`
}

// Mark says whether a message has been heard.
type Mark struct {
	Heard bool `json:"heard"`
}

func (a *API) registerMailboxes(section string) {
	handle(a, route{id: "list-mailboxes", method: http.MethodGet, path: "/mailboxes", section: section, scope: RecordingsRead, title: "List the users' mailboxes"}, a.listMailboxes)
	handle(a, route{id: "set-mailbox", method: http.MethodPut, path: "/mailboxes/{user}", section: section, scope: ConfigWrite,
		title: "Set up a user's mailbox", text: "What is missing is as nobody had set it. Holds for calls within five seconds."}, a.setMailbox)
	handle(a, route{id: "mark-message", method: http.MethodPut, path: "/messages/{message}/heard", section: section, scope: RecordingsWrite, title: "Mark a message as heard, or as new"}, a.markMessage)
}

// boxes gives what the mailboxes are set to, by user.
func (a *API) boxes(ctx context.Context, c caller, user string) (map[voice.UserID]voice.Resource, error) {
	list, err := a.cfg.Resources.Resources(ctx, c.tenant, voice.ResourceFilter{Kind: voice.MailboxKind, Name: user, Limit: 10_000})
	if err != nil {
		return nil, err
	}
	set := map[voice.UserID]voice.Resource{}
	for _, r := range list {
		set[voice.UserID(r.Name)] = r
	}
	return set, nil
}

func showMailbox(u voice.User, r voice.Resource, messages []voice.Message) (Mailbox, error) {
	var s voice.MailboxSettings
	if r.Data != nil {
		if err := json.Unmarshal(r.Data, &s); err != nil {
			return Mailbox{}, voice.E("httpapi.showMailbox", voice.Internal, err)
		}
	}
	m := Mailbox{User: string(u.ID), Name: u.Called(), Address: u.Email,
		Settings: MailboxSettings{Sound: string(s.Sound), Greeting: s.Greeting, Voice: s.Voice, Email: s.Email, NoAttachment: s.NoAttachment, Most: s.Most}}
	if s.Email != "" {
		m.Address = s.Email
	}
	for _, x := range messages {
		if x.User != u.ID {
			continue
		}
		m.Messages++
		if x.Heard.IsZero() {
			m.New++
		}
	}
	return m, nil
}

func (a *API) listMailboxes(ctx context.Context, c caller, _ *struct{}) (*answer[Page[Mailbox]], error) {
	users, err := a.cfg.Users.Users(ctx, c.tenant)
	if err != nil {
		return nil, err
	}
	set, err := a.boxes(ctx, c, "")
	if err != nil {
		return nil, err
	}
	messages, err := a.cfg.Messages.Messages(ctx, c.tenant, "", maxMessages)
	if err != nil {
		return nil, err
	}
	items := []Mailbox{}
	for _, u := range users {
		m, err := showMailbox(u, set[u.ID], messages)
		if err != nil {
			return nil, err
		}
		items = append(items, m)
	}
	return body(Page[Mailbox]{Items: items}), nil
}

// mailboxOf reads the settings of a body.
func (a *API) mailboxOf(ctx context.Context, c caller, in MailboxSettings) (voice.MailboxSettings, error) {
	s := voice.MailboxSettings{Sound: voice.SoundID(in.Sound), Greeting: strings.TrimSpace(in.Greeting), Voice: in.Voice, Email: strings.TrimSpace(in.Email), NoAttachment: in.NoAttachment, Most: in.Most}
	if s.Sound != "" {
		if _, err := a.cfg.Sounds.Sound(ctx, c.tenant, s.Sound); err != nil {
			return s, there(err, "body.sound")
		}
	}
	if s.Email != "" {
		if at, err := mail.ParseAddress(s.Email); err != nil || at.Address != s.Email {
			return s, invalid("body.email", "%q is no e-mail address", s.Email)
		}
	}
	return s, nil
}

func (a *API) setMailbox(ctx context.Context, c caller, in *struct {
	MailboxPath
	Body MailboxSettings
}) (*answer[Mailbox], error) {
	u, err := a.cfg.Users.User(ctx, c.tenant, voice.UserID(in.User))
	if err != nil {
		return nil, err
	}
	s, err := a.mailboxOf(ctx, c, in.Body)
	if err != nil {
		return nil, err
	}
	set, err := a.boxes(ctx, c, in.User)
	if err != nil {
		return nil, err
	}
	now := a.cfg.Now()
	r, known := set[u.ID]
	if !known {
		r = voice.Resource{Tenant: c.tenant, Kind: voice.MailboxKind, Name: string(u.ID), Created: now}
	}
	r.Updated = now
	if r.Data, err = json.Marshal(s); err != nil {
		return nil, voice.E("httpapi.setMailbox", voice.Internal, err)
	}
	if known {
		_, err = a.cfg.Resources.UpdateResource(ctx, r)
	} else {
		_, err = a.cfg.Resources.CreateResource(ctx, r)
	}
	if err != nil {
		return nil, err
	}
	messages, err := a.cfg.Messages.Messages(ctx, c.tenant, "", maxMessages)
	if err != nil {
		return nil, err
	}
	m, err := showMailbox(u, r, messages)
	if err != nil {
		return nil, err
	}
	return body(m), nil
}

func (a *API) markMessage(ctx context.Context, c caller, in *struct {
	MessagePath
	Body Mark
}) (*answer[Message], error) {
	m, err := a.cfg.Messages.Message(ctx, c.tenant, voice.MessageID(in.Message))
	if err != nil {
		return nil, err
	}
	switch {
	case !in.Body.Heard:
		m.Heard = time.Time{}
	case m.Heard.IsZero():
		m.Heard = a.cfg.Now()
	}
	if err := a.cfg.Messages.UpdateMessage(ctx, m); err != nil {
		return nil, err
	}
	return body(showMessage(m)), nil
}
