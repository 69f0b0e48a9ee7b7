package rig

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// profileVariable names the socket on which a gateway built for it gives its profiles.
const profileVariable = "SSHTRAIL_BENCH_PROFILE"

// overlay writes what has go build see one more file in the program's package main (go help
// build). No other build has it: the users' program has no door to its memory.
func (r *Rig) overlay() (string, error) {
	const module = "github.com/sshtrail/sshtrail"
	out, err := exec.Command("go", "list", "-f", "{{.Dir}}", module+"/bench/rig", module+"/cmd/sshtrail").Output()
	dirs := strings.Split(string(out), "\n")
	if err != nil || len(dirs) < 2 {
		return "", fmt.Errorf("find the program's package: %w", err)
	}
	text, err := json.Marshal(map[string]any{"Replace": map[string]string{
		filepath.Join(dirs[1], "bench_profiler.go"): filepath.Join(dirs[0], "profiler.txt"),
	}})
	if err != nil {
		return "", err
	}
	return r.Path("overlay.json"), os.WriteFile(r.Path("overlay.json"), text, 0o600)
}

// Profile writes a profile of a gateway to a file: what is as of net/http/pprof, say
// "allocs", or "profile?seconds=5", for which it waits as long. Without a rig made for
// profiles, and for what is no gateway, it does nothing.
func (p *Process) Profile(what, file string) error {
	if p.profile == "" {
		return nil
	}
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", p.profile)
	}
	client := http.Client{Transport: &http.Transport{DialContext: dial}, Timeout: 5 * time.Minute}
	defer client.CloseIdleConnections()
	answer, err := client.Get("http://gateway/debug/pprof/" + what)
	if err != nil {
		return fmt.Errorf("take profile of %s: %w", p.Name, err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return fmt.Errorf("take profile of %s: %w", p.Name, err)
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("take profile of %s: %s: %s", p.Name, answer.Status, body)
	}
	return os.WriteFile(file, body, 0o644)
}
