package cli

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// cell is one field of a row that is printed: a text, a number, or nothing.
type cell struct {
	text   string
	number bool // text is a JSON number
	none   bool
}

func textCell(s string) cell { return cell{text: s} }

func intCell(n int64) cell { return cell{text: strconv.FormatInt(n, 10), number: true} }

// numberCell prints a value as encoding/json does.
func numberCell(v float64) cell {
	if v != v {
		return cell{none: true}
	}
	text, err := json.Marshal(v)
	if err != nil {
		return cell{text: fmt.Sprint(v)}
	}
	return cell{text: string(text), number: true}
}

// grid is an answer as rows and columns, printed in one of the formats.
type grid struct {
	columns []string
	rows    [][]cell
}

// formats are the values of -o.
const formats = "table, json or csv"

func (g *grid) print(w io.Writer, format string) error {
	switch format {
	case "table":
		return g.printTable(w)
	case "json":
		return g.printJSON(w)
	case "csv":
		return g.printCSV(w)
	}
	return usageError("-o %q: want %s", format, formats)
}

func (g *grid) printTable(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, strings.Join(g.columns, "\t"))
	for _, row := range g.rows {
		for i, c := range row {
			if i > 0 {
				fmt.Fprint(t, "\t")
			}
			if c.none {
				fmt.Fprint(t, "-")
				continue
			}
			fmt.Fprint(t, c.text)
		}
		fmt.Fprintln(t)
	}
	return t.Flush()
}

// printJSON prints an array of objects; what has no value is left out.
func (g *grid) printJSON(w io.Writer) error {
	var b bytes.Buffer
	b.WriteString("[")
	for i, row := range g.rows {
		if i > 0 {
			b.WriteString(",")
		}
		b.WriteString("\n  {")
		first := true
		for j, c := range row {
			if c.none {
				continue
			}
			if !first {
				b.WriteString(", ")
			}
			first = false
			if err := writeMember(&b, g.columns[j], c); err != nil {
				return err
			}
		}
		b.WriteString("}")
	}
	b.WriteString("\n]\n")
	_, err := w.Write(b.Bytes())
	return err
}

func writeMember(b *bytes.Buffer, name string, c cell) error {
	key, err := json.Marshal(name)
	if err != nil {
		return err
	}
	value := []byte(c.text)
	if !c.number {
		if value, err = json.Marshal(c.text); err != nil {
			return err
		}
	}
	b.Write(key)
	b.WriteString(": ")
	b.Write(value)
	return nil
}

func (g *grid) printCSV(w io.Writer) error {
	c := csv.NewWriter(w)
	record := append([]string(nil), g.columns...)
	if err := c.Write(record); err != nil {
		return err
	}
	for _, row := range g.rows {
		for i := range row {
			record[i] = row[i].text
		}
		if err := c.Write(record); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

// resultGrid lays a result out: subject, name, report, values.
func resultGrid(r *protocol.Result) *grid {
	g := &grid{columns: []string{"subject", "name"}}
	if len(r.Heads) > 0 {
		g.columns = append(g.columns, "report_date", "report_type", "declare_date", "period", "year")
	}
	g.columns = append(g.columns, r.IDs...)
	for i, s := range r.Subjects {
		row := []cell{textCell(s.Key), textCell(s.Name)}
		if len(r.Heads) > 0 {
			row = append(row, headCells(&r.Heads[i])...)
		}
		for c := range r.IDs {
			row = append(row, numberCell(r.Value(i, c)))
		}
		g.rows = append(g.rows, row)
	}
	return g
}

func headCells(h *protocol.Head) []cell {
	declared := cell{none: true}
	if h.DeclareDate.Given {
		declared = textCell(string(protocol.AppendDay(nil, h.DeclareDate.Seconds)))
	}
	return []cell{textCell(string(protocol.AppendDay(nil, h.ReportDate))), textCell(h.Type), declared,
		textCell(h.Period), intCell(int64(h.Year))}
}

func subjectGrid(subjects []*protocol.Subject) *grid {
	g := &grid{columns: []string{"subject", "name", "status", "listing_date", "category", "topics", "tags"}}
	for _, s := range subjects {
		tags := make([]string, len(s.Tags))
		for i, t := range s.Tags {
			tags[i] = t.Kind + "=" + t.Text
		}
		g.rows = append(g.rows, []cell{textCell(s.Key), textCell(s.Name), textCell(s.Status), textCell(s.ListingDate),
			textCell(s.Category), textCell(strings.Join(s.Topics, ";")), textCell(strings.Join(tags, ";"))})
	}
	return g
}

func tableGrid(tables []*protocol.Table) *grid {
	g := &grid{columns: []string{"table", "name", "id", "code", "title", "unit"}}
	for _, t := range tables {
		for _, ind := range t.Indicators {
			g.rows = append(g.rows, []cell{intCell(int64(t.Number)), textCell(t.Name), textCell(ind.ID),
				textCell(ind.Code), textCell(ind.Title), textCell(ind.Unit)})
		}
	}
	return g
}

func statGrid(stats []protocol.Stat) *grid {
	g := &grid{columns: []string{"name", "value"}}
	for _, s := range stats {
		value := numberCell(s.Number)
		if s.Text != "" {
			value = textCell(s.Text)
		}
		g.rows = append(g.rows, []cell{textCell(s.Name), value})
	}
	return g
}
