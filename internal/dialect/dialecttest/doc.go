// Package dialecttest holds what the tests of every dialect share: golden files
// of documents and the programs they compile to, golden files of HTTP exchanges,
// and a World of users, apps and sounds to compile against.
//
// It is for tests only and knows no vendor. Golden files are txtar archives
// whose comment says where the example comes from. With UPDATE_GOLDEN=1 in the
// environment they are rewritten to what the program does now. No goroutine is
// started.
package dialecttest
