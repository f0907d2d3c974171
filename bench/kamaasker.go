package bench

import (
	"context"
	"fmt"
	"time"

	"github.com/kamaitachi/kamaitachi/client"
	"github.com/kamaitachi/kamaitachi/protocol"
)

// askTimeout bounds one question about what is loaded.
const askTimeout = time.Minute

// kamaAsker asks through the SDK.
type kamaAsker struct{ c *client.Client }

func newKamaAsker(ctx context.Context, a Address) (*kamaAsker, error) {
	c, err := client.Open(ctx, client.Options{Addresses: []string{a.Host}, Name: "kamaitachi bench", RequestTimeout: askTimeout})
	return &kamaAsker{c}, err
}

func (k *kamaAsker) close() { k.c.Close() }

func (k *kamaAsker) subjects(ctx context.Context, after string) ([]string, error) {
	var list protocol.SubjectList
	if err := k.c.Subjects(ctx, &protocol.ListSubjects{After: after, Limit: marketPage}, &list); err != nil {
		return nil, fmt.Errorf("ask for subjects: %w", err)
	}
	keys := make([]string, len(list.Subjects))
	for i, s := range list.Subjects {
		keys[i] = s.Key
	}
	return keys, nil
}

func (k *kamaAsker) indicators(ctx context.Context) ([]string, error) {
	var catalog protocol.Catalog
	if err := k.c.Catalog(ctx, &catalog); err != nil {
		return nil, fmt.Errorf("ask for tables: %w", err)
	}
	for _, t := range catalog.Tables {
		if t.Number == 1 {
			ids := make([]string, len(t.Indicators))
			for i, ind := range t.Indicators {
				ids[i] = ind.ID
			}
			return ids, nil
		}
	}
	return nil, ErrEmptyMarket
}

func (k *kamaAsker) reports(ctx context.Context, keys, ids []string, seen func(int64, []string)) error {
	var r protocol.Result
	if err := k.c.Period(ctx, &protocol.Period{View: protocol.View{IDs: ids}, Subjects: keys}, &r); err != nil {
		return fmt.Errorf("ask for a sample of reports: %w", err)
	}
	var have []string
	for row := range r.Subjects {
		have = have[:0]
		for c, id := range r.IDs {
			if v := r.Value(row, c); v == v {
				have = append(have, id)
			}
		}
		seen(r.Heads[row].ReportDate, have)
	}
	return nil
}
