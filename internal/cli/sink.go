package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/kamaitachi/kamaitachi/client"
	"github.com/kamaitachi/kamaitachi/conf"
	"github.com/kamaitachi/kamaitachi/internal/dataset"
	"github.com/kamaitachi/kamaitachi/protocol"
	"github.com/kamaitachi/kamaitachi/server"
	"github.com/kamaitachi/kamaitachi/server/engine"
	"github.com/kamaitachi/kamaitachi/server/store"
)

// destination is where an import goes: a running node, or a data directory that nobody uses.
type destination interface {
	dataset.Sink
	tables(ctx context.Context) ([]*protocol.Table, error)
	close() error
}

// tableOf returns the table that a flag names, by number or name; with create one that does not exist is to be made.
func tableOf(ctx context.Context, d destination, ref string, create bool) (protocol.Table, error) {
	tables, err := d.tables(ctx)
	if err != nil {
		return protocol.Table{}, err
	}
	known := make([]string, 0, len(tables))
	for _, t := range tables {
		if t.Name == ref || fmt.Sprint(t.Number) == ref {
			return *t, nil
		}
		known = append(known, t.Name)
	}
	if create {
		return protocol.Table{Name: ref}, nil
	}
	return protocol.Table{}, fmt.Errorf("unknown table %q; there are %v; -create makes a new one", ref, known)
}

// remote writes through the SDK.
type remote struct{ c *client.Client }

// importTimeout bounds one write of an import, in a node that may be busy.
const importTimeout = time.Minute

func openRemote(ctx context.Context, addr string) (*remote, error) {
	c, err := client.Open(ctx, client.Options{Addresses: []string{addr}, Name: "kamaitachi import", RequestTimeout: importTimeout})
	if err != nil {
		return nil, err
	}
	return &remote{c}, nil
}

func (r *remote) PutTables(ctx context.Context, w *protocol.PutTables) error {
	_, err := r.c.PutTables(ctx, w)
	return err
}

func (r *remote) PutSubjects(ctx context.Context, w *protocol.PutSubjects) error {
	_, err := r.c.PutSubjects(ctx, w)
	return err
}

func (r *remote) Put(ctx context.Context, w *protocol.Put) error {
	_, err := r.c.Put(ctx, w)
	return err
}

func (r *remote) tables(ctx context.Context) ([]*protocol.Table, error) {
	var catalog protocol.Catalog
	err := r.c.Catalog(ctx, &catalog)
	return catalog.Tables, err
}

func (r *remote) close() error { return r.c.Close() }

// local writes into a data directory without a node. Commits are not synced one by one: an import that dies is
// repeated, and close syncs.
type local struct {
	mu     sync.Mutex
	store  *store.Store
	engine *engine.Engine
}

// openLocal opens a data directory. One that is only to be checked against and is not there or empty stays so: what it
// would be is made in memory.
func openLocal(dir string, check bool) (*local, error) {
	o := store.Options{}
	if entries, err := os.ReadDir(dir); check && len(entries) == 0 && (err == nil || errors.Is(err, fs.ErrNotExist)) {
		o.FS = vfs.NewMem()
	}
	st, err := store.Open(dir, o)
	if err != nil {
		return nil, err
	}
	if st.Member() {
		return nil, errors.Join(fmt.Errorf("%s: %w, whose log would not know of the import: import into the running cluster (-addr)",
			dir, server.ErrMember), st.Close())
	}
	e, err := engine.Open(st, engine.Options{NoSync: true})
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	l := &local{store: st, engine: e}
	if len(e.Catalog().Tables) == 0 {
		tables, err := conf.LoadCatalog("")
		if err == nil {
			err = l.write(&protocol.Write{Tables: &protocol.PutTables{Tables: tables}})
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("fill the catalog: %w", err), st.Close())
		}
	}
	return l, nil
}

// write is a log of its own: one entry a write.
func (l *local) write(w *protocol.Write) error {
	w.Time = time.Now().Unix()
	l.mu.Lock()
	defer l.mu.Unlock()
	outcomes, err := l.engine.Apply(l.engine.Applied()+1, []*protocol.Write{w})
	if err != nil {
		return err
	}
	return outcomes[0]
}

func (l *local) PutTables(_ context.Context, w *protocol.PutTables) error {
	return l.write(&protocol.Write{Tables: w})
}

func (l *local) PutSubjects(_ context.Context, w *protocol.PutSubjects) error {
	return l.write(&protocol.Write{Subjects: w})
}

func (l *local) Put(_ context.Context, w *protocol.Put) error {
	return l.write(&protocol.Write{Put: w})
}

func (l *local) tables(context.Context) ([]*protocol.Table, error) {
	return l.engine.Catalog().Tables, nil
}

// close makes all that was written durable with one last synced commit.
func (l *local) close() error {
	b := l.store.NewBatch()
	err := b.Commit(l.store.Applied(), true)
	return errors.Join(err, b.Close(), l.store.Close())
}
