//go:build !linux

package bench

import (
	"errors"
	"time"
)

// ProcessCPU is for Linux only.
func ProcessCPU(int) (time.Duration, error) {
	return 0, errors.New("the CPU time of another process is known on Linux only")
}
