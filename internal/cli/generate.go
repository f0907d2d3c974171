package cli

import (
	"bufio"
	"context"
	"fmt"

	"github.com/kamaitachi/kamaitachi/internal/dataset"
)

func runGenerate(_ context.Context, args []string, s Streams) error {
	f := newFlags(s, "generate", "[flags] > FILE    (a made-up market as canonical CSV)")
	var o dataset.MarketOptions
	f.IntVar(&o.Subjects, "subjects", dataset.DefaultMarketSubjects, "subjects, from 33:00000001 on")
	f.IntVar(&o.Quarters, "quarters", dataset.DefaultMarketQuarters, "quarters of each, the last ends 2023-12-31")
	f.IntVar(&o.Indicators, "indicators", dataset.DefaultMarketIndicators, "indicators; those after the sixth need import -create")
	f.Uint64Var(&o.Seed, "seed", 1, "the same seed gives the same bytes")
	if err := parse(f, args, 0); err != nil {
		return err
	}
	w := bufio.NewWriterSize(s.Out, 1<<20)
	if err := dataset.Generate(w, o); err != nil {
		return err
	}
	return w.Flush()
}

// loadMarket loads a made-up market into the node at addr.
func loadMarket(ctx context.Context, addr string, subjects int) error {
	d, err := openRemote(ctx, addr)
	if err != nil {
		return err
	}
	defer d.close()
	table, err := tableOf(ctx, d, "1", false)
	if err != nil {
		return err
	}
	market, err := dataset.NewMarket(dataset.MarketOptions{Subjects: subjects, Seed: 1})
	if err != nil {
		return err
	}
	if _, err := dataset.Import(ctx, market, d, dataset.ImportOptions{Table: table, InFlight: importInFlight}); err != nil {
		return fmt.Errorf("load a made-up market: %w", err)
	}
	return nil
}
