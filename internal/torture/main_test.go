package torture

import (
	"os"
	"testing"

	"github.com/kamaitachi/kamaitachi/internal/clustertest"
)

func TestMain(m *testing.M) { os.Exit(clustertest.Main(m)) }
