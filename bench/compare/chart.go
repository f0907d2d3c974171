package compare

import (
	"fmt"
	"html/template"
	"math"
	"slices"
	"strings"
)

// Sizes of a picture, in pixels.
const (
	chartWidth, chartHeight = 860, 340
	chartLeft, chartRight   = 80, 190 // the names of the series stand right
	chartTop, chartBottom   = 16, 48
)

// colors of the series, in order.
var colors = []string{"#0a7d32", "#777777", "#c0392b", "#2b6cb0", "#8e44ad", "#d68910"}

// percentAxis is the X of curves over percentiles: 90, 99 and 99.9 are as far from each other.
const percentAxis = "percentile"

// axis puts values into a range of pixels.
type axis struct {
	scale    func(float64) float64
	low, top float64 // scaled
	from, to float64 // pixels
	ticks    []float64
}

func (a *axis) at(v float64) float64 {
	if a.top == a.low {
		return (a.from + a.to) / 2
	}
	return a.from + (a.scale(v)-a.low)/(a.top-a.low)*(a.to-a.from)
}

// nines is the scale of percentiles.
func nines(percent float64) float64 { return -math.Log10(1 - percent/100) }

// draw draws a curve as SVG.
func draw(c *Curve) template.HTML {
	x, y := c.axes()
	var b strings.Builder
	fmt.Fprintf(&b, `<svg viewBox="0 0 %d %d" width="%d" height="%d" font-family="sans-serif" font-size="12" role="img">`,
		chartWidth, chartHeight, chartWidth, chartHeight)
	for _, v := range y.ticks {
		at := y.at(v)
		fmt.Fprintf(&b, `<path d="M%d %.1fH%d" stroke="#e4e4e4"/><text x="%d" y="%.1f" text-anchor="end">%s</text>`,
			chartLeft, at, chartWidth-chartRight, chartLeft-6, at+4, number(v))
	}
	for _, v := range x.ticks {
		at := x.at(v)
		fmt.Fprintf(&b, `<path d="M%.1f %dV%d" stroke="#e4e4e4"/><text x="%.1f" y="%d" text-anchor="middle">%s</text>`,
			at, chartTop, chartHeight-chartBottom, at, chartHeight-chartBottom+16, number(v))
	}
	fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="middle">%s</text>`, (chartLeft+chartWidth-chartRight)/2, chartHeight-8,
		template.HTMLEscapeString(c.X))
	fmt.Fprintf(&b, `<text x="14" y="%d" text-anchor="middle" transform="rotate(-90 14 %d)">%s</text>`, chartHeight/2, chartHeight/2,
		template.HTMLEscapeString(c.Y))
	for i, s := range c.Series {
		drawSeries(&b, s, x, y, i)
	}
	b.WriteString("</svg>")
	return template.HTML(b.String())
}

// drawSeries draws the i-th line with its points and its name.
func drawSeries(b *strings.Builder, s *Series, x, y *axis, i int) {
	color := colors[i%len(colors)]
	var path, dots strings.Builder
	for j, p := range s.Points {
		verb := 'L'
		if j == 0 {
			verb = 'M'
		}
		fmt.Fprintf(&path, "%c%.1f %.1f", verb, x.at(p.X), y.at(p.Y))
		fmt.Fprintf(&dots, `<circle cx="%.1f" cy="%.1f" r="3" fill="%s"><title>%s: %s at %s</title></circle>`, x.at(p.X), y.at(p.Y), color,
			template.HTMLEscapeString(s.Label), number(p.Y), number(p.X))
	}
	fmt.Fprintf(b, `<path d="%s" fill="none" stroke="%s" stroke-width="2"/>%s`, path.String(), color, dots.String())
	fmt.Fprintf(b, `<text x="%d" y="%d" fill="%s">%s</text>`, chartWidth-chartRight+12, chartTop+14+18*i, color,
		template.HTMLEscapeString(s.Label))
}

// axes fit all points.
func (c *Curve) axes() (x, y *axis) {
	var xs, ys []float64
	for _, s := range c.Series {
		for _, p := range s.Points {
			xs, ys = append(xs, p.X), append(ys, p.Y)
		}
	}
	x = newAxis(xs, c.LogX, chartLeft, chartWidth-chartRight)
	y = newAxis(ys, c.LogY, chartHeight-chartBottom, chartTop)
	if c.X == percentAxis {
		x = &axis{scale: nines, low: 0, top: nines(99.99), from: chartLeft, to: chartWidth - chartRight, ticks: []float64{0, 50, 90, 99, 99.9, 99.99}}
	} else if c.LogX {
		slices.Sort(xs)
		x.ticks = slices.Compact(xs)
	}
	return x, y
}

// newAxis is an axis over values: from 0, or logarithmic between whole powers of ten.
func newAxis(values []float64, log bool, from, to float64) *axis {
	a := &axis{scale: func(v float64) float64 { return v }, from: from, to: to}
	if len(values) == 0 {
		return a
	}
	least, most := slices.Min(values), slices.Max(values)
	if log && least > 0 {
		a.scale = math.Log10
		a.low, a.top = math.Floor(math.Log10(least)), math.Ceil(math.Log10(most))
		if a.low == a.top {
			a.top++
		}
		for power := a.low; power <= a.top; power++ {
			a.ticks = append(a.ticks, math.Pow(10, power))
		}
		return a
	}
	step := niceStep(most / 5)
	for v := 0.0; v < most+step || len(a.ticks) < 2; v += step {
		a.ticks = append(a.ticks, v)
	}
	a.top = a.ticks[len(a.ticks)-1]
	return a
}

// niceStep returns 1, 2 or 5 times a power of ten, not less than v.
func niceStep(v float64) float64 {
	if v <= 0 {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, times := range []float64{1, 2, 5} {
		if v <= times*power {
			return times * power
		}
	}
	return 10 * power
}
