package docstest

import (
	"path/filepath"
	"strings"
	"testing"
)

// settings returns a unit's lines NAME=value, in their order.
func settings(t *testing.T, name string) [][2]string {
	t.Helper()
	var all [][2]string
	for line := range strings.Lines(readPage(t, name).text) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(name, "#") {
			all = append(all, [2]string{name, value})
		}
	}
	return all
}

func TestUnitsRunKnownCommands(t *testing.T) {
	program, checked := build(t), 0
	for _, s := range settings(t, "dist/systemd/sshtrail.service") {
		args := strings.Fields(s[1])
		if !strings.HasPrefix(s[0], "Exec") || filepath.Base(args[0]) != "sshtrail" {
			continue
		}
		checked++
		if problem := refusal(t, program, args[1:]); problem != "" {
			t.Errorf("%s=%s: %s", s[0], s[1], problem)
		}
	}
	if checked != 2 {
		t.Errorf("checked %d command lines of the unit, want 2", checked)
	}
}

// What restricts a gateway would restrict the programs of its users.
func TestLocalUnitRestrictsNobody(t *testing.T) {
	lifted := map[string]bool{}
	for _, s := range settings(t, "dist/systemd/sshtrail.service.d/local.conf") {
		lifted[s[0]] = true
	}
	restricts, checked := false, 0
	for _, s := range settings(t, "dist/systemd/sshtrail.service") {
		restricts = restricts || s[0] == "NoNewPrivileges"
		if !restricts || s[0] == "WantedBy" {
			continue
		}
		checked++
		if !lifted[s[0]] {
			t.Errorf("sshtrail.service has %s=%s, which local.conf does not lift", s[0], s[1])
		}
	}
	if checked < 15 {
		t.Errorf("the unit has %d restrictions, want 15 at least", checked)
	}
}
