// Package native is the flow format of this program itself, as YAML and as
// JSON: the one document language that can say whatever a program can. A table
// of words (steps.go) and of shapes (shape.go and its neighbours) is read from,
// written by and turned into the JSON Schema, so that the three agree.
//
// A document is kept as its author wrote it; Edit changes a document in place
// and keeps the comments. The package starts no goroutine, holds no state, and
// serves no HTTP: the native API is package httpapi's.
package native
