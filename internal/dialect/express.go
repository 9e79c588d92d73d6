package dialect

import (
	"context"
	"encoding/json"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// Loss is something of a program that a document can't say.
type Loss struct {
	Where   string `json:"where"`   // place in the document that the program came from: the node's Origin, or its ID
	What    string `json:"what"`    // what is lost, in words
	Why     string `json:"why"`     // why the other form can't say it
	Instead string `json:"instead"` // what was put in its place; "nothing" when it is gone
}

// Expresser writes programs as documents, the way back of Dialect.Compile.
// Express(Compile(d)) is d in normal form, without a loss.
type Expresser interface {
	// Express gives the document and what it could not say. The error is for
	// look-ups that broke, and kind Invalid for a program without an entry.
	Express(ctx context.Context, p flow.Program, r Resolver) (json.RawMessage, []Loss, error)
}

// Editor is an Expresser whose documents hold more than a program can say.
type Editor interface {
	Expresser
	// EditDocument gives app's document as p changes it. What the change does not
	// concern stays: ids, fields that mean nothing to calls, and what no call
	// reaches. Errors as of Express; Invalid for a document that is no flow.
	EditDocument(ctx context.Context, app voice.App, p flow.Program, r Resolver) (json.RawMessage, []Loss, error)
}

// Authored is a dialect whose documents are texts that people write.
type Authored interface {
	// Document gives the form that a text is stored in as an app's document. It
	// does not check the text; Format.CompileFile does.
	Document(text []byte) json.RawMessage
	// Text gives the author's text of a stored document, byte for byte. Invalid
	// when the document is none.
	Text(document json.RawMessage) ([]byte, error)
	// Edit gives the document of p as a change of old: what the change does not
	// concern keeps its words and comments, and the names that r knows. Invalid
	// when old can't be read, or p has no entry.
	Edit(ctx context.Context, old json.RawMessage, p flow.Program, r Resolver) (json.RawMessage, error)
}
