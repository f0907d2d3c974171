package bench

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/kamaitachi/kamaitachi/client"
	"github.com/kamaitachi/kamaitachi/protocol"
)

// Market is what the requests are made of: subjects, indicators that have values, and the span of report dates.
type Market struct {
	Keys     []string
	IDs      []string
	From, To int64 // oldest and newest report date seen, UTC seconds
}

// ErrEmptyMarket is returned by AskMarket when the servers hold no reports to ask for.
var ErrEmptyMarket = errors.New("nothing is loaded: import or generate data first")

// marketSample is how many subjects are looked at to find out which indicators have values.
const marketSample = 200

// AskMarket asks a server what it has loaded in table 1.
func AskMarket(ctx context.Context, c *client.Client) (*Market, error) {
	m := &Market{From: math.MaxInt64, To: math.MinInt64}
	var list protocol.SubjectList
	for after := ""; ; after = m.Keys[len(m.Keys)-1] {
		if err := c.Subjects(ctx, &protocol.ListSubjects{After: after, Limit: protocol.MaxLimit}, &list); err != nil {
			return nil, fmt.Errorf("ask for subjects: %w", err)
		}
		for _, s := range list.Subjects {
			m.Keys = append(m.Keys, s.Key)
		}
		if len(list.Subjects) < protocol.MaxLimit {
			break
		}
	}
	if len(m.Keys) == 0 {
		return nil, ErrEmptyMarket
	}
	return m, m.sample(ctx, c)
}

// sample finds the indicators with values and the span of dates in some subjects.
func (m *Market) sample(ctx context.Context, c *client.Client) error {
	var catalog protocol.Catalog
	if err := c.Catalog(ctx, &catalog); err != nil {
		return fmt.Errorf("ask for tables: %w", err)
	}
	if len(catalog.Tables) == 0 || len(catalog.Tables[0].Indicators) == 0 {
		return ErrEmptyMarket
	}
	q := protocol.Period{View: protocol.View{Table: fmt.Sprint(catalog.Tables[0].Number)}}
	for _, ind := range catalog.Tables[0].Indicators {
		q.IDs = append(q.IDs, ind.ID)
	}
	for i := 0; i < len(m.Keys); i += max(1, len(m.Keys)/marketSample) {
		q.Subjects = append(q.Subjects, m.Keys[i])
	}
	var r protocol.Result
	if err := c.Period(ctx, &q, &r); err != nil {
		return fmt.Errorf("ask for a sample of reports: %w", err)
	}
	for _, h := range r.Heads {
		m.From, m.To = min(m.From, h.ReportDate), max(m.To, h.ReportDate)
	}
	for col, id := range r.IDs {
		if filled(r.Column(col)) {
			m.IDs = append(m.IDs, id)
		}
	}
	if len(m.IDs) == 0 {
		return ErrEmptyMarket
	}
	return nil
}

// filled tells whether at least half of the values are there.
func filled(values []float64) bool {
	n := 0
	for _, v := range values {
		if v == v {
			n++
		}
	}
	return n > 0 && 2*n >= len(values)
}
