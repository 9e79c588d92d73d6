// Package telphinivr is the document language of the Telphin dialect: voice menus
// made of contexts, options and ordered rules, queues, and the XML answers of
// Call Interactive. It reads and writes the documents, compiles them to programs
// and writes programs as documents.
//
// It knows no HTTP and no store: package telphin, the vendor's API, is built on
// it. It keeps nothing, starts no goroutine and may be used concurrently.
package telphinivr
