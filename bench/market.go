package bench

import (
	"context"
	"errors"
	"math"
)

// Market is what the requests are made of: subjects, indicators that have values, and the span of report dates.
type Market struct {
	Keys     []string
	Topic    string // that all Keys carry; "" = not known, then whole topics cannot be ranked
	IDs      []string
	From, To int64 // oldest and newest report date seen, UTC seconds
}

// ErrEmptyMarket is returned by AskMarket when the servers hold no reports to ask for.
var ErrEmptyMarket = errors.New("nothing is loaded: import or generate data first")

const (
	// marketSample is how many subjects are looked at to find out which indicators have values.
	marketSample = 200
	// marketPage is how many subjects are asked for at once.
	marketPage = 10_000
)

// asker asks a server what it has loaded in table 1, by one of the transports.
type asker interface {
	// subjects returns up to marketPage keys greater than after.
	subjects(ctx context.Context, after string) ([]string, error)
	// indicators returns the ids of table 1.
	indicators(ctx context.Context) ([]string, error)
	// reports calls seen with the report date and the ids that have a value of each report of some subjects.
	reports(ctx context.Context, keys, ids []string, seen func(date int64, ids []string)) error
	close()
}

// AskMarket asks the server at a what it has loaded in table 1.
func AskMarket(ctx context.Context, a Address) (*Market, error) {
	ask, err := newAsker(ctx, a)
	if err != nil {
		return nil, err
	}
	defer ask.close()
	m := &Market{From: math.MaxInt64, To: math.MinInt64}
	for after := ""; ; after = m.Keys[len(m.Keys)-1] {
		keys, err := ask.subjects(ctx, after)
		if err != nil {
			return nil, err
		}
		m.Keys = append(m.Keys, keys...)
		if len(keys) < marketPage {
			break
		}
	}
	if len(m.Keys) == 0 {
		return nil, ErrEmptyMarket
	}
	return m, m.sample(ctx, ask)
}

func newAsker(ctx context.Context, a Address) (asker, error) {
	if a.Scheme == "http" {
		return &httpAsker{base: a.String()}, nil
	}
	return newKamaAsker(ctx, a)
}

// sample finds the indicators that at least half of the reports of some subjects have, and the span of their dates.
func (m *Market) sample(ctx context.Context, ask asker) error {
	ids, err := ask.indicators(ctx)
	if err != nil {
		return err
	}
	var some []string
	for i := 0; i < len(m.Keys); i += max(1, len(m.Keys)/marketSample) {
		some = append(some, m.Keys[i])
	}
	reports, filled := 0, map[string]int{}
	err = ask.reports(ctx, some, ids, func(date int64, ids []string) {
		m.From, m.To = min(m.From, date), max(m.To, date)
		reports++
		for _, id := range ids {
			filled[id]++
		}
	})
	if err != nil {
		return err
	}
	for _, id := range ids {
		if 2*filled[id] >= reports && filled[id] > 0 {
			m.IDs = append(m.IDs, id)
		}
	}
	if len(m.IDs) == 0 {
		return ErrEmptyMarket
	}
	return nil
}
