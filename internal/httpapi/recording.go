package httpapi

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"tandem/internal/voice"
)

// Recording is a recorded call, message or prompt.
type Recording struct {
	ID       string     `json:"id"`
	Call     string     `json:"call,omitempty"`
	User     string     `json:"user,omitempty" doc:"Whose it is"`
	Purpose  string     `json:"purpose" enum:"voicemail,call,prompt,speech"`
	State    string     `json:"state" enum:"recording,finished,partial,failed"`
	From     string     `json:"from,omitempty"`
	To       string     `json:"to,omitempty"`
	Seconds  float64    `json:"seconds"`
	Bytes    int64      `json:"bytes"`
	Channels int        `json:"channels"`
	SHA256   string     `json:"sha256,omitempty"`
	Words    string     `json:"words,omitempty" doc:"Why it failed"`
	Created  *time.Time `json:"created"`
	Ended    *time.Time `json:"ended,omitempty"`
}

// RecordingPath names it in the path.
type RecordingPath struct {
	Recording string `path:"recording" maxLength:"64"`
}

// RecordingFilter narrows a list of recordings.
type RecordingFilter struct {
	Call    string    `query:"call" maxLength:"64"`
	User    string    `query:"user" maxLength:"40"`
	Purpose string    `query:"purpose" enum:"voicemail,call,prompt,speech"`
	After   time.Time `query:"after" doc:"Made at or after it"`
	Before  time.Time `query:"before" doc:"Made at or before it"`
	Limit   int       `query:"limit" minimum:"1" maximum:"500" default:"50"`
	Cursor  string    `query:"cursor" maxLength:"64" doc:"Next of the part before"`
}

// Message is a voicemail message.
type Message struct {
	ID        string     `json:"id"`
	App       string     `json:"app,omitempty" doc:"Mailbox it was left in"`
	User      string     `json:"user,omitempty" doc:"Whose it is"`
	Call      string     `json:"call,omitempty"`
	Recording string     `json:"recording"`
	From      string     `json:"from,omitempty"`
	FromName  string     `json:"from_name,omitempty"`
	To        string     `json:"to,omitempty"`
	Seconds   float64    `json:"seconds"`
	State     string     `json:"state" doc:"What became of its mail: new, delivered, undeliverable or no address"`
	Words     string     `json:"words,omitempty" doc:"Why it could not be mailed"`
	Created   *time.Time `json:"created"`
	Heard     *time.Time `json:"heard,omitempty" doc:"When it was marked as heard; missing = it is new"`
}

// MessagePath names it in the path.
type MessagePath struct {
	Message string `path:"message" maxLength:"64"`
}

func (a *API) registerRecordings() {
	const section, mail = "Recordings", "Voicemail"
	handle(a, route{id: "list-recordings", method: http.MethodGet, path: "/recordings", section: section, scope: RecordingsRead, title: "List the recordings, newest first"}, a.listRecordings)
	handle(a, route{id: "read-recording", method: http.MethodGet, path: "/recordings/{recording}", section: section, scope: RecordingsRead, title: "Read a recording's description"}, a.readRecording)
	handle(a, route{id: "download-recording", noted: "listened to", method: http.MethodGet, path: "/recordings/{recording}/audio", section: section, scope: RecordingsRead, content: wavType, title: "Download a recording"}, a.downloadRecording)
	handle(a, route{id: "delete-recording", method: http.MethodDelete, path: "/recordings/{recording}", section: section, scope: RecordingsWrite, status: http.StatusNoContent,
		title: "Delete a recording with its audio", text: "Refused while it is made, and while it is a voicemail message."}, a.deleteRecording)
	handle(a, route{id: "list-messages", method: http.MethodGet, path: "/messages", section: mail, scope: RecordingsRead, title: "List the voicemail messages, newest first"}, a.listMessages)
	handle(a, route{id: "read-message", method: http.MethodGet, path: "/messages/{message}", section: mail, scope: RecordingsRead, title: "Read a message's description"}, a.readMessage)
	handle(a, route{id: "download-message", noted: "listened to", method: http.MethodGet, path: "/messages/{message}/audio", section: mail, scope: RecordingsRead, content: wavType, title: "Download a message"}, a.downloadMessage)
	a.registerMailboxes(mail)
	handle(a, route{id: "delete-message", method: http.MethodDelete, path: "/messages/{message}", section: mail, scope: RecordingsWrite, status: http.StatusNoContent,
		title: "Delete a message with its audio", text: "A mail that was to bring it is not sent any more."}, a.deleteMessage)
}

func showRecording(r voice.Recording) Recording {
	return Recording{ID: string(r.ID), Call: string(r.Call), User: string(r.User), Purpose: string(r.Purpose), State: string(r.State), From: r.From, To: r.To,
		Seconds: seconds(r.Duration), Bytes: r.Size, Channels: r.Channels, SHA256: r.SHA256, Words: r.Words, Created: moment(r.Created), Ended: moment(r.Ended)}
}

func (a *API) listRecordings(ctx context.Context, c caller, in *RecordingFilter) (*answer[Page[Recording]], error) {
	f := voice.RecordingFilter{Call: voice.CallID(in.Call), User: voice.UserID(in.User), Purpose: voice.RecordingPurpose(in.Purpose), After: in.After,
		Before: in.Before, Limit: in.Limit + 1, BeforeID: voice.RecordingID(in.Cursor), NewestFirst: true}
	if in.Cursor != "" {
		if _, err := a.cfg.Recordings.Recording(ctx, c.tenant, f.BeforeID); err != nil {
			return nil, there(err, "query.cursor")
		}
	}
	list, err := a.cfg.Recordings.Recordings(ctx, c.tenant, f)
	if err != nil {
		return nil, err
	}
	page := all(list[:min(len(list), in.Limit)], showRecording)
	if len(list) > in.Limit {
		page.Body.Next = string(list[in.Limit-1].ID)
	}
	return page, nil
}

func (a *API) readRecording(ctx context.Context, c caller, in *RecordingPath) (*answer[Recording], error) {
	r, err := a.cfg.Recordings.Recording(ctx, c.tenant, voice.RecordingID(in.Recording))
	if err != nil {
		return nil, err
	}
	return body(showRecording(r)), nil
}

func (a *API) downloadRecording(ctx context.Context, c caller, in *RecordingPath) (*huma.StreamResponse, error) {
	r, err := a.cfg.Recordings.Recording(ctx, c.tenant, voice.RecordingID(in.Recording))
	if err != nil {
		return nil, err
	}
	return a.wav(ctx, r.Blob, string(r.ID), r.Ended)
}

func (a *API) deleteRecording(ctx context.Context, c caller, in *RecordingPath) (*nothing, error) {
	r, err := a.cfg.Recordings.Recording(ctx, c.tenant, voice.RecordingID(in.Recording))
	if err != nil {
		return nil, err
	}
	if r.State == voice.RecordingActive {
		return nil, voice.Errorf("httpapi", voice.Busy, "recording %s is being made", r.ID)
	}
	messages, err := a.cfg.Messages.Messages(ctx, c.tenant, "", maxMessages)
	if err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(messages, func(m voice.Message) bool { return m.Recording == r.ID }); i >= 0 {
		return nil, voice.Errorf("httpapi", voice.Busy, "recording %s is voicemail message %s; delete that", r.ID, messages[i].ID)
	}
	return nil, a.dropRecording(ctx, c, r)
}

// dropRecording removes a recording and then its audio.
func (a *API) dropRecording(ctx context.Context, c caller, r voice.Recording) error {
	if err := a.cfg.Recordings.DeleteRecording(ctx, c.tenant, r.ID); err != nil {
		return err
	}
	if r.Blob == "" {
		return nil
	}
	err := a.cfg.Blobs.Delete(context.WithoutCancel(ctx), r.Blob)
	if err != nil && !voice.IsKind(err, voice.NotExist) {
		a.cfg.Log.Warn("the audio of a deleted recording was not removed", "recording", r.ID, "blob", r.Blob, "err", err)
	}
	return nil
}

// maxMessages bounds a list of messages.
const maxMessages = 1000

func showMessage(m voice.Message) Message {
	return Message{ID: string(m.ID), App: string(m.App), User: string(m.User), Call: string(m.Call), Recording: string(m.Recording), From: m.From,
		FromName: m.FromName, To: m.To, Seconds: seconds(m.Duration), State: string(m.State), Words: m.Words, Created: moment(m.Created), Heard: moment(m.Heard)}
}

func (a *API) listMessages(ctx context.Context, c caller, in *struct {
	App   string `query:"app" maxLength:"64" doc:"Only those of this mailbox"`
	User  string `query:"user" maxLength:"40" doc:"Only this user's"`
	Limit int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
}) (*answer[Page[Message]], error) {
	limit := in.Limit
	if in.User != "" {
		limit = maxMessages
	}
	list, err := a.cfg.Messages.Messages(ctx, c.tenant, voice.AppID(in.App), limit)
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(m voice.Message) bool { return in.User != "" && string(m.User) != in.User })
	return all(list[:min(len(list), in.Limit)], showMessage), nil
}

func (a *API) readMessage(ctx context.Context, c caller, in *MessagePath) (*answer[Message], error) {
	m, err := a.cfg.Messages.Message(ctx, c.tenant, voice.MessageID(in.Message))
	if err != nil {
		return nil, err
	}
	return body(showMessage(m)), nil
}

func (a *API) downloadMessage(ctx context.Context, c caller, in *MessagePath) (*huma.StreamResponse, error) {
	m, err := a.cfg.Messages.Message(ctx, c.tenant, voice.MessageID(in.Message))
	if err != nil {
		return nil, err
	}
	return a.downloadRecording(ctx, c, &RecordingPath{string(m.Recording)})
}

func (a *API) deleteMessage(ctx context.Context, c caller, in *MessagePath) (*nothing, error) {
	m, err := a.cfg.Messages.Message(ctx, c.tenant, voice.MessageID(in.Message))
	if err != nil {
		return nil, err
	}
	if err := a.cfg.Messages.DeleteMessage(ctx, c.tenant, m.ID); err != nil {
		return nil, err
	}
	r, err := a.cfg.Recordings.Recording(ctx, c.tenant, m.Recording)
	if err == nil {
		err = a.dropRecording(ctx, c, r)
	}
	if voice.IsKind(err, voice.NotExist) {
		err = nil
	}
	return nil, err
}
