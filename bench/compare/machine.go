package compare

import (
	"bufio"
	"context"
	"os"
	"runtime"
	"strings"

	"github.com/kamaitachi/kamaitachi/bench/redis"
)

// Machine is what a run was measured on.
type Machine struct {
	CPU    string `json:"cpu"`
	Cores  int    `json:"cores"`
	Memory string `json:"memory"`
	System string `json:"system"`
	Go     string `json:"go"`
}

// thisMachine asks the system; what it does not tell stays "".
func thisMachine() Machine {
	kernel, _ := os.ReadFile("/proc/sys/kernel/osrelease") // on other systems there is none
	return Machine{
		CPU: procValue("/proc/cpuinfo", "model name"), Cores: runtime.NumCPU(), Memory: procValue("/proc/meminfo", "MemTotal"),
		System: strings.TrimSpace(runtime.GOOS + "/" + runtime.GOARCH + " " + string(kernel)), Go: runtime.Version(),
	}
}

// procValue returns what stands behind "name:" in a file of /proc, "" where it does not.
func procValue(path, name string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if key, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// notFound is the version of a program that is not here.
const notFound = "not found"

// programs tells the versions of the programs that are measured against.
func (l *lab) programs(ctx context.Context) []Program {
	server := Program{"redis-server", notFound}
	if path, err := redis.Find(l.o.Redis); err == nil {
		if version, err := redis.Version(ctx, path); err == nil {
			server.Version = version
		}
	}
	lite := Program{"sqlite3", notFound}
	if version, err := l.run(ctx, "sqlite3", "--version"); err == nil {
		lite.Version = strings.TrimSpace(version)
	}
	return []Program{server, lite}
}
