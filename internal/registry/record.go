package registry

import (
	"encoding/json"
	"fmt"
	"net"
)

// MaxRecord bounds the bytes of a record in etcd; what is larger is refused unread.
const MaxRecord = 16 << 10

// Record is what a node says of itself. Addresses are host:port as others dial them; "" = none.
type Record struct {
	ID          string `json:"id"`                    // of the node, which never changes
	Name        string `json:"name,omitempty"`        // server.service_name, for people
	Native      string `json:"native,omitempty"`      // native protocol
	HTTP        string `json:"http,omitempty"`        // JSON endpoints
	Replication string `json:"replication,omitempty"` // other nodes only
	Admin       string `json:"admin,omitempty"`
	Role        string `json:"role,omitempty"` // "master", "slave"; a hint, which may be old
	Version     string `json:"version,omitempty"`
	Zone        string `json:"zone,omitempty"`
	ClusterID   string `json:"cluster_id,omitempty"` // "" = the node belongs to none yet
}

// Validate refuses a record that others could not use. The error wraps ErrRecord.
func (r Record) Validate() error {
	if !isPart(r.ID) {
		return fmt.Errorf("registry: %w: id %.80q", ErrRecord, r.ID)
	}
	for what, addr := range map[string]string{"native": r.Native, "http": r.HTTP, "replication": r.Replication, "admin": r.Admin} {
		if addr == "" {
			continue
		}
		if host, port, err := net.SplitHostPort(addr); err != nil || host == "" || port == "" || port == "0" {
			return fmt.Errorf("registry: %w: node %s: %s address %.80q, want host:port", ErrRecord, r.ID, what, addr)
		}
	}
	return nil
}

// encode returns the record as etcd keeps it.
func (r Record) encode() (string, error) {
	if err := r.Validate(); err != nil {
		return "", err
	}
	text, err := json.Marshal(r)
	if err != nil {
		return "", fmt.Errorf("registry: %w: node %s: %w", ErrRecord, r.ID, err)
	}
	if len(text) > MaxRecord {
		return "", fmt.Errorf("registry: %w: node %s: %d bytes, at most %d", ErrRecord, r.ID, len(text), MaxRecord)
	}
	return string(text), nil
}

// decodeRecord reads a record. Fields that a later version adds are passed over.
func decodeRecord(text []byte) (Record, error) {
	if len(text) > MaxRecord {
		return Record{}, fmt.Errorf("registry: %w: %d bytes, at most %d", ErrRecord, len(text), MaxRecord)
	}
	var r Record
	if err := json.Unmarshal(text, &r); err != nil {
		return Record{}, fmt.Errorf("registry: %w: %w", ErrRecord, err)
	}
	return r, r.Validate()
}
