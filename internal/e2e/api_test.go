package e2e_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the answers of docs/api anew")

const apiDocs = "../../docs/api/README.md"

// documented finds each request with the answer behind it: method and target, body, kind, status, answer.
var documented = regexp.MustCompile("(?s)```http\n([A-Z]+ [^\n]+)\n(.*?)```\n\n```(json|json shape|text|text starts)( \\d+)?\n(.*?)\n?```\n")

// TestTheDocumentedAnswersAreGiven sends every request of docs/api to a node with the generated market.
func TestTheDocumentedAnswersAreGiven(t *testing.T) {
	node := start(t, t.TempDir(), "-set", "ratelimit.default=0")
	csv := must(t, "generate")
	load := exec.Command(kamaitachi(t), "import", "-addr", node.addrs["native"], "-")
	load.Stdin = strings.NewReader(csv)
	if out, err := load.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	text, err := os.ReadFile(apiDocs)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	fresh := documented.ReplaceAllStringFunc(string(text), func(block string) string {
		found++
		part := documented.FindStringSubmatch(block)
		request, body, kind := part[1], strings.TrimSpace(part[2]), part[3]
		status, answer := ask(t, node.addrs["http"], request, body)
		if kind == "text starts" {
			answer, _, _ = strings.Cut(answer, "\n")
		}
		if !*update {
			t.Run(request, func(t *testing.T) { compareAnswers(t, kind, part[4]+"\n"+part[5], status+"\n"+answer) })
			return block
		}
		return fmt.Sprintf("```http\n%s\n%s```\n\n```%s%s\n%s\n```\n", request, part[2], kind, status, answer)
	})
	if found < 25 {
		t.Fatalf("%d requests found in %s", found, apiDocs)
	}
	if *update {
		if err := os.WriteFile(apiDocs, []byte(fresh), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// documentedRequests returns the parts of each request of docs/api.
func documentedRequests(t *testing.T) [][]string {
	t.Helper()
	text, err := os.ReadFile(apiDocs)
	if err != nil {
		t.Fatal(err)
	}
	return documented.FindAllStringSubmatch(string(text), -1)
}

// ask sends a request and returns its status, "" for 200, and the answer.
func ask(t *testing.T, host, request, body string) (status, answer string) {
	t.Helper()
	method, target, _ := strings.Cut(request, " ")
	req, err := http.NewRequest(method, "http://"+host+target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var b bytes.Buffer
	if _, err := io.Copy(&b, resp.Body); err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK {
		status = fmt.Sprint(" ", resp.StatusCode)
	}
	return status, strings.TrimSpace(b.String())
}

// compareAnswers compares the whole answer, or of a shape the names in it.
func compareAnswers(t *testing.T, kind, want, got string) {
	t.Helper()
	if kind != "json shape" {
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("documented -, given +:\n%s", diff)
		}
		return
	}
	if diff := cmp.Diff(names(t, want), names(t, got)); diff != "" {
		t.Errorf("documented names -, given +:\n%s", diff)
	}
}

// digits are the keys that are times.
var digits = regexp.MustCompile(`^\d+$`)

// names returns the paths of all names in a JSON text, sorted.
func names(t *testing.T, text string) []string {
	t.Helper()
	_, text, _ = strings.Cut(text, "\n")
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v: %.200s", err, text)
	}
	var paths []string
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for name, member := range v {
				if digits.MatchString(name) {
					name = "0"
				}
				walk(path+"."+name, member)
			}
		case []any:
			for _, item := range v {
				walk(path+"[]", item)
			}
		default:
			paths = append(paths, path)
		}
	}
	walk("", v)
	slices.Sort(paths)
	return slices.Compact(paths)
}
