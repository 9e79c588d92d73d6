package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	_ "time/tzdata" // time zones of accounts, on machines that have none

	"github.com/alecthomas/kong"

	"tandem/internal/config"
	"tandem/internal/voice"
)

// version is stamped by the build.
var version = ""

// cli is the command line.
type cli struct {
	Data   string `placeholder:"DIR" help:"Folder of the database, sounds and keys (default ./data, or $$TANDEM_DATA)."`
	Config string `placeholder:"FILE" help:"Settings file (default DIR/tandem.conf, or $$TANDEM_CONFIG)."`
	JSON   bool   `name:"json" help:"Print JSON, for machines."`

	Serve      serveCmd      `cmd:"" help:"Answer calls: the server."`
	Account    accountCmd    `cmd:"" help:"Customer accounts."`
	Credential credentialCmd `cmd:"" help:"Credentials for the vendors' APIs."`
	Number     numberCmd     `cmd:"" help:"Telephone numbers and where their calls go."`
	Extension  extensionCmd  `cmd:"" help:"Short numbers and the SIP accounts of their phones."`
	Trunk      trunkCmd      `cmd:"" help:"SIP carriers and PBXs for calls in and out."`
	Call       callCmd       `cmd:"" help:"Place a call: a telephone in the terminal."`
	Calls      callsCmd      `cmd:"" help:"What happened in calls."`
	Flow       flowCmd       `cmd:"" help:"Check, tell, convert and store call flows."`
	Test       testCmd       `cmd:"" help:"Test call flows in virtual time, without a telephone."`
	Check      checkCmd      `cmd:"" help:"Find the faults of call flows by reading them."`
	Load       loadCmd       `cmd:"" help:"Call a server with many callers at once, who live the tests of its flow and check what they hear."`
	Replay     replayCmd     `cmd:"" help:"Run calls that were on another flow, and say which would end elsewhere."`
	Listen     listenCmd     `cmd:"" help:"Hear a flow as a caller does: make an audio file of it."`
	Audit      auditCmd      `cmd:"" help:"Who did what: show the audit logs, and check that they are whole."`
	Doctor     doctorCmd     `cmd:"" help:"Find out what is wrong and how to mend it."`
	OpenAPI    openAPICmd    `cmd:"" name:"openapi" help:"Print the OpenAPI document of the native API."`
	Settings   settingsCmd   `cmd:"" help:"Show the settings as they are, or an example file."`
	Version    versionCmd    `cmd:"" help:"Show the version."`
}

// program is what every command gets: where it prints, and its common flags.
type program struct {
	ctx    context.Context // of the process: cancelled by an interrupt
	cli    *cli
	stdout io.Writer
	stderr io.Writer
	env    func(string) (string, bool)
	create bool // the command may begin an installation
}

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// exited carries the status out of kong, which would end the process.
type exited int

func run(args []string, stdout, stderr io.Writer) (status int) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case exited:
			status = int(r)
		default:
			panic(r) // a fault of ours is not to pass for success
		}
	}()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second interrupt ends the process at once
	c := &cli{}
	parser, err := kong.New(c,
		kong.Name("tandem"),
		kong.Description("A telephone menu server: it answers and places SIP calls, and vendors' HTTP APIs drive it."),
		kong.Writers(stdout, stderr),
		kong.Exit(func(code int) { panic(exited(code)) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true}),
		kong.Bind(&program{ctx: ctx, cli: c, stdout: stdout, stderr: stderr, env: os.LookupEnv}),
	)
	if err != nil {
		fmt.Fprintln(stderr, "tandem:", err)
		return 1
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	k, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(stderr, "tandem: %v (%s --help shows how)\n", err, commandOf(err))
		return 2
	}
	err = k.Run()
	if err == nil {
		return 0
	}
	if s, ok := errors.AsType[statusError](err); ok {
		return int(s)
	}
	fmt.Fprintln(stderr, "tandem:", words(k, err))
	return 1
}

// statusError ends a command that has said already what is wrong.
type statusError int

func (s statusError) Error() string { return fmt.Sprintf("status %d", int(s)) }

// commandOf names the command that could not be read, for the hint.
func commandOf(err error) string {
	if p, ok := errors.AsType[*kong.ParseError](err); ok && p.Context != nil {
		if n := p.Context.Selected(); n != nil {
			return n.FullPath()
		}
	}
	return "tandem"
}

// words says an error as the command's user knows it: the flag or argument at
// fault, then the reason.
func words(k *kong.Context, err error) string {
	e, ok := errors.AsType[*voice.Error](err)
	if !ok || e.Kind != voice.Invalid || e.Field == "" {
		return err.Error()
	}
	if n := k.Selected(); n != nil {
		for _, p := range n.Positional {
			if p.Name == e.Field {
				return strings.ToUpper(e.Field) + ": " + voice.Reason(err)
			}
		}
	}
	return "--" + e.Field + ": " + voice.Reason(err)
}

// settings loads the settings; flags are keys that the command line gives.
func (p *program) settings(flags map[string]string) (config.Config, error) {
	c, _, err := p.settingsFrom(flags)
	return c, err
}

// settingsFrom is settings that tells, too, where each comes from.
func (p *program) settingsFrom(flags map[string]string) (config.Config, config.Origins, error) {
	if flags == nil {
		flags = map[string]string{}
	}
	if p.cli.Data != "" {
		flags["data"] = p.cli.Data
	}
	return config.LoadFrom(config.Sources{File: p.cli.Config, Flags: flags, Env: p.env})
}

type versionCmd struct{}

func (versionCmd) Run(p *program) error {
	v := buildVersion()
	return p.show(map[string]string{"version": v}, func(w io.Writer) { fmt.Fprintln(w, "tandem", v) })
}

func buildVersion() string {
	if version != "" {
		return version
	}
	if b, ok := debug.ReadBuildInfo(); ok && b.Main.Version != "" {
		return b.Main.Version
	}
	return "unknown"
}
