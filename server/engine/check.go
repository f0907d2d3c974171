package engine

import (
	"fmt"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// Check tells whether a write would be refused now, so that a bad one never enters the log. Apply checks again, since
// the catalog may have grown in between.
func (e *Engine) Check(w *protocol.Write) error {
	rt := e.root.Load()
	switch {
	case w.Put != nil:
		_, err := checkPut(rt.catalog, w.Put)
		return err
	case w.Delete != nil:
		_, err := checkDelete(rt.catalog, w.Delete)
		return err
	case w.Subjects != nil:
		return checkSubjects(w.Subjects)
	case w.Tables != nil:
		_, err := growCatalog(rt.catalog, w.Tables, rt.applied+1)
		return err
	}
	return protocol.Errorf(protocol.CodeBadRequest, "a write that writes nothing")
}

func badRequest(format string, args ...any) error {
	return protocol.Errorf(protocol.CodeBadRequest, format, args...)
}

// putPlan is a checked Put: its table and the column of each value.
type putPlan struct {
	slot    int
	columns []int
}

// checkPut checks a whole Put before any of it is applied.
func checkPut(c *catalog, p *protocol.Put) (putPlan, error) {
	slot, err := c.slot(p.Table)
	if err != nil {
		return putPlan{}, err
	}
	plan := putPlan{slot: slot}
	if plan.columns, err = putColumns(c, slot, p.IDs); err != nil {
		return plan, err
	}
	if len(p.Reports) > protocol.MaxWriteRows {
		return plan, badRequest("%d reports in one write, at most %d are allowed", len(p.Reports), protocol.MaxWriteRows)
	}
	for i := range p.Reports {
		if err := checkReport(&p.Reports[i], c, &plan); err != nil {
			return plan, fmt.Errorf("report %d: %w", i, err)
		}
	}
	return plan, nil
}

// putColumns resolves the columns of a Put; none = the table's order.
func putColumns(c *catalog, slot int, ids []string) ([]int, error) {
	if len(ids) == 0 {
		columns := make([]int, len(c.tables[slot].Indicators))
		for i := range columns {
			columns[i] = i
		}
		return columns, nil
	}
	if len(ids) > protocol.MaxIndicators {
		return nil, badRequest("ids: %d columns, at most %d are allowed", len(ids), protocol.MaxIndicators)
	}
	columns := make([]int, 0, len(ids))
	used := make(map[int]string, len(ids))
	for _, id := range ids {
		col, err := c.column(slot, id)
		if err != nil {
			return nil, err
		}
		if other, ok := used[col]; ok {
			return nil, badRequest("ids: %q and %q are the same indicator", other, id)
		}
		used[col] = id
		columns = append(columns, col)
	}
	return columns, nil
}

func checkReport(r *protocol.Report, c *catalog, plan *putPlan) error {
	if err := checkName("subject", r.Subject); err != nil {
		return err
	}
	if err := checkInstant("report_date", protocol.At(r.ReportDate)); err != nil {
		return err
	}
	if err := checkInstant("declare_date", r.DeclareDate); err != nil {
		return err
	}
	if r.Type != "" {
		if err := checkName("report_type", r.Type); err != nil {
			return err
		}
	}
	if r.Period != "" {
		if err := checkName("period", r.Period); err != nil {
			return err
		}
	}
	if r.Year < 0 || r.Year > protocol.MaxYear {
		return badRequest("year: %d is outside 0 to %d", r.Year, protocol.MaxYear)
	}
	if len(r.Values) > len(plan.columns) {
		return badRequest("subject %q: %d values for %d indicators", r.Subject, len(r.Values), len(plan.columns))
	}
	for i, v := range r.Values {
		if !protocol.Storable(v) {
			return badRequest("subject %q, indicator %q: %v cannot be stored", r.Subject,
				c.tables[plan.slot].Indicators[plan.columns[i]].ID, v)
		}
	}
	return nil
}

func checkDelete(c *catalog, d *protocol.Delete) (int, error) {
	if len(d.Subjects) > protocol.MaxWriteRows {
		return 0, badRequest("%d deletes in one write, at most %d are allowed", len(d.Subjects), protocol.MaxWriteRows)
	}
	return c.slot(d.Table)
}

func checkSubjects(p *protocol.PutSubjects) error {
	if len(p.Subjects) > protocol.MaxWriteRows {
		return badRequest("%d subjects in one write, at most %d are allowed", len(p.Subjects), protocol.MaxWriteRows)
	}
	for i := range p.Subjects {
		if err := checkUpdate(&p.Subjects[i]); err != nil {
			return fmt.Errorf("subject %d: %w", i, err)
		}
	}
	return nil
}

func checkUpdate(u *protocol.SubjectUpdate) error {
	if err := checkName("subject", u.Key); err != nil {
		return err
	}
	if u.Set&^protocol.AllSubjectFields != 0 {
		return badRequest("subject %q: unknown attributes %#x", u.Key, u.Set)
	}
	for _, t := range []struct{ what, text string }{
		{"name", u.Name}, {"status", u.Status}, {"listing_date", u.ListingDate}, {"category", u.Category},
	} {
		if err := checkText(t.what, t.text); err != nil {
			return err
		}
	}
	if len(u.Topics) > protocol.MaxTopics || len(u.Tags) > protocol.MaxTags {
		return badRequest("subject %q: %d topics and %d tags, at most %d and %d are allowed", u.Key,
			len(u.Topics), len(u.Tags), protocol.MaxTopics, protocol.MaxTags)
	}
	for _, topic := range u.Topics {
		if err := checkListed("topic", topic, protocol.CheckName); err != nil {
			return err
		}
	}
	for _, tag := range u.Tags {
		if err := checkName("tag kind", tag.Kind); err != nil {
			return err
		}
		if err := checkListed("tag text", tag.Text, protocol.CheckText); err != nil {
			return err
		}
	}
	return nil
}

// checkName checks a name that lists and keys are made of.
func checkName(what, name string) error { return refused(what, name, protocol.CheckName(name)) }

// checkText checks a text for people.
func checkText(what, text string) error { return refused(what, text, protocol.CheckText(text)) }

// checkListed checks a topic or tag text, which CSV writes with ';' between several.
func checkListed(what, text string, check func(string) error) error {
	return refused(what, text, protocol.CheckListed(text, check))
}

// maxQuoted bounds how much of a refused text an error repeats.
const maxQuoted = 80

// refused says what was refused and why; nil stays nil.
func refused(what, text string, why error) error {
	if why == nil {
		return nil
	}
	if len(text) > maxQuoted {
		text = text[:maxQuoted] + "..."
	}
	return badRequest("%s %q: %v", what, text, why)
}
