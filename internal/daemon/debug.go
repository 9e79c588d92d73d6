package daemon

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"path/filepath"
)

// debugSocket is the name of the socket in the data folder.
const debugSocket = "debug.sock"

// startDebug serves Go's profiles where only who owns the data folder can ask
// for them: they show the program's memory.
func (d *Daemon) startDebug(context.Context) error {
	if !d.cfg.DebugSocket {
		return nil
	}
	path := filepath.Join(d.cfg.Data, debugSocket)
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return errors.Join(err, l.Close())
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: headerTime}
	d.closing(func() { server.Close() })
	go server.Serve(l) // ends with Close
	return nil
}
