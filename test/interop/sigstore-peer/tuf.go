package main

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"

	"github.com/theupdateframework/go-tuf"
)

// A TUF repository of files of the folder at a path; its first root is its root.json there. SPIRE learns of Fulcio's
// certificates from nothing else. Each target has a usage, as Sigstore's older clients look for.
func addTUF(services *http.ServeMux, anchors trustAnchors, path string, usages map[string]string, consistent bool) error {
	folder := filepath.Join(anchors.folder, path)
	repository, err := tuf.NewRepo(tuf.FileSystemStore(folder, nil))
	if err != nil {
		return err
	}
	if err := repository.Init(consistent); err != nil {
		return err
	}
	for _, role := range []string{"root", "targets", "snapshot", "timestamp"} {
		if _, err := repository.GenKey(role); err != nil {
			return err
		}
	}
	for file, usage := range usages {
		if err := addTarget(repository, anchors, folder, file, usage); err != nil {
			return err
		}
	}
	for _, step := range []func() error{repository.Snapshot, repository.Timestamp, repository.Commit} {
		if err := step(); err != nil {
			return err
		}
	}
	published := http.FileServer(http.Dir(filepath.Join(folder, "repository")))
	services.Handle("GET /"+path+"/", http.StripPrefix("/"+path+"/", published))
	return nil
}

func addTarget(repository *tuf.Repo, anchors trustAnchors, folder, file, usage string) error {
	content, err := os.ReadFile(filepath.Join(anchors.folder, file))
	if err != nil {
		return err
	}
	staged := filepath.Join(folder, "staged", "targets")
	if err := os.MkdirAll(staged, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(staged, file), content, 0o644); err != nil {
		return err
	}
	custom, err := json.Marshal(map[string]any{"sigstore": map[string]any{"usage": usage, "status": "Active"}})
	if err != nil {
		return err
	}
	return repository.AddTarget(file, custom)
}
