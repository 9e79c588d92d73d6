// Package prompt turns prompts into sound: stored sounds, the program's own
// phrases in every voice code, speech, tones and silence, each as a clip that is
// ready to be played. It also takes sounds in: uploads, recordings, speech.
//
// It is not on the path of audio packets: a Library may read the database, the
// blob store or, for speech that nobody prepared, wait for a speech engine. Fixed
// text is prepared when it is saved (Prepare). English phrases are part of the
// program, so that a menu speaks without any engine. A Library starts no
// goroutine and may be used by many at once.
package prompt
