package config

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// FileName is the settings file that is looked for in the data folder.
const FileName = "tandem.conf"

// maxFile bounds a settings file, in bytes.
const maxFile = 1 << 20

// Sources says where settings come from.
type Sources struct {
	// File is the settings file; "" = FileName in the data folder, if it is there.
	File string
	// Flags are keys given on the command line; they win over everything.
	Flags map[string]string
	// Env looks up an environment variable; nil = no environment.
	Env func(name string) (string, bool)
}

// Load gives the settings: flags over environment over file over defaults.
// Errors name the flag, the variable, or the file with line and key.
func Load(src Sources) (Config, error) {
	c, _, err := LoadFrom(src)
	return c, err
}

// LoadFrom is Load that tells, too, where each setting comes from.
func LoadFrom(src Sources) (Config, Origins, error) {
	c, from := Default(), Origins{}
	fail := func(err error) (Config, Origins, error) { return Config{}, nil, err }
	if src.Env == nil {
		src.Env = func(string) (string, bool) { return "", false }
	}
	path, given := src.File, src.File != ""
	if !given {
		path, given = src.Env("TANDEM_CONFIG")
		given = given && path != ""
	}
	if !given {
		path = filepath.Join(src.dataDir(), FileName)
	}
	if err := c.readFile(path, given, from); err != nil {
		return fail(err)
	}
	for _, s := range Settings() {
		if v, ok := src.Env(s.Env()); ok {
			if err := s.set(&c, strings.TrimSpace(v)); err != nil {
				return fail(fmt.Errorf("environment variable %s: %w", s.Env(), err))
			}
			from[s.Key] = Origin{Kind: FromEnvironment, Where: s.Env()}
		}
	}
	for key, v := range src.Flags {
		s, err := find(key)
		if err != nil {
			return fail(fmt.Errorf("command line: %w", err))
		}
		if err := s.set(&c, v); err != nil {
			return fail(fmt.Errorf("flag --%s: %w", strings.ReplaceAll(key, "_", "-"), err))
		}
		from[key] = Origin{Kind: FromFlags, Where: key}
	}
	if err := c.check(); err != nil {
		return fail(err)
	}
	return c, from, nil
}

// dataDir is the data folder as far as flags and environment say.
func (src Sources) dataDir() string {
	if d := src.Flags["data"]; d != "" {
		return d
	}
	if d, ok := src.Env("TANDEM_DATA"); ok && d != "" {
		return d
	}
	return Default().Data
}

func (c *Config) readFile(path string, given bool, from Origins) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) && !given {
		return nil
	}
	if err != nil {
		return fmt.Errorf("settings file: %w", err)
	}
	defer f.Close()
	data := c.Data
	if err := c.read(path, f, from); err != nil {
		return err
	}
	if !given && c.Data != data {
		return fmt.Errorf("%s: data: the data folder cannot be named in a file inside it; use --data or --config", path)
	}
	return nil
}

// Parse reads settings in the file's form over the defaults. name stands in errors.
func Parse(name string, r io.Reader) (Config, error) {
	c := Default()
	if err := c.read(name, r, nil); err != nil {
		return Config{}, err
	}
	if err := c.check(); err != nil {
		return Config{}, fmt.Errorf("%s: %w", name, err)
	}
	return c, nil
}

func (c *Config) read(name string, r io.Reader, from Origins) error {
	sc := bufio.NewScanner(io.LimitReader(r, maxFile))
	sc.Buffer(nil, maxFile)
	section := ""
	seen := map[string]int{}
	for n := 1; sc.Scan(); n++ {
		line := strings.TrimSpace(strings.TrimPrefix(sc.Text(), "\ufeff"))
		if line == "" || line[0] == '#' || line[0] == ';' {
			continue
		}
		if line[0] == '[' {
			if !strings.HasSuffix(line, "]") {
				return fmt.Errorf("%s:%d: the section %q has no closing bracket", name, n, line)
			}
			section = strings.TrimSpace(line[1 : len(line)-1])
			continue
		}
		key, err := c.line(section, line)
		if err != nil {
			return fmt.Errorf("%s:%d: %w", name, n, err)
		}
		if first, dup := seen[key]; dup {
			return fmt.Errorf("%s:%d: %s stands in line %d too", name, n, key, first)
		}
		seen[key] = n
		if from != nil {
			from[key] = Origin{Kind: FromFile, Where: name + ":" + strconv.Itoa(n)}
		}
	}
	if err := sc.Err(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func (c *Config) line(section, line string) (key string, err error) {
	key, value, ok := strings.Cut(line, "=")
	key, value = strings.TrimSpace(key), strings.TrimSpace(value)
	if !ok {
		return "", fmt.Errorf("%q is not of the form key = value", key)
	}
	if section != "" {
		key = section + "." + key
	}
	s, err := find(key)
	if err != nil {
		return "", err
	}
	if len(value) >= 2 && value[0] == '"' {
		if value, err = strconv.Unquote(value); err != nil {
			return "", fmt.Errorf("%s: the quotes are not closed, or hold an escape that Go does not know", key)
		}
	}
	if err := s.set(c, value); err != nil {
		return "", fmt.Errorf("%s: %w", key, err)
	}
	return key, nil
}

// WriteExample writes a settings file that holds every key with its unit and
// default, each default commented out.
func WriteExample(w io.Writer) error {
	var b strings.Builder
	b.WriteString("# Settings of tandem. Every key stands here with its unit and its default.\n" +
		"# Copy this file to DATA/tandem.conf, or name it with --config FILE, and take\n" +
		"# the # away from the lines that you change. Each key can be given as the\n" +
		"# environment variable named beside it, which wins over this file, and on the\n" +
		"# command line of \"tandem serve\" as --set KEY=VALUE, which wins over both.\n")
	section := ""
	for _, s := range Settings() {
		key := s.Key
		if sec, rest, ok := strings.Cut(key, "."); ok {
			if sec != section {
				fmt.Fprintf(&b, "\n[%s]\n", sec)
				section = sec
			}
			key = rest
		}
		fmt.Fprintf(&b, "\n# %s\n# Unit: %s. Environment: %s.\n", s.Help, s.Unit, s.Env())
		fmt.Fprintf(&b, "%s\n", strings.TrimRight("#"+key+" = "+s.Default(), " "))
	}
	_, err := io.WriteString(w, b.String())
	return err
}
