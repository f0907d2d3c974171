package cli

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/kamaitachi/kamaitachi/client"
)

// flags defines the flags that say which cluster is meant.
func (w *where) flags(f *flag.FlagSet) {
	listVar(f, &w.addresses, "addr", "native `addresses` of nodes to ask, comma separated, instead of those that etcd lists")
	f.StringVar(&w.config, "config", "", "configuration `file` that says where etcd is (default: conf/"+masterFile+", or a built-in one)")
	f.Var(&w.set, "set", "`section.key=value` instead of the configuration's; may be given several times")
	f.DurationVar(&w.timeout, "timeout", 3*time.Second, "give up on a node after this `time`")
}

func runStatus(ctx context.Context, args []string, s Streams) error {
	f := newFlags(s, "status", "[-o table|json] [-addr HOST:PORT,...]")
	var w where
	w.flags(f)
	format := f.String("o", "table", "output: table or json")
	if err := parse(f, args, 0); err != nil {
		return err
	}
	if *format != "table" && *format != "json" {
		return usageError("-o %q: want table or json", *format)
	}
	v, err := w.surveyor(s)
	if err != nil {
		return err
	}
	found, err := v.survey(ctx)
	if err != nil {
		return err
	}
	if err := found.print(s.Out, *format); err != nil {
		return err
	}
	return found.fault()
}

// print prints a survey.
func (s *survey) print(w io.Writer, format string) error {
	if format == "json" {
		text, err := json.MarshalIndent(s, "", "  ")
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(w, "%s\n", text)
		return err
	}
	if s.ClusterID != "" {
		fmt.Fprintf(w, "cluster  %s\n", strings.TrimSpace(s.Name+" "+s.ClusterID))
		fmt.Fprintf(w, "term     %d, committed %d, %d voters%s\n", s.Term, s.Committed, s.Voters, s.condition())
	}
	if s.Etcd != nil {
		answers := "answers"
		if !s.Etcd.Reachable {
			answers = "does not answer: " + s.Etcd.Error
		}
		fmt.Fprintf(w, "etcd     %s %s\n", strings.Join(s.Etcd.Endpoints, ","), answers)
	}
	fmt.Fprintln(w)
	return s.grid().printTable(w)
}

// condition says in words what is wrong with the whole, "" if nothing is.
func (s *survey) condition() string {
	switch err := s.fault(); {
	case err != nil:
		return "; " + err.Error()
	case !s.Formed:
		return "; it waits for more voters until it takes writes"
	}
	return ""
}

// grid returns the nodes as rows.
func (s *survey) grid() *grid {
	g := &grid{columns: []string{"NAME", "ROLE", "VOTE", "STATE", "APPLIED", "LAG", "NATIVE", "HTTP", "REPLICATION", "ZONE", "ID"}}
	orNone := func(text string) cell { return cell{text: text, none: text == ""} }
	for _, n := range s.Nodes {
		applied, lag := cell{none: true}, cell{none: true}
		if n.heard {
			applied, lag = intCell(int64(n.Applied)), intCell(int64(n.Lag))
		}
		g.rows = append(g.rows, []cell{orNone(n.Name), orNone(n.Role), orNone(n.Vote), orNone(n.State), applied, lag,
			orNone(n.Native), orNone(n.HTTP), orNone(n.Replication), orNone(n.Zone), orNone(n.ID)})
	}
	return g
}

func runMember(ctx context.Context, args []string, s Streams) error {
	const usage = "list|remove ID [flags]"
	if len(args) == 0 || args[0] != "list" && args[0] != "remove" {
		fmt.Fprintf(s.Err, "usage: kamaitachi member %s\n", usage)
		if len(args) > 0 && strings.Contains(args[0], "-h") {
			return flag.ErrHelp
		}
		return errUsage
	}
	f := newFlags(s, "member "+args[0], "[flags]")
	var w where
	w.flags(f)
	id, rest := "", args[1:]
	if args[0] == "remove" && len(rest) > 0 && !strings.HasPrefix(rest[0], "-") {
		id, rest = rest[0], rest[1:]
	}
	if err := parse(f, rest, 1); err != nil {
		return err
	}
	if f.NArg() > 0 && (id != "" || args[0] == "list") {
		return usageError("unexpected argument %q", f.Arg(0))
	} else if f.NArg() > 0 {
		id = f.Arg(0)
	}
	v, err := w.surveyor(s)
	if err != nil {
		return err
	}
	if args[0] == "list" {
		return listMembers(ctx, v, s)
	}
	if id == "" {
		return usageError("which node? kamaitachi member list shows the ids")
	}
	return removeMember(ctx, v, id, s)
}

// listMembers prints those who belong to the cluster, whether they answer or not.
func listMembers(ctx context.Context, v *surveyor, s Streams) error {
	found, err := v.survey(ctx)
	if err != nil {
		return err
	}
	if found.ClusterID == "" {
		return errNoMaster
	}
	g := &grid{columns: []string{"ID", "NAME", "ROLE", "VOTE", "REPLICATION"}}
	for _, n := range found.Nodes {
		if n.Vote != "none" {
			g.rows = append(g.rows, []cell{textCell(n.ID), {text: n.Name, none: n.Name == ""}, {text: n.Role, none: n.Role == ""},
				textCell(n.Vote), textCell(n.Replication)})
		}
	}
	return g.printTable(s.Out)
}

// removeTimeout bounds the removal: a majority has to learn of it.
const removeTimeout = 15 * time.Second

// removeMember has the master remove a node.
func removeMember(ctx context.Context, v *surveyor, id string, s Streams) error {
	found, err := v.survey(ctx)
	if err != nil {
		return err
	}
	if err := found.fault(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, removeTimeout)
	defer cancel()
	c, err := client.Open(ctx, client.Options{Addresses: []string{found.node(found.Master).Native}, Name: "kamaitachi member"})
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.RemoveMember(ctx, id); err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.Out, "%s is no member any more and answers no queries. Started again with its data it joins anew; with an "+
		"empty directory it joins under another id.\n", id)
	return err
}
