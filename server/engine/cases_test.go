package engine_test

import (
	"testing"

	"github.com/kamaitachi/kamaitachi/internal/oracle/oracletest"
)

func TestEngineHoldsEveryRule(t *testing.T) { oracletest.RunCases(t, open) }
