package secret

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"tandem/internal/voice"
)

// maxKeyFile bounds a key file, in bytes.
const maxKeyFile = 64 << 10

// OpenFile gives the box whose keys are in the file at path, which it makes
// with one fresh key, readable by its owner alone, when there is none. Two
// processes that start at once agree on one key. Errors: Permission when
// others may read the file, Invalid when it holds no key, Internal otherwise.
func OpenFile(path string) (*Box, error) {
	const op = "secret.OpenFile"
	text, err := readKeyFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := writeKeyFile(path, newLine()+"\n", os.Link); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, voice.Errorf(op, voice.Internal, "make key file: %w", err)
		}
		text, err = readKeyFile(path)
	}
	if err != nil {
		if voice.IsKind(err, voice.Permission) {
			return nil, err
		}
		return nil, voice.Errorf(op, voice.Internal, "read key file: %w", err)
	}
	b, err := parse(text)
	if err != nil {
		return nil, voice.Errorf(op, voice.Invalid, "key file %s: %w", path, err)
	}
	return b, nil
}

// Rotate puts a fresh key in front of those in the file at path and gives the
// new box. Values sealed before still open; they are sealed anew when they are
// next written.
func Rotate(path string) (*Box, error) {
	const op = "secret.Rotate"
	b, err := OpenFile(path)
	if err != nil {
		return nil, err
	}
	text := newLine() + "\n" + strings.Join(b.lines, "\n") + "\n"
	if err := writeKeyFile(path, text, os.Rename); err != nil {
		return nil, voice.Errorf(op, voice.Internal, "write key file: %w", err)
	}
	return OpenFile(path)
}

func readKeyFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return "", voice.Errorf("secret.OpenFile", voice.Permission,
			"key file %s can be read by others (%v): run chmod 600 on it", path, info.Mode().Perm())
	}
	raw, err := io.ReadAll(io.LimitReader(f, maxKeyFile))
	return string(raw), err
}

// writeKeyFile writes text to a temporary file beside path and puts it in
// place with put (os.Link refuses to replace, os.Rename replaces), so that no
// reader ever sees half a file.
func writeKeyFile(path, text string, put func(from, to string) error) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".key-*") // made 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(text)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := put(f.Name(), path); err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
