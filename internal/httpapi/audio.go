package httpapi

import (
	"context"
	"errors"
	"mime"
	"mime/multipart"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"tandem/internal/dialect"
	"tandem/internal/voice"
)

// uploadTime bounds how long a client may take to send a sound.
const uploadTime = time.Minute

// formMemory is what of an upload is held in memory; the rest is in a file that
// goes with the request.
const formMemory = 1 << 20

// Upload is a form with a sound.
type Upload struct {
	RawBody multipart.Form
}

// uploadForm describes it.
func uploadForm() *huma.RequestBody {
	return &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"multipart/form-data": {Schema: &huma.Schema{
		Type: huma.TypeObject, Required: []string{"file"},
		Properties: map[string]*huma.Schema{
			"file": {Type: huma.TypeString, Format: "binary", Description: "WAV (PCM of whole numbers, A-law or µ-law) or MP3, at most 10 MB and 30 minutes"},
			"name": {Type: huma.TypeString, Description: "For people; missing = the file's name"},
		},
	}}}}
}

// readForm reads a form with a file before huma does, so that one that is too
// large is told apart from one that is broken.
func (a *API) readForm(ctx huma.Context, next func(huma.Context)) {
	r, w := humago.Unwrap(ctx)
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "multipart/form-data" {
		a.refuse(ctx, http.StatusUnsupportedMediaType, "the body is not multipart/form-data")
		return
	}
	_ = huma.SetReadDeadline(w, time.Now().Add(uploadTime)) // a server that has none does not need it
	if err := r.ParseMultipartForm(formMemory); err != nil {
		if _, over := errors.AsType[*http.MaxBytesError](err); over {
			a.refuse(ctx, http.StatusRequestEntityTooLarge, "the file is larger than 10 MB")
			return
		}
		a.refuse(ctx, http.StatusBadRequest, "the form can't be read: "+err.Error())
		return
	}
	next(ctx)
}

// file takes the sound out of a form and stores its audio.
func (a *API) file(ctx context.Context, c caller, form *multipart.Form) (clip dialect.Clip, fileName string, err error) {
	files := form.File["file"]
	if len(files) != 1 {
		return clip, "", invalid("body.file", "the form has %d files named file; one is needed", len(files))
	}
	if files[0].Size > maxAudio {
		return clip, "", tooLarge("the file is larger than 10 MB")
	}
	f, err := files[0].Open()
	if err != nil {
		return clip, "", voice.E("httpapi.file", voice.Unavailable, err)
	}
	defer f.Close()
	fileName = path.Base(strings.ReplaceAll(files[0].Filename, `\`, "/"))
	clip, err = a.cfg.Audio.IngestFile(ctx, c.tenant, f)
	switch voice.KindOf(err) {
	case voice.Limit:
		return clip, "", tooLarge(voice.Reason(err))
	case voice.Invalid:
		return clip, "", invalid("body.file", "%s", voice.Reason(err))
	}
	return clip, fileName, err
}

// sound is an answer of audio; it serves ranges.
func (a *API) wav(ctx context.Context, blob, name string, modified time.Time) (*huma.StreamResponse, error) {
	if blob == "" {
		return nil, voice.Errorf("httpapi", voice.NotExist, "it has no audio")
	}
	return a.blob(ctx, blob, name+".wav", wavType, modified)
}

const wavType = "audio/wav"
