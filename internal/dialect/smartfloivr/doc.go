// Package smartfloivr holds the documents of Smartflo accounts (IVRs, and the
// things that they refer to: departments, time groups, auto attendants, …), the
// compiler from them to programs, and the way back.
//
// It is not the API: package smartflo has the routes, tokens and answers. It
// stores nothing, starts no goroutine and may be used concurrently. Documents
// are kept as JSON in the field names of the vendor's requests.
package smartfloivr
