package dataset

import (
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// Defaults and bounds of MarketOptions.
const (
	DefaultMarketSubjects   = 5_000
	DefaultMarketQuarters   = 24
	DefaultMarketIndicators = 6
	MaxMarketSubjects       = 99_999_999 // eight digits
	MaxMarketQuarters       = 400
)

// MarketTopic is the topic of every subject of a made-up market.
const MarketTopic = "stock_a_listing_pool"

// MarketOptions say how large a made-up market is. The zero value is the default market with seed 0.
type MarketOptions struct {
	Subjects   int    // default 5,000; keys 33:00000001 and on
	Quarters   int    // default 24; the last ends 2023-12-31
	Indicators int    // default 6, those of the reference; more are called indicator_007 and on
	Seed       uint64 // the same seed gives the same bytes, on every machine
}

// Validate tells which option is out of its bounds.
func (o *MarketOptions) Validate() error {
	for _, v := range []struct {
		name           string
		value, maximum int
	}{
		{"subjects", o.Subjects, MaxMarketSubjects}, {"quarters", o.Quarters, MaxMarketQuarters},
		{"indicators", o.Indicators, protocol.MaxIndicators},
	} {
		if v.value < 0 || v.value > v.maximum {
			return fmt.Errorf("%w: %s = %d: expected 0 (the default) to %d", ErrOptions, v.name, v.value, v.maximum)
		}
	}
	return nil
}

func (o MarketOptions) withDefaults() MarketOptions {
	for _, v := range []struct {
		value   *int
		standby int
	}{
		{&o.Subjects, DefaultMarketSubjects}, {&o.Quarters, DefaultMarketQuarters}, {&o.Indicators, DefaultMarketIndicators},
	} {
		if *v.value == 0 {
			*v.value = v.standby
		}
	}
	return o
}

// marketIndicators are the first indicators of a market, in the order of table 1.
var marketIndicators = []string{protocol.OperatingIncome, "parent_holder_net_profit", "total_operating_cost", "net_profit",
	"operating_profit", "total_profit"}

// marketTag is the kind of tag that a market has; every twelfth subject carries the first concept, and many carry more.
const marketTag = "concept"

var concepts = []string{"internet finance", "new energy", "robots", "cloud computing", "biomedicine", "smart grid",
	"rare earths", "high-speed rail", "5G", "chips", "water works", "old-age care"}

// Market is a made-up market: a Source, and the subjects of it one by one. Nothing in it is a real figure. Subject i is
// the same whatever the number of subjects is. It is not safe for concurrent use.
//
// Sizes are log-uniform, quarters seasonal, one report in 33 is restated, one value in 25 is missing but for the first
// two indicators, and one subject in ten has no declare dates but those of restatements.
type Market struct {
	o       MarketOptions
	ids     []string
	dates   []quarter
	random  *rand.PCG
	subject protocol.Subject
	reports []protocol.Report
	values  []float64
	next    int // report of the current subject that Next yields
	number  int // of the current subject, from 1
	name    []byte
}

// quarter is one period end.
type quarter struct {
	end    int64
	period string
	year   int32
	season float64
}

// periodCodes and seasons of the quarters that end in March, June, September, December.
var (
	periodCodes = [4]string{"596004", "596003", "596002", "596001"}
	seasons     = [4]float64{0.85, 0.97, 1.01, 1.17}
	monthEnds   = [4]string{"-03-31", "-06-30", "-09-30", "-12-31"}
)

// lastMarketYear is the year in which the quarters end.
const lastMarketYear = 2023

// NewMarket returns a made-up market.
func NewMarket(o MarketOptions) (*Market, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	m := &Market{o: o.withDefaults(), random: rand.NewPCG(0, 0)}
	for i := range m.o.Indicators {
		if i < len(marketIndicators) {
			m.ids = append(m.ids, marketIndicators[i])
		} else {
			m.ids = append(m.ids, fmt.Sprintf("indicator_%03d", i+1))
		}
	}
	for i := range m.o.Quarters {
		back := m.o.Quarters - 1 - i
		q := 3 - back%4
		year := lastMarketYear - back/4
		end, ok := parseDay(strconv.Itoa(year) + monthEnds[q])
		if !ok {
			panic("BUG: a quarter that does not end on a day")
		}
		m.dates = append(m.dates, quarter{end: end, period: periodCodes[q], year: int32(year), season: seasons[q]})
	}
	return m, nil
}

// Generate writes a made-up market as canonical CSV.
func Generate(w io.Writer, o MarketOptions) error {
	m, err := NewMarket(o)
	if err != nil {
		return err
	}
	out := NewCSVWriter(w, []string{marketTag}, m.ids)
	for m.Advance() {
		if err := out.Write(m.Subject()); err != nil {
			return err
		}
	}
	return out.Flush()
}

// Columns names the indicators.
func (m *Market) Columns() []string { return m.ids }

// Created is empty: whether the table has the indicators is seen by the sink.
func (m *Market) Created() []string { return nil }

// Progress counts subjects.
func (m *Market) Progress() (done, total int64) { return int64(m.number), int64(m.o.Subjects) }

// Next yields the next report. The first of a subject carries its attributes.
func (m *Market) Next(rec *Record) error {
	if m.next == len(m.reports) && !m.Advance() {
		return io.EOF
	}
	*rec = Record{Report: m.reports[m.next]}
	if m.next == 0 {
		rec.Attributes = protocol.SubjectUpdate{Subject: m.subject, Set: protocol.FieldName | protocol.FieldStatus |
			protocol.FieldListingDate | protocol.FieldCategory | protocol.FieldTopics | protocol.FieldTags}
	}
	m.next++
	return nil
}

// Subject returns the current subject and its reports, by date and then by declaration. They are valid until Advance.
func (m *Market) Subject() (*protocol.Subject, []protocol.Report) { return &m.subject, m.reports }

// Advance makes up the next subject. It returns false behind the last one.
func (m *Market) Advance() bool {
	if m.number == m.o.Subjects {
		return false
	}
	m.number++
	m.random.Seed(m.o.Seed, uint64(m.number))
	m.describe()
	m.report()
	m.next = 0
	return true
}

// describe makes up the attributes.
func (m *Market) describe() {
	key := append(m.name[:0], "33:"...)
	digits := strconv.Itoa(m.number)
	key = append(append(key, "00000000"[len(digits):]...), digits...)
	m.name = key
	s := protocol.NewSubject(string(key))
	s.Name = m.companyName()
	s.ListingDate = fmt.Sprintf("%d-%02d-%02d", 1991+m.below(26), 1+m.below(12), 1+m.below(28))
	s.Topics = append(m.subject.Topics[:0], MarketTopic)
	s.Tags = append(m.subject.Tags[:0], protocol.Tag{Kind: marketTag, Text: concepts[(m.number-1)%len(concepts)]})
	for range m.below(3) {
		tag := protocol.Tag{Kind: marketTag, Text: concepts[m.below(len(concepts))]}
		if tag != s.Tags[0] && tag != s.Tags[len(s.Tags)-1] {
			s.Tags = append(s.Tags, tag)
		}
	}
	m.subject = s
}
