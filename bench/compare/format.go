package compare

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/kamaitachi/kamaitachi/bench"
)

// significant is how many digits a figure is printed with, at least.
const significant = 3

// number prints a figure with three digits, or all before the point: 0.123, 12.3, 1,230.
func number(v float64) string {
	if v == 0 || math.IsInf(v, 0) || math.IsNaN(v) {
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	before := int(math.Floor(math.Log10(math.Abs(v)))) + 1
	text := strconv.FormatFloat(v, 'f', max(0, significant-max(before, 1)), 64)
	if before <= 0 {
		text = strconv.FormatFloat(v, 'f', min(significant-before, 6), 64)
	}
	whole, part, _ := strings.Cut(text, ".")
	for at := len(whole) - 3; at > 0 && whole[at-1] != '-'; at -= 3 {
		whole = whole[:at] + "," + whole[at:]
	}
	if part != "" {
		return whole + "." + part
	}
	return whole
}

// figureText prints a median with its unit.
func figureText(s bench.Spread, unit string) string {
	if s.Rounds == 0 {
		return "-"
	}
	return number(s.Median) + " " + unit
}

// spreadText prints the ends of a spread.
func spreadText(s bench.Spread) string {
	if s.Rounds == 0 {
		return ""
	}
	return number(s.Min) + " to " + number(s.Max)
}

// asked prints what is asked of a figure.
func (l *LineResult) asked(v float64) string {
	if v == 0 {
		return "-"
	}
	sign := ">="
	if l.AtMost {
		sign = "<="
	}
	return sign + " " + strconv.FormatFloat(v, 'g', -1, 64) + " " + l.Unit
}

// orDash prints a figure, "-" where it is 0: not known.
func orDash(v float64) string {
	if v == 0 {
		return "-"
	}
	return number(v)
}

// summary is a sentence about all lines.
func (r *Report) summary() string {
	return fmt.Sprintf("%d figures: %d reach the aim, %d meet the must, %d fail, %d are not measured, %d are only shown.",
		r.count(Reached)+r.count(Met)+r.count(Failed)+r.count(NotMeasured)+r.count(Shown), r.count(Reached), r.count(Met),
		r.count(Failed), r.count(NotMeasured), r.count(Shown))
}

// sharedCores is said beside every table.
const sharedCores = "Load generator and servers share this machine's cores."
