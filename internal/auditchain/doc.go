// Package auditchain checks the audit log: whether the chain of an account's entries is
// whole, and if not, which entry is the first that is not as it was written.
//
// It finds what was done to the database beside the program. Whoever can write the
// database can make the whole chain anew, too, and is found only by who has kept a hash
// that stood in it before.
package auditchain
