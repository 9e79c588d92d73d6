// Package routeeplan has the documents of the Routee dialect, dial plans, and
// makes programs of them.
//
// It is not the API: package routee is. It keeps nothing and starts no goroutine;
// everything in it may be used concurrently. A dial plan is {"verbs":[…]} of SAY,
// PLAY, PAUSE, COLLECT and DIAL; booleans and numbers may be quoted, and the text
// of SAY may stand at its top.
package routeeplan
