package bench

import (
	"io"

	"github.com/kamaitachi/kamaitachi/internal/progress"
)

// ShowProgress lets the load show on w how far it is, where that is a terminal. finish ends the showing.
func (l *Load) ShowProgress(w io.Writer) (finish func()) {
	total := int64(l.Requests)
	if total == 0 {
		total = -1
		if l.Duration == 0 {
			total = DefaultRequests
		}
	}
	bar := progress.NewBar(w, total, "scenario "+l.Scenario.String(), "req")
	if bar == nil {
		return func() {}
	}
	l.Progress = func(done int) { bar.Set(done) }
	return func() { bar.Finish() }
}
