package file_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/sshtrail/sshtrail/storage"
	"github.com/sshtrail/sshtrail/storage/file"
)

func ExampleNew() {
	dir, err := os.MkdirTemp("", "logs")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	store, err := file.New(file.Config{Directory: dir}, nil)
	if err != nil {
		log.Fatal(err)
	}
	w, err := store.Create(context.Background(), "a-log", storage.About{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Fprintln(w, "its bytes")
	if err := w.Commit(context.Background()); err != nil {
		log.Fatal(err)
	}
	for info, err := range store.List(context.Background(), "") {
		fmt.Println(info.Name, info.Size, info.Finished, err)
	}
	// Output: a-log 10 true <nil>
}
