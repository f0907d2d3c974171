package e2e_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

const manualDocs = "../../docs/manual.md"

// manualBlock finds each block of commands: how it is to be run, the commands, and what they are said to print.
var manualBlock = regexp.MustCompile("(?s)```sh( [^\n]*)?\n(.*?)\n```\n(?:\n```text( each)?\n(.*?)\n```\n)?")

// TestTheManualWorksAsWritten runs every command of docs/manual.md in a fresh copy of the source, in order, and compares
// what is printed: on the very ports that it names where these are free, else on others.
func TestTheManualWorksAsWritten(t *testing.T) {
	text, err := os.ReadFile(manualDocs)
	if err != nil {
		t.Fatal(err)
	}
	c := newCheckout(t)
	ran := 0
	for _, block := range manualBlock.FindAllStringSubmatch(string(text), -1) {
		how, commands, each, want := strings.TrimSpace(block[1]), manualCommands(block[2]), block[3] != "", block[4]
		ran += len(commands)
		switch how {
		case "keeps running":
			c.startAll(t, commands)
		case "until Ctrl-C":
			for _, command := range commands {
				c.startAll(t, []string{command})
				c.interrupt(t, command)
			}
		case "after Ctrl-C in each terminal":
			c.interruptAll(t)
			c.runAll(t, commands, each, want)
		case "under load":
			c.underLoad(t, func() { c.runAll(t, commands, each, want) })
		case "":
			c.runAll(t, commands, each, want)
		default:
			t.Fatalf("no way to run a block of %q", how)
		}
	}
	if ran < 35 {
		t.Errorf("%d commands found in %s", ran, manualDocs)
	}
}

// underLoad does something while the gateway is read over both transports, and holds that no read fails.
func (c *checkout) underLoad(t *testing.T, do func()) {
	t.Helper()
	loads := []string{
		"bin/kamaitachi bench -quiet -scenario 3 -conns 4 -rate 200 -duration 10m -addr http://localhost:9000/data",
		"bin/kamaitachi bench -quiet -scenario 3 -conns 4 -rate 200 -duration 10m -addr kama://localhost:9100",
	}
	for _, load := range loads {
		c.start(t, load)
	}
	do()
	for _, load := range loads {
		t.Log(c.interrupt(t, load))
	}
}

// manualCommands returns the commands of a block, those that go over several lines as one.
func manualCommands(block string) (commands []string) {
	for _, line := range strings.Split(block, "\n") {
		if last := len(commands) - 1; last >= 0 && strings.HasSuffix(commands[last], "\\") {
			commands[last] += "\n" + line
			continue
		}
		commands = append(commands, line)
	}
	return commands
}

// runAll runs commands to their end and compares what they print, all together or each alone, with want.
func (c *checkout) runAll(t *testing.T, commands []string, each bool, want string) {
	t.Helper()
	var all strings.Builder
	for _, command := range commands {
		out := c.run(t, command)
		if check := manualChecks[command]; check != nil {
			check(t, c, command, out)
		}
		if each {
			compareWithGaps(t, command, c.words(want), out)
		}
		all.WriteString(out)
	}
	if want != "" && !each {
		compareWithGaps(t, commands[0], c.words(want), all.String())
	}
}

// compareWithGaps compares what a command prints with what the manual shows, in which "..." stands for anything within a line.
func compareWithGaps(t *testing.T, command, want, got string) {
	t.Helper()
	pattern := strings.ReplaceAll(regexp.QuoteMeta(strings.TrimSpace(want)), `\.\.\.`, `.*`)
	if !regexp.MustCompile("^" + pattern + "$").MatchString(strings.TrimSpace(got)) {
		t.Errorf("%s\nprints\n%s\nand the manual says\n%s", command, got, want)
	}
}

// manualChecks are what the manual says in words of what a command prints.
var manualChecks = map[string]func(t *testing.T, c *checkout, command, out string){
	`for i in $(seq 150); do curl -s -o /dev/null -w '%{http_code}\n' http://localhost:8080/health & done; wait  # some 429`: someAreLimited,
	"curl http://localhost:8080/stats": mostAreHits,
}

// someAreLimited holds that some of the requests are over the rate. A busy machine may take more than a second for 150 curls,
// which is no faster than the rate; then they are run again, and in the end the test sends as many itself.
func someAreLimited(t *testing.T, c *checkout, command, out string) {
	for try := range 5 {
		if limited(t, strings.Fields(out)) {
			return
		}
		if try < 3 {
			out = c.run(t, command)
			continue
		}
		out = c.burst(t, "http://localhost:8080/health", 150)
	}
	t.Error("none of 150 requests of /health was over the rate")
}

// limited tells whether some of 150 answers say so, and holds that the others are good.
func limited(t *testing.T, codes []string) bool {
	t.Helper()
	slices.Sort(codes)
	if len(codes) != 150 || codes[0] != "200" || !slices.Contains([]string{"200", "429"}, codes[149]) {
		t.Fatalf("150 requests of /health got %v", codes)
	}
	return codes[149] == "429"
}

var hitRate = regexp.MustCompile(`"cache_hit_rate":([0-9.]+)`)

// mostAreHits holds that a node that was just started finds what it is asked for in memory.
func mostAreHits(t *testing.T, _ *checkout, _, out string) {
	rate := hitRate.FindStringSubmatch(out)
	if rate == nil {
		t.Fatalf("no cache_hit_rate in %s", out)
	}
	if !strings.HasPrefix(rate[1], "99") && rate[1] != "100" {
		t.Errorf("cache_hit_rate is %s right after a start", rate[1])
	}
}

// manualWait bounds each command of the manual.
const manualWait = 2 * time.Minute
