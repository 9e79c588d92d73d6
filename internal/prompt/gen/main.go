// Command gen makes the English phrases that package prompt embeds. Run it in
// the package's folder or with -dir, with flite (voice slt) or espeak-ng
// installed:
//
//	go run ./internal/prompt/gen -dir internal/prompt/english
//
// It is run by hand when a phrase has changed; the result is committed.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"tandem/internal/media"
	"tandem/internal/prompt"
	"tandem/internal/tts"
	"tandem/internal/tts/espeaktts"
	"tandem/internal/tts/flitetts"
)

func main() {
	dir := flag.String("dir", "english", "folder of the WAV files")
	flag.Parse()
	if err := run(context.Background(), *dir, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, dir string, out io.Writer) error {
	pool := tts.NewPool(engines(ctx), tts.Options{})
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	var texts strings.Builder // what the sounds were made from, for a test
	total := int64(0)
	for _, p := range prompt.Phrases(prompt.DefaultCode) {
		s, err := pool.Check(tts.Utterance{Text: p.Text, Voice: tts.Voice{Language: "en-US", Gender: tts.Female}})
		if err != nil {
			return fmt.Errorf("phrase %s: %w", p.Key, err)
		}
		raw, by, err := pool.Speak(ctx, s)
		if err != nil {
			return fmt.Errorf("phrase %s: %w", p.Key, err)
		}
		pcm := prompt.Telephone(raw)
		n, err := write(filepath.Join(dir, p.Key+".wav"), pcm)
		if err != nil {
			return fmt.Errorf("phrase %s: %w", p.Key, err)
		}
		total += n
		fmt.Fprintf(&texts, "%s: %s\n", p.Key, p.Text)
		fmt.Fprintf(out, "%-28s %-12s %6.2f s %8d bytes\n", p.Key, by.Voice.ID, pcm.Duration().Seconds(), n)
	}
	fmt.Fprintf(out, "%d bytes in all\n", total)
	return os.WriteFile(filepath.Join(dir, "texts.txt"), []byte(texts.String()), 0o644)
}

// engines are flite, which sounds less robotic, and espeak-ng, as installed.
func engines(ctx context.Context) []tts.Synthesizer {
	var list []tts.Synthesizer
	if e, err := flitetts.Open(ctx, ""); err == nil {
		list = append(list, e)
	}
	if e, err := espeaktts.Open(ctx, ""); err == nil {
		list = append(list, e)
	}
	return list
}

func write(path string, p media.PCM) (size int64, err error) {
	file, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	w, err := media.NewWAVWriter(file, media.WAVOptions{Encoding: media.WAVMuLaw})
	if err != nil {
		return 0, err
	}
	if err := w.Write(p.Samples); err != nil {
		return 0, err
	}
	if err := w.Close(); err != nil {
		return 0, err
	}
	info, err := file.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), file.Close()
}
