//go:build !opus || !cgo

package opus_test

import (
	"errors"
	"testing"

	"tandem/internal/media/opus"
)

func TestThisBuildOnlyDecodes(t *testing.T) {
	if _, err := opus.NewEncoder(opus.Settings{SampleRate: 16000}); opus.Encodes || !errors.Is(err, opus.ErrBuild) {
		t.Errorf("an encoder: %v", err)
	}
	d, room := decoder(t, 16000), make([]int16, 320)
	if n := d.Conceal(room) + d.Recover(room, packets(t, "testdata/silk-wide-fec.packets")[1]); n != 0 {
		t.Errorf("%d samples in place of a lost packet", n)
	}
}
