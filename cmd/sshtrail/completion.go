package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/sshtrail/sshtrail/storage"
)

// maxCompletions is how many ids a shell is offered.
const maxCompletions = 200

// completeLog offers a shell the ids of the store's logs, and files.
func (a *app) completeLog(c *cobra.Command, _ []string, prefix string) ([]string, cobra.ShellCompDirective) {
	store, _, missing, err := a.store()
	if err != nil || missing != nil || isS3(prefix) {
		return nil, cobra.ShellCompDirectiveDefault
	}
	var ids []string
	for info, err := range store.List(c.Context(), storage.Name(prefix)) {
		if err != nil || !strings.HasPrefix(string(info.Name), prefix) || len(ids) == maxCompletions {
			break
		}
		ids = append(ids, string(info.Name))
	}
	return ids, cobra.ShellCompDirectiveDefault
}

// completeStore offers folders.
func completeStore(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveFilterDirs
}
