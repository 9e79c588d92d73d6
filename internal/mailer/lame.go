package mailer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tandem/internal/child"
)

// Bounds of the program that makes MP3.
const (
	lameTime   = 2 * time.Minute
	lameMemory = 512 << 20 // bytes of address space
)

// mp3 turns a stored WAV file into MP3 by lame.
func (m *Mailer) mp3(ctx context.Context, blobKey string) ([]byte, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, lameTime, fmt.Errorf("lame did not end within %s", lameTime))
	defer cancel()
	file, err := m.cfg.Blobs.Open(ctx, blobKey)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	p := child.Process{Path: m.cfg.Lame, Args: []string{"--silent", "-m", "m", "-b", "32", "-", "-"},
		MaxOutput: MaxAttachment, Memory: lameMemory, CPU: lameTime}
	data, err := p.Run(ctx, file)
	if err == nil && len(data) == 0 {
		return nil, errors.New("lame made no sound")
	}
	return data, err
}
