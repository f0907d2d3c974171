package compare

import (
	_ "embed" // the page
	"html/template"
	"io"
)

// pageText is the template of the web page. It loads nothing from elsewhere.
//
//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"number": number, "figure": figureText, "spread": spreadText, "dash": orDash,
	"must":    func(l *LineResult) string { return l.asked(l.Must) },
	"aim":     func(l *LineResult) string { return l.asked(l.Aim) },
	"draw":    draw,
	"latency": latencyCurve,
}).Parse(pageText))

// WriteHTML writes the report as a web page that stands alone: tables, and curves as SVG.
func (r *Report) WriteHTML(w io.Writer) error {
	return page.Execute(w, struct {
		*Report
		Summary, Shared string
	}{r, r.summary(), sharedCores})
}

// latencyCurve is the curve of a contest's latencies, nil when it has none: percentiles, so drawn that each nine takes
// the same room.
func latencyCurve(c *ContestResult) *Curve {
	curve := &Curve{Title: "Latency", X: percentAxis, Y: "ms", LogY: true}
	for _, s := range c.Sides {
		if len(s.Latency) == 0 {
			continue
		}
		series := curve.series(s.Label)
		for _, q := range s.Latency {
			if q.Millis > 0 && q.Percent < 100 {
				series.add(q.Percent, q.Millis)
			}
		}
	}
	if len(curve.Series) == 0 {
		return nil
	}
	return curve
}
