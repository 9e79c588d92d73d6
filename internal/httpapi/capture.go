package httpapi

import (
	"context"
	"mime"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"tandem/internal/voice"
)

// Capture is a file with the packets of a call.
type Capture struct {
	ID      string     `json:"id"`
	Call    string     `json:"call"`
	State   string     `json:"state" enum:"capturing,finished,partial,failed" doc:"partial = the server ended during it; failed = its file breaks off, or there is none"`
	Packets int64      `json:"packets" doc:"In the file; known when it is over"`
	Lost    int64      `json:"lost" doc:"Packets that are missing because it was written too slowly"`
	Bytes   int64      `json:"bytes"`
	SHA256  string     `json:"sha256,omitempty"`
	Words   string     `json:"words,omitempty" doc:"Why it ended"`
	Created *time.Time `json:"created"`
	Ended   *time.Time `json:"ended,omitempty"`
}

// CaptureBegun is a capture that has begun.
type CaptureBegun struct {
	Capture string `json:"capture" doc:"Its id"`
}

// CapturePath names it in the path.
type CapturePath struct {
	Capture string `path:"capture" maxLength:"64"`
}

const pcapType = "application/x-pcapng"

func (a *API) registerCaptures() {
	const section = "Captures"
	const what = "SIP in the clear as the server read and wrote it, RTP and RTCP as on the wire, of all legs. Proofs of passwords and keys of SRTP are masked, and what may hold secret digits is left out."
	handle(a, route{id: "capture-call", noted: "captured the packets of", method: http.MethodPost, path: "/calls/{call}/capture", section: section, scope: CallsWrite, status: http.StatusCreated,
		title: "Capture the packets of a call from now on", text: "Until the call is over, or its file is as large as it may be, which is on its timeline. Of a call that is not answered yet its first messages are there too. " +
			"409 when it is being captured, 429 when as many calls are as may be. Each call of an account is captured with capture_calls of PATCH /account."}, a.startCapture)
	handle(a, route{id: "stop-call-capture", method: http.MethodDelete, path: "/calls/{call}/capture", section: section, scope: CallsWrite, status: http.StatusNoContent,
		title: "Stop the capture of a call"}, a.stopCapture)
	handle(a, route{id: "list-call-captures", method: http.MethodGet, path: "/calls/{call}/captures", section: section, scope: RecordingsRead, title: "List the captures of a call, oldest first"}, a.listCaptures)
	handle(a, route{id: "download-capture", noted: "downloaded", method: http.MethodGet, path: "/captures/{capture}/packets", section: section, scope: RecordingsRead, content: pcapType,
		title: "Download a capture", text: "For Wireshark, in the format pcapng. " + what + " 409 while it is made. Captures are kept for as long as the setting capture.hours says."}, a.downloadCapture)
	handle(a, route{id: "delete-capture", method: http.MethodDelete, path: "/captures/{capture}", section: section, scope: RecordingsWrite, status: http.StatusNoContent,
		title: "Delete a capture with its file", text: "Refused while it is made."}, a.deleteCapture)
}

func showCapture(c voice.Capture) Capture {
	return Capture{ID: string(c.ID), Call: string(c.Call), State: string(c.State), Packets: c.Packets, Lost: c.Lost, Bytes: c.Size, SHA256: c.SHA256, Words: c.Words,
		Created: moment(c.Created), Ended: moment(c.Ended)}
}

func (a *API) startCapture(ctx context.Context, c caller, in *CallPath) (*answer[CaptureBegun], error) {
	id, err := a.cfg.Capturing.StartCapture(ctx, c.tenant, voice.CallID(in.Call))
	if err != nil {
		return nil, err
	}
	return body(CaptureBegun{string(id)}), nil
}

func (a *API) stopCapture(ctx context.Context, c caller, in *CallPath) (*nothing, error) {
	return nil, a.cfg.Capturing.StopCapture(ctx, c.tenant, voice.CallID(in.Call))
}

func (a *API) listCaptures(ctx context.Context, c caller, in *CallPath) (*answer[Page[Capture]], error) {
	if _, err := a.cfg.Calls.CDR(ctx, c.tenant, voice.CallID(in.Call)); err != nil {
		return nil, err
	}
	list, err := a.cfg.Captures.Captures(ctx, voice.CaptureFilter{Tenant: c.tenant, Call: voice.CallID(in.Call)})
	if err != nil {
		return nil, err
	}
	return all(list, showCapture), nil
}

func (a *API) complete(ctx context.Context, c caller, id string) (voice.Capture, error) {
	k, err := a.cfg.Captures.Capture(ctx, c.tenant, voice.CaptureID(id))
	if err == nil && k.State == voice.CaptureActive {
		err = voice.Errorf("httpapi", voice.Busy, "capture %s is being made", k.ID)
	}
	return k, err
}

func (a *API) downloadCapture(ctx context.Context, c caller, in *CapturePath) (*huma.StreamResponse, error) {
	k, err := a.complete(ctx, c, in.Capture)
	if err != nil {
		return nil, err
	}
	if k.Size == 0 {
		return nil, voice.Errorf("httpapi", voice.NotExist, "the capture has no file: %s", k.Words)
	}
	return a.blob(ctx, k.Blob, "call-"+string(k.Call)+".pcapng", pcapType, k.Ended)
}

func (a *API) deleteCapture(ctx context.Context, c caller, in *CapturePath) (*nothing, error) {
	k, err := a.complete(ctx, c, in.Capture)
	if err != nil {
		return nil, err
	}
	if err := a.cfg.Captures.DeleteCapture(ctx, c.tenant, k.ID); err != nil {
		return nil, err
	}
	if err := a.cfg.Blobs.Delete(context.WithoutCancel(ctx), k.Blob); err != nil && !voice.IsKind(err, voice.NotExist) {
		a.cfg.Log.Warn("the file of a deleted capture was not removed", "capture", k.ID, "blob", k.Blob, "err", err)
	}
	return nil, nil
}

// blob is an answer of a stored file; it serves ranges.
func (a *API) blob(ctx context.Context, key, name, kind string, modified time.Time) (*huma.StreamResponse, error) {
	f, err := a.cfg.Audio.Open(ctx, key)
	if voice.IsKind(err, voice.NotExist) {
		return nil, voice.Errorf("httpapi", voice.NotExist, "the file is gone")
	}
	if err != nil {
		a.cfg.Log.Error("a file is not served", "blob", key, "err", err)
		return nil, voice.Errorf("httpapi", voice.Unavailable, "the file can't be read now")
	}
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		defer f.Close()
		r, w := humago.Unwrap(ctx)
		w.Header().Set("Content-Type", kind)
		w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
		http.ServeContent(w, r, "", modified, f)
	}}, nil
}
