package oracletest

import (
	"math"
	"strings"
	"time"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// The words of a random world. There are few of each, so that ties, restatements and duplicates are common, and the
// nasty ones are among them.

// subjectKeys are prefixes of each other, share their first 16 or 32 bytes, sort otherwise by byte than by letter, or
// need escaping somewhere.
var subjectKeys = []string{
	"33:300033", "33:3000331", "33:30003", "a", "b", "Z", "A",
	"33:0000000000001", "33:00000000000010", "33:00000000000011", // the first 16 bytes are one key's whole
	"33:" + strings.Repeat("0", 40) + "1", "33:" + strings.Repeat("0", 40) + "2",
	"us:GOOG/GOOGL", "US:goog", "上证:六〇〇〇〇〇", "上证:六〇〇〇〇一", "😀", "\uff21", // U+1F600 is after U+FF21 as bytes, before it as UTF-16
	"a b", "a;b", `a"b\`, "ünïcode", "a|b", "<a&b>", strings.Repeat("x", protocol.MaxKeyLen),
}

// strangers are keys that nobody ever writes.
var strangers = []string{"nobody", "33:3000", "33:3000333", "33:" + strings.Repeat("0", 40)}

// days are the report dates: the usual ends, one day at three seconds, both sides of the epoch, the first and last that
// there are.
var days = []int64{
	day("2023-12-31"), day("2022-12-31"), day("2023-03-31"), day("2023-06-30"),
	day("2023-12-31") + 10*3600, day("2023-12-31") + protocol.SecondsPerDay - 1,
	0, -1, day("1960-06-30"), protocol.MinTime, protocol.MaxTime,
}

// declared are the declare dates, some before what they declare.
var declared = []protocol.Instant{
	{}, protocol.At(day("2023-04-01")), protocol.At(day("2024-02-15")), protocol.At(day("2024-03-20")), protocol.At(0),
	protocol.At(day("1961-01-02") + 5), protocol.At(protocol.MinTime),
}

// moments are the times that queries speak of: about those above.
var moments = []int64{
	day("2023-12-31"), day("2024-02-15"), day("2024-02-15") - 1, day("2024-03-20"), day("2023-04-01"), day("2023-03-31"),
	day("2023-06-30"), day("2023-12-31") + 10*3600, day("2023-12-31") + 10*3600 - 1, day("2024-01-01") - 1,
	day("2022-12-31"), 0, -1, day("1960-06-30"), day("1961-01-02") + 5, protocol.MinTime, protocol.MaxTime,
}

// reportTypes are those that writes use; "" is the table's default.
var reportTypes = []string{"", "0408", "annual", "年报"}

// values are few, so that they tie, and the ends of what a float64 can say.
var values = []float64{
	protocol.Missing, 0, math.Copysign(0, -1), 1, -1, 1.5, 52859042145.16366,
	math.MaxFloat64, -math.MaxFloat64, math.SmallestNonzeroFloat64, -math.SmallestNonzeroFloat64, 0.1,
}

var (
	topics   = []string{"stock_a_listing_pool", "stock", "沪深 300", `quo"te`}
	tagKinds = []string{"concept", "industry"}
	tagTexts = []string{"internet finance", "internet", "Finance", "金融,科技", "fin"}
	keywords = []string{"", "internet", "finance", "fin", "F", "融", "internet finance", "finance internet"}
)

// finance and macro are the tables that every world starts with: 1 has operating_income, 2 has not, and a code that
// means something else in it.
func finance() protocol.Table {
	return protocol.Table{Number: 1, Name: "finance", DefaultReportType: "0408", Indicators: []protocol.Indicator{
		{ID: "operating_income", Code: "1001", Title: "Operating income", Unit: "CNY"},
		{ID: "net_profit", Code: "1002", Title: "净利润"},
		{ID: "assets"},
		{ID: "净利润", Code: "net"},
	}}
}

func macro() protocol.Table {
	return protocol.Table{Number: 2, Name: "macro", DefaultReportType: "annual", Indicators: []protocol.Indicator{
		{ID: "gdp", Code: "1001", Unit: "bn"},
		{ID: "cpi", Code: "2"},
	}}
}

// growth are indicators that a history may append to either table.
var growth = []protocol.Indicator{
	{ID: "equity", Code: "1005", Title: "Equity"}, {ID: "cash"}, {ID: "net_profit", Code: "1002"}, {ID: "eps", Code: "x.1"},
}

// namesOf returns the ids and codes of indicators.
func namesOf(indicators []protocol.Indicator) []string {
	var names []string
	for _, ind := range indicators {
		names = append(names, ind.ID)
		if ind.Code != "" {
			names = append(names, ind.Code)
		}
	}
	return names
}

// badNames cannot be names of anything (decision 5).
var badNames = []string{
	"", " a", "a ", "a,b", "a\nb", "a\x00", "\xff\xfe", "a\u0085b", "\u3000a", strings.Repeat("y", protocol.MaxKeyLen+1),
}

// badTexts cannot be texts (decision 5).
var badTexts = []string{"a\tb", "\xc3", strings.Repeat("z", protocol.MaxTextLen+1)}

// day returns the 00:00:00Z of a day.
func day(text string) int64 {
	seconds, err := protocol.ParseDay(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return seconds
}
