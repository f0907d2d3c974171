package dataset

import (
	"math/bits"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// Every figure comes out of PCG, products, quotients, and sums of products that are rounded first (the conversions to
// float64 keep compilers from fusing them): all of that is IEEE 754 exactly, so that the bytes do not depend on the
// machine. math.Exp and math.Pow would.

// below returns a number from 0 to n-1.
func (m *Market) below(n int) int {
	high, _ := bits.Mul64(m.random.Uint64(), uint64(n))
	return int(high)
}

// between returns a number from low to high.
func (m *Market) between(low, high float64) float64 {
	u := float64(m.random.Uint64()>>11) / (1 << 53)
	return low + float64((high-low)*u)
}

// halvings are the factors of a log-uniform number between 1 and 10^5: 10^(5/2), 10^(5/4), ...
var halvings = [...]float64{316.22776601683796, 17.78279410038923, 4.216965034285822, 2.053525026457146, 1.4330125702369627,
	1.197085029656398, 1.0941137232704563, 1.0460002501292024, 1.0227415606588259, 1.0113068579094706, 1.0056375579239247}

// smallest is the least size of a company.
const smallest = 1e7

// size returns a log-uniform number from smallest to about 10^5 times that.
func (m *Market) size() float64 {
	random, size := m.random.Uint64(), smallest
	for i, factor := range halvings {
		if random>>i&1 == 1 {
			size *= factor
		}
	}
	return size * m.between(1, 1.005)
}

// Chances, one in so many.
const (
	restatedOneIn   = 33
	missingOneIn    = 25
	undeclaredOneIn = 10
)

// company is what a subject's figures grow out of.
type company struct {
	sales, growth, cost, tax, parent float64
	declares                         bool
}

// report makes up the reports of the current subject.
func (m *Market) report() {
	c := company{sales: m.size(), growth: m.between(0.97, 1.05), cost: m.between(0.62, 1.04), tax: m.between(0.72, 0.9),
		parent: m.between(0.8, 1), declares: m.number%undeclaredOneIn != undeclaredOneIn-1}
	m.reports, m.values = m.reports[:0], m.values[:0]
	for i := range m.dates {
		q := &m.dates[i]
		declared := q.end + int64(20+m.below(90))*protocol.SecondsPerDay
		r := protocol.Report{Subject: m.subject.Key, ReportDate: q.end, Type: protocol.DefaultReportType,
			Period: q.period, Year: q.year}
		if c.declares {
			r.DeclareDate = protocol.At(declared)
		}
		m.figures(&c, q.season)
		m.reports = append(m.reports, r)
		if m.below(restatedOneIn) == 0 {
			r.DeclareDate = protocol.At(declared + int64(30+m.below(300))*protocol.SecondsPerDay)
			m.restate()
			m.reports = append(m.reports, r)
		}
		c.sales *= c.growth
	}
	width := len(m.ids)
	for i := range m.reports {
		m.reports[i].Values = m.values[i*width : (i+1)*width : (i+1)*width]
	}
}

// figures appends the values of a quarter.
func (m *Market) figures(c *company, season float64) {
	income := c.sales * season * m.between(0.9, 1.1)
	cost := income * c.cost * m.between(0.96, 1.04)
	profit := float64(income) - float64(cost)
	total := profit * m.between(0.95, 1.06)
	net := total * c.tax
	for i := range m.ids {
		value := protocol.Missing
		if i < 2 || m.below(missingOneIn) != 0 {
			switch i {
			case 0:
				value = income
			case 1:
				value = net * c.parent
			case 2:
				value = cost
			case 3:
				value = net
			case 4:
				value = profit
			case 5:
				value = total
			default:
				value = c.sales * m.between(0.01, 3)
			}
		}
		m.values = append(m.values, value)
	}
}

// restate appends the values of the report before, corrected.
func (m *Market) restate() {
	width := len(m.ids)
	for _, v := range m.values[len(m.values)-width:] {
		if v == v {
			v *= m.between(0.93, 1.06)
		}
		m.values = append(m.values, v)
	}
}

// What companies are called.
var (
	firstSyllables  = []string{"An", "Ba", "Chen", "Dao", "Fei", "Gu", "Hua", "Jin", "Kai", "Lu", "Mei", "Nan", "Qing", "Rui", "Tai", "Xin"}
	secondSyllables = []string{"bang", "cheng", "dong", "feng", "gang", "hai", "jiang", "kang", "long", "ming", "ning", "ping", "sheng", "tong", "yuan", "zhou"}
	trades          = []string{"Steel", "Motors", "Foods", "Pharma", "Power", "Software", "Textiles", "Logistics", "Cement", "Securities", "Optics", "Paper"}
)

// companyName makes up a name; several companies may share one.
func (m *Market) companyName() string {
	return firstSyllables[m.below(len(firstSyllables))] + secondSyllables[m.below(len(secondSyllables))] + " " +
		trades[m.below(len(trades))]
}
