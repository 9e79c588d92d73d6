// Package flow is the call-flow model: a program of nodes, each with one step
// and named exits to further nodes, compiled from a vendor's document.
//
// It is not an interpreter (package interp runs programs) and knows no vendor:
// a node only carries the place in the document that it came from. Programs are
// immutable once made and safe to share; the package starts no goroutine.
package flow
