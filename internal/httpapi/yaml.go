package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/danielgtaylor/huma/v2/yaml"

	"tandem/internal/dialect/native"
	"tandem/internal/publish"
)

// yamlType is the media type of YAML (RFC 9512).
const yamlType = "application/yaml"

// documented is an answer that holds a document, which is all that is sent of it
// to those who ask for YAML.
type documented interface {
	document() (kind string, document json.RawMessage)
}

// yamlFormat writes answers as YAML. Reading is for drafts alone; see yamlDraft.
func yamlFormat() huma.Format {
	return huma.Format{Marshal: writeYAML, Unmarshal: func([]byte, any) error { return huma.ErrUnknownContentType }}
}

func writeYAML(w io.Writer, v any) error {
	if d, ok := v.(documented); ok {
		kind, document := d.document()
		text, err := native.Text(document)
		if err == nil && kind == string(native.Kind) && !json.Valid(text) {
			_, err = w.Write(text)
			return err
		}
		v = document
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return yaml.Convert(w, bytes.NewReader(raw))
}

// yamlDraft makes of a body of YAML the JSON that holds it.
func yamlDraft(ctx huma.Context, next func(huma.Context)) {
	r, w := humago.Unwrap(ctx)
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != yamlType {
		next(ctx)
		return
	}
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, publish.MaxDocument))
	if _, over := errors.AsType[*http.MaxBytesError](err); over {
		writeProblem(w, http.StatusRequestEntityTooLarge, "the document has more than "+strconv.Itoa(publish.MaxDocument)+" bytes")
		return
	}
	if err != nil {
		writeProblem(w, http.StatusBadRequest, "the document can't be read: "+err.Error())
		return
	}
	raw, err := json.Marshal(DraftInput{Document: native.Document(text)})
	if err != nil {
		writeProblem(w, http.StatusBadRequest, "the document can't be read: "+err.Error())
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(raw))
	r.Header.Set("Content-Type", "application/json")
	next(ctx)
}
