// Package sonetel is the Sonetel dialect: voice apps (menus, announcements,
// mailboxes), prompts, numbers, users, call-back and call recordings over HTTP,
// and the compiler from voice apps to programs.
//
// Base URL: http://HOST:PORT/sonetel/ for the paths of all of the vendor's
// hosts; at the root when the request's Host is one of HostNames. Repeated
// slashes and a trailing slash are accepted without a redirect. Auth: bearer
// tokens (JWT, RS256) from /SonetelAuth/beta/oauth/token by password or refresh
// token; the tenant comes from the token alone. Replies are the vendor's
// envelope, failures too, with HTTP 200; 401 for tokens, 400 and 409 where users
// are made.
//
// Not supported: teams other than the one that every account has (its id is the
// account's, its members are all users), the vendor's billing, MP3 recordings
// (links give WAV). MAPPING.md goes through the fields one by one, with what is
// documented by the vendor and what is ours.
//
// The package starts no goroutine; a Dialect keeps nothing but a lock and may be
// used concurrently. One Dialect serves a database: shortcodes and record ids
// are given out under its lock.
package sonetel
