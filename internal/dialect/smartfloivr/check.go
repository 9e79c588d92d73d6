package smartfloivr

import (
	"context"
	"slices"
	"strconv"

	"tandem/internal/dialect"
	"tandem/internal/voice"
)

// CheckReferences refuses references to what does not exist with kind Invalid,
// naming the field. Those that stood in the same field before pass: a document
// can be changed when something that it names is gone.
func CheckReferences(ctx context.Context, r dialect.Resolver, o Options, before, after []Reference) error {
	extensions, err := r.Extensions(ctx)
	if err != nil {
		return err
	}
	for _, ref := range after {
		if slices.Contains(before, ref) {
			continue
		}
		err := exists(ctx, r, extensions, ref.Ref)
		if voice.IsKind(err, voice.NotExist) {
			words := "Invalid destination"
			if ref.Ref.Type == RefRecording || ref.Ref.Type == RefSpeech {
				words = "Invalid recording"
			}
			return invalid(ref.Field, "%s: the %s field refers to %s %s, which does not exist.", words, ref.Field, ref.Ref.Type, ref.Ref.ID)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// exists gives an error of kind NotExist for a reference to nothing.
func exists(ctx context.Context, r dialect.Resolver, extensions []voice.Extension, ref Ref) error {
	var err error
	switch ref.Type {
	case RefRecording, RefSpeech:
		n, _ := strconv.ParseInt(ref.ID, 10, 64) // not a number: 0, which nothing has
		_, err = r.SoundBySerial(ctx, n)
	case RefExtension:
		if _, ok := FindExtension(extensions, ref.ID); !ok {
			err = voice.Errorf("smartfloivr.exists", voice.NotExist, "there is no extension %s", ref.ID)
		}
	case RefIVR:
		_, err = findIVR(ctx, r, ref)
	case RefVoicemail:
		if e, ok := FindExtension(extensions, ref.ID); ok && e.User != "" {
			return nil
		}
		_, err = find(ctx, r, ref)
	case RefHangup, RefAgent:
	default:
		_, err = find(ctx, r, ref)
	}
	return err
}
