package httpapi

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"tandem/internal/publish"
	"tandem/internal/voice"
)

// Publication is what is said of a publication.
type Publication struct {
	Note     string `json:"note,omitempty" maxLength:"500" doc:"For the history; missing = the draft's"`
	Override string `json:"override,omitempty" maxLength:"500" doc:"Why it is published although the check finds errors, a test fails or a prompt can't be made; the history keeps it, with who said so"`
}

// gate looks at a document that is to be published; what is overridden is given, for
// the history.
func (a *API) gate(ctx context.Context, v voice.App, override string) ([]publish.Problem, error) {
	problems, err := a.desk.Gate(ctx, v, override)
	r, refused := errors.AsType[*publish.Refused](err)
	if !refused {
		return problems, err
	}
	if err := faulty(r.Faults); err != nil {
		return nil, err // there is nothing that could run
	}
	errs := make([]error, len(r.Problems))
	for i, p := range r.Problems {
		errs[i] = &huma.ErrorDetail{Message: p.Text, Location: "document#" + p.Pointer, Value: p.Code}
	}
	return nil, huma.NewError(http.StatusUnprocessableEntity, "not published: mend what is named, or say in override why not", errs...)
}
