package bench

import (
	"os"
	"testing"
	"time"
)

func TestASpreadIsTheMedianTheMiddleHalfAndTheEnds(t *testing.T) {
	for _, test := range []struct {
		figures []float64
		want    Spread
	}{
		{nil, Spread{}},
		{[]float64{3}, Spread{Median: 3, Low: 3, High: 3, Min: 3, Max: 3, Rounds: 1}},
		{[]float64{4, 2}, Spread{Median: 3, Low: 2.5, High: 3.5, Min: 2, Max: 4, Rounds: 2}},
		{[]float64{5, 1, 4, 2, 3}, Spread{Median: 3, Low: 2, High: 4, Min: 1, Max: 5, Rounds: 5}},
		{[]float64{1, 1, 1, 100}, Spread{Median: 1, Low: 1, High: 25.75, Min: 1, Max: 100, Rounds: 4}},
	} {
		if got := SpreadOf(test.figures); got != test.want {
			t.Errorf("spread of %v is %+v, want %+v", test.figures, got, test.want)
		}
	}
}

func TestTheCPUTimeOfAProcessGrowsWithItsWork(t *testing.T) {
	before, err := ProcessCPU(os.Getpid())
	if err != nil {
		t.Skip(err)
	}
	const work = 20 * time.Millisecond
	for began := time.Now(); time.Since(began) < 10*time.Second; {
		after, err := ProcessCPU(os.Getpid())
		if err != nil {
			t.Fatal(err)
		}
		if after-before >= work {
			return
		}
	}
	t.Errorf("ten busy seconds used less than %s", work)
}

func TestAProcessThatIsNotThereHasNoCPUTime(t *testing.T) {
	if used, err := ProcessCPU(1 << 22); err == nil {
		t.Errorf("process 4,194,304 used %s", used)
	}
}
