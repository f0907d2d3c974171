package registry

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// maxLastKnown bounds the bytes of the file of the last known list.
const maxLastKnown = MaxNodes * (MaxRecord + 1_024)

// lastKnownFile is what the file holds. It is a hint for a start without etcd, never the truth, so it is not synced.
type lastKnownFile struct {
	Cluster string   `json:"cluster"` // the base of its keys: the list of another cluster is none
	Nodes   []Record `json:"nodes"`
}

// keepLastKnown writes the list to the file, if there is one to keep. An empty list is not kept: it would be of no use.
func (r *Registry) keepLastKnown(nodes []Record) {
	if r.o.LastKnown == "" || len(nodes) == 0 {
		return
	}
	if err := r.writeLastKnown(nodes); err != nil {
		r.o.Logger.Warn("the list of nodes is not kept for the next start", "file", r.o.LastKnown, "error", err)
	}
}

func (r *Registry) writeLastKnown(nodes []Record) error {
	text, err := json.Marshal(lastKnownFile{Cluster: r.o.base(), Nodes: nodes})
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(r.o.LastKnown), 0o755); err != nil {
		return err
	}
	fresh := r.o.LastKnown + ".new"
	if err := os.WriteFile(fresh, text, 0o644); err != nil {
		return err
	}
	return os.Rename(fresh, r.o.LastKnown)
}

// lastKnown returns the list of the file, nil if there is none that can be used.
func (r *Registry) lastKnown() []Record {
	if r.o.LastKnown == "" {
		return nil
	}
	nodes, err := r.readLastKnown()
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		r.o.Logger.Warn("the list of nodes of the last start cannot be used", "file", r.o.LastKnown, "error", err)
	}
	return nodes
}

func (r *Registry) readLastKnown() ([]Record, error) {
	f, err := os.Open(r.o.LastKnown)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxLastKnown+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxLastKnown {
		return nil, fmt.Errorf("%w: the file has more than %d bytes", ErrRecord, maxLastKnown)
	}
	return decodeLastKnown(text, r.o.base())
}

// decodeLastKnown reads the list of the cluster whose keys begin with base.
func decodeLastKnown(text []byte, base string) ([]Record, error) {
	var file lastKnownFile
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRecord, err)
	}
	if file.Cluster != base {
		return nil, fmt.Errorf("%w: it is of %.80q, not of %s", ErrRecord, file.Cluster, base)
	}
	nodes := make(map[string]entry, min(len(file.Nodes), MaxNodes))
	for _, n := range file.Nodes {
		if err := n.Validate(); err != nil {
			return nil, err
		}
		nodes[n.ID] = entry{Record: n}
	}
	if len(nodes) > MaxNodes {
		return nil, fmt.Errorf("%w: %d, at most %d", ErrTooMany, len(nodes), MaxNodes)
	}
	return sorted(nodes), nil
}
