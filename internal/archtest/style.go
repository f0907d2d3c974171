package archtest

import (
	"fmt"
	"go/ast"
	"go/token"
	"slices"
	"strconv"
	"strings"
)

// Longest that things may be, in lines.
const (
	maxFileLines     = 400
	maxFunctionLines = 60 // what judges others may list more cases
)

// packageComments returns a fault for each package without a comment on its package clause.
func packageComments(sources []*Source) []Fault {
	var faults []Fault
	commented := map[string]bool{}
	for _, s := range sources {
		if s.Syntax.Doc != nil && strings.TrimSpace(s.Syntax.Doc.Text()) != "" {
			commented[s.Dir()] = true
		}
	}
	for _, s := range sources {
		if dir := s.Dir(); !commented[dir] {
			faults = append(faults, Fault{s.Path, s.line(s.Syntax.Package), "package " + s.Syntax.Name.Name + " has no package comment"})
			commented[dir] = true // once is enough
		}
	}
	return faults
}

// lengths returns what is too long, unless excuse knows it by name.
func lengths(s *Source, excuse func(name string) bool) []Fault {
	var faults []Fault
	if s.Lines > maxFileLines && !excuse(s.Path) {
		faults = append(faults, Fault{s.Path, maxFileLines + 1, fmt.Sprintf("file of %d lines: at most %d, split it by theme",
			s.Lines, maxFileLines)})
	}
	if s.Judges() {
		return faults
	}
	for _, d := range s.Syntax.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		n := s.line(f.End()) - s.line(f.Pos()) + 1 // Pos is past the doc comment
		if name := functionName(f); n > maxFunctionLines && !excuse(s.Dir()+" "+name) {
			faults = append(faults, Fault{s.Path, s.line(f.Pos()), fmt.Sprintf("function %s of %d lines: at most %d, split it",
				name, n, maxFunctionLines)})
		}
	}
	return faults
}

// functionName returns the name of a function as pprof shows it: rank, (*Engine).Apply, Result.Rows.
func functionName(f *ast.FuncDecl) string {
	if f.Recv == nil || len(f.Recv.List) == 0 {
		return f.Name.Name
	}
	of, format := f.Recv.List[0].Type, "%s.%s"
	if star, ok := of.(*ast.StarExpr); ok {
		of, format = star.X, "(*%s).%s"
	}
	switch generic := of.(type) {
	case *ast.IndexExpr:
		of = generic.X
	case *ast.IndexListExpr:
		of = generic.X
	}
	if name, ok := of.(*ast.Ident); ok {
		return fmt.Sprintf(format, name.Name, f.Name.Name)
	}
	return f.Name.Name
}

// unfinished are the words of work that was left for another day. They are put together so that this file has none.
var unfinished = []string{"TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"}

// comments returns the comments that speak of unfinished work.
func comments(s *Source) []Fault {
	var faults []Fault
	for _, group := range s.Syntax.Comments {
		for _, c := range group.List {
			words := strings.FieldsFunc(c.Text, func(r rune) bool { return r < 'A' || r > 'Z' })
			for _, w := range unfinished {
				if slices.Contains(words, w) {
					faults = append(faults, Fault{s.Path, s.line(c.Pos()), w + ": finish it, or write an issue"})
				}
			}
		}
	}
	return faults
}

// errorTexts returns the places that lose or match the text of an error: fmt.Errorf that prints an error without %w and,
// but for what judges others, conditions on what an error's text is.
//
// It looks at names, not at types: an error is what is called err, ends with Err, or has its Error() called.
func errorTexts(s *Source) []Fault {
	var faults []Fault
	add := func(n ast.Node, rule string) { faults = append(faults, Fault{s.Path, s.line(n.Pos()), rule}) }
	ast.Inspect(s.Syntax, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			if isCall(n, "fmt", "Errorf") && errorsUnwrapped(n) {
				add(n, "fmt.Errorf prints an error without wrapping it: use %w")
			}
			if !s.Judges() && isTextPredicate(n) && slices.ContainsFunc(n.Args, isErrorText) {
				add(n, "an error is told by its text: use errors.Is or errors.As")
			}
		case *ast.BinaryExpr:
			compares := n.Op == token.EQL || n.Op == token.NEQ
			if !s.Judges() && compares && (isErrorText(n.X) || isErrorText(n.Y)) {
				add(n, "an error is compared by its text: use errors.Is or errors.As")
			}
		case *ast.SwitchStmt:
			if !s.Judges() && n.Tag != nil && isErrorText(n.Tag) {
				add(n, "an error is told by its text: use errors.Is or errors.As")
			}
		}
		return true
	})
	return faults
}

// errorsUnwrapped tells whether a call of fmt.Errorf has more errors among its arguments than %w in its format. A
// format that is not a literal cannot be judged.
func errorsUnwrapped(call *ast.CallExpr) bool {
	if len(call.Args) == 0 {
		return false
	}
	format, ok := literal(call.Args[0])
	if !ok {
		return false
	}
	errs := 0
	for _, arg := range call.Args[1:] {
		if isError(arg) || isErrorText(arg) {
			errs++
		}
	}
	return errs > strings.Count(format, "%w")
}

// literal returns the text of a string literal, or of several added up.
func literal(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return text, err == nil && e.Kind == token.STRING
	case *ast.BinaryExpr:
		x, okX := literal(e.X)
		y, okY := literal(e.Y)
		return x + y, okX && okY && e.Op == token.ADD
	}
	return "", false
}

// isError tells whether an expression is an error, by its name.
func isError(e ast.Expr) bool {
	name := ""
	switch e := e.(type) {
	case *ast.Ident:
		name = e.Name
	case *ast.SelectorExpr:
		name = e.Sel.Name
	}
	return name == "err" || strings.HasSuffix(name, "Err") || strings.HasPrefix(name, "Err") && len(name) > len("Err") &&
		name[3] >= 'A' && name[3] <= 'Z'
}

// isErrorText tells whether an expression is a call of Error().
func isErrorText(e ast.Expr) bool {
	call, ok := e.(*ast.CallExpr)
	if !ok || len(call.Args) > 0 {
		return false
	}
	f, ok := call.Fun.(*ast.SelectorExpr)
	return ok && f.Sel.Name == "Error"
}

// textPredicates are the functions of package strings that tell something about a text.
var textPredicates = []string{"Contains", "ContainsAny", "HasPrefix", "HasSuffix", "EqualFold", "Index", "Count", "Compare"}

func isTextPredicate(call *ast.CallExpr) bool {
	return slices.ContainsFunc(textPredicates, func(name string) bool { return isCall(call, "strings", name) })
}

// isCall tells whether call calls pkg.name.
func isCall(call *ast.CallExpr, pkg, name string) bool {
	f, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || f.Sel.Name != name {
		return false
	}
	x, ok := f.X.(*ast.Ident)
	return ok && x.Name == pkg
}
