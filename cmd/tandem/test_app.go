package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"tandem/internal/flow"
	"tandem/internal/stage"
	"tandem/internal/suite"
	"tandem/internal/voice"
)

// main finds the flow under test: a document, or what leads calls to an application.
// Without a fault it leaves f without one when the document has errors, which are told.
func (c *testCmd) main(p *program, f *suiteFile) error {
	app := f.file.Application
	kind := f.file.Flow.Kind
	if kind == "" {
		kind = kindOf(f.file.Flow.File)
	}
	switch {
	case app.Kind != "":
		if err := c.open(p); err != nil {
			return err
		}
		if c.App == "" {
			return voice.InvalidField("test", "app", "%s is about an application: --app says where it is, --run starts it", f.name)
		}
		main, err := c.stage.Answers(p.ctx, app.Kind, app.Path)
		if err != nil {
			return err
		}
		f.setup.Main, f.setup.Application = main, c.stage
		return nil
	case kind == "routee":
		data, err := readFlow(filepath.Join(filepath.Dir(f.name), f.file.Flow.File))
		if err != nil {
			return err
		}
		if err := c.open(p); err != nil {
			return err
		}
		f.conversation, f.setup.Application = data, c.stage
		return nil
	}
	main, err := c.flow(p, f.name, f.file.Flow)
	f.setup.Main = main
	return err
}

// backstage gives tests what answers of applications need.
func (c *testCmd) backstage(p *program, f *suiteFile) error {
	asks := c.App != "" || c.Run_ != ""
	for _, prog := range f.setup.Programs() {
		for i := range prog.Nodes {
			_, fetch := prog.Nodes[i].Step.(flow.Fetch)
			asks = asks || fetch
		}
	}
	if !asks && f.setup.Application == nil {
		return nil
	}
	if err := c.open(p); err != nil {
		return err
	}
	f.setup.Asker, f.setup.Seen = c.stage.Asker, &suite.Seen{}
	if c.App != "" || f.setup.Application != nil {
		f.setup.Application = c.stage
	}
	return nil
}

// ready sets the stage for the tests of a file.
func (c *testCmd) ready(f *suiteFile) {
	if c.stage != nil {
		c.stage.As(f.file.Application.As)
		c.stage.Conversation(f.conversation)
	}
}

// open makes the stage, and starts the application.
func (c *testCmd) open(p *program) error {
	if c.stage != nil {
		return nil
	}
	if c.Run_ != "" && c.App == "" {
		port, err := freePort(p.ctx)
		if err != nil {
			return err
		}
		c.App = "http://" + port
	}
	s, err := stage.Open(p.ctx, stage.Options{App: c.App, Listen: c.API, Think: c.Think, Voices: c.voices})
	if err != nil {
		return err
	}
	c.stage = s
	if c.Run_ == "" {
		return nil
	}
	c.app, err = start(p, c.Run_, c.App, s.Environment())
	return err
}

func (c *testCmd) close(p *program) {
	if c.app != nil {
		select {
		case <-c.app.over:
			how := "exit status 0"
			if c.app.err != nil {
				how = c.app.err.Error()
			}
			fmt.Fprintf(p.stderr, "tandem: the application ended meanwhile (%s): what came after that is none of its doing\n", how)
		default:
		}
		c.app.end()
	}
	if c.stage != nil {
		if err := c.stage.Close(); err != nil {
			fmt.Fprintln(p.stderr, "tandem:", err)
		}
	}
}

// portTries is how many ports are looked at.
const portTries = 50

// freePort finds a port of loopback that nobody listens on, below those that a system
// gives to whoever asks for any: until the application listens, nobody takes it.
func freePort(ctx context.Context) (string, error) {
	var last error
	for range portTries {
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", 10_000+rand.IntN(20_000)))
		if err == nil {
			return l.Addr().String(), l.Close()
		}
		last = err
	}
	return "", last
}

// process is the application that --run has started.
type process struct {
	cmd  *exec.Cmd
	over chan struct{} // closes when it has ended
	err  error         // then: how
}

// Bounds of an application's process.
const (
	listenTime = 20 * time.Second // until it listens
	endTime    = 3 * time.Second  // until it is killed that was asked to end
)

// start starts an application and waits until it listens.
func start(p *program, command, address string, env []string) (*process, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, voice.InvalidField("test", "app", "%v", err)
	}
	cmd := exec.Command("/bin/sh", "-c", command) // its end is waited for by end, also when the command is interrupted
	cmd.Env = append(append(os.Environ(), env...), "PORT="+u.Port(), "APP_URL="+address)
	cmd.Stdout, cmd.Stderr = p.stderr, p.stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, voice.InvalidField("test", "run", "%v", err)
	}
	a := &process{cmd: cmd, over: make(chan struct{})}
	go func() { // ends with the process
		a.err = cmd.Wait()
		close(a.over)
	}()
	limit := time.NewTimer(listenTime)
	defer limit.Stop()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for {
		conn, err := net.DialTimeout("tcp", u.Host, time.Second)
		if err == nil {
			return a, conn.Close()
		}
		select {
		case <-look.C:
		case <-a.over:
			return nil, voice.InvalidField("test", "run", "the application has ended: %v", a.err)
		case <-limit.C:
			a.end()
			return nil, voice.InvalidField("test", "run", "the application does not listen on %s within %v: it has to take its port from $PORT", u.Host, listenTime)
		case <-p.ctx.Done():
			a.end()
			return nil, p.ctx.Err()
		}
	}
}

// end ends the application and whatever it has started.
func (a *process) end() {
	group := -a.cmd.Process.Pid
	_ = syscall.Kill(group, syscall.SIGTERM) // it may have ended
	t := time.NewTimer(endTime)
	defer t.Stop()
	select {
	case <-a.over:
	case <-t.C:
		_ = syscall.Kill(group, syscall.SIGKILL)
		<-a.over
	}
}
