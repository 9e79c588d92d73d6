package prompt

import (
	"bytes"
	"context"
	"time"

	"tandem/internal/child"
	"tandem/internal/media"
	"tandem/internal/voice"
)

// Bounds of reading MP3.
const (
	MaxMP3Time = 10 * time.Minute // of the sound

	mp3Memory = 512 << 20 // bytes of the program's address space
	mp3CPU    = time.Minute
	// mp3Output is MaxMP3Time of stereo at 48 kHz and 16 bits, and a header.
	mp3Output = int(MaxMP3Time/time.Second)*48_000*4 + 1000
)

// isMP3 says whether a file begins as MP3 does: with an ID3 tag or a frame of
// MPEG audio layer III (ISO/IEC 11172-3 §2.4.1.3).
func isMP3(b []byte) bool {
	if bytes.HasPrefix(b, []byte("ID3")) {
		return true
	}
	return len(b) > 3 && b[0] == 0xFF && b[1]&0xE0 == 0xE0 && b[1]&0x06 == 0x02 && b[2]&0xF0 != 0xF0 && b[2]&0x0C != 0x0C
}

// ingestMP3 reads MP3 by lame.
func ingestMP3(ctx context.Context, data []byte, name string, limits Limits) (Audio, error) {
	const op = "prompt.Ingest"
	limits.MaxDuration = min(limits.MaxDuration, MaxMP3Time)
	p := child.Process{Path: limits.Lame, Args: []string{"--silent", "--mp3input", "--decode", "-", "-"},
		MaxOutput: mp3Output, Memory: mp3Memory, CPU: mp3CPU}
	wav, err := p.Run(ctx, bytes.NewReader(data))
	switch {
	case ctx.Err() != nil:
		return Audio{}, context.Cause(ctx)
	case err != nil:
		return Audio{}, voice.InvalidField(op, "file", "%s can't be read as MP3: %s", name, voice.Reason(err))
	case len(wav) == 0:
		return Audio{}, voice.InvalidField(op, "file", "%s holds no sound that can be read as MP3", name)
	}
	pcm, err := media.ReadWAV(bytes.NewReader(wav), media.WAVLimits{
		MaxBytes: int64(mp3Output), MaxDuration: limits.MaxDuration, AllowUnfinished: true})
	return usable(pcm, err, name, limits)
}
