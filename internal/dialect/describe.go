package dialect

// Documented describes a dialect's API for the interactive page.
type Documented interface {
	Describe() Description
}

// Description is an API in words.
type Description struct {
	Name      string // "Telphin (RingMe)"
	Base      string // "/telphin/api/ver1.0"
	Auth      string // how a token is got and sent, in words
	Missing   string // why the API is not served, in words; "" = it is
	Endpoints []Endpoint
}

// Endpoint is one method and path.
type Endpoint struct {
	Section string // "Voice menu (ivr)"
	Method  string
	Path    string // below Base, or with a leading "//" below the server's root: "/extension/{extension_id}/ivr/"
	Title   string
	Text    string
	Open    bool   // needs no token
	Type    string // of the body: "application/json", …; "" = no body
	Fields  []Field
	Example string // of the body
}

// Field is a parameter of an endpoint.
type Field struct {
	Name     string
	In       string // "path", "query", "body" or "file"
	Type     string // "string", "integer", "boolean", "array", "object"
	Text     string
	Required bool
}
