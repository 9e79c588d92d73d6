// Package arch holds the rules of the source tree as tests: which package may
// import which, the size of files, package comments, the list of dependencies,
// and words and habits that are not wanted. It has no code of its own and is
// imported by nothing; a new package needs a row in the table of imports.
package arch
