package conf

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
)

// shipped lists the configurations that come with the product.
var shipped = []string{"standalone.ini", "master.ini", "slave1.ini", "slave2.ini", "gateway.ini"}

func TestTheShippedFilesAreTheManuals(t *testing.T) {
	for _, test := range []struct {
		file                      string
		mode                      Mode
		http, native, replication Port
		expect                    int
		dataDir                   string
	}{
		{"standalone.ini", Standalone, 8080, 7080, PortOff, 1, "./data/standalone"},
		{"master.ini", Master, 8080, 7080, 6080, 3, "./data/master"},
		{"slave1.ini", Slave, 8081, 7081, 6081, 3, "./data/slave1"},
		{"slave2.ini", Slave, 8082, 7082, 6082, 3, "./data/slave2"},
		{"gateway.ini", Gateway, 9000, 9100, PortOff, 1, "./data/standalone"},
	} {
		c, err := Load(test.file, LoadOptions{})
		if err != nil {
			t.Error(err)
			continue
		}
		s := c.Server
		if s.Mode != test.mode || s.Port != test.http || s.NativePort != test.native ||
			s.ReplicationPort != test.replication || s.Expect != test.expect || s.DataDir != test.dataDir {
			t.Errorf("%s: loaded %+v, want %+v", test.file, s, test)
		}
		if s.Bind != "127.0.0.1" || s.Insecure || s.AdminPort.On() {
			t.Errorf("%s is open: %+v", test.file, s)
		}
		if len(c.Warnings) > 0 {
			t.Errorf("%s: %q", test.file, c.Warnings)
		}
	}
}

func TestTheShippedFilesAreBuiltIn(t *testing.T) {
	for _, name := range append(slices.Clone(shipped), "catalog.ini") {
		disk, err := os.ReadFile(name)
		if err != nil {
			t.Error(err)
			continue
		}
		built, err := builtin.ReadFile(name)
		if err != nil || string(built) != string(disk) {
			t.Errorf("%s: built in is another one than on disk, or none: %v", name, err)
		}
	}
}

func TestAProgramWithoutAFileTakesTheBuiltInOneThatItNames(t *testing.T) {
	c, err := Load("", LoadOptions{Builtin: "gateway.ini"})
	if err != nil {
		t.Fatal(err)
	}
	if c.Server.Mode != Gateway || c.Server.Port != 9000 {
		t.Errorf("loaded a %s at port %v", c.Server.Mode, c.Server.Port)
	}
	_, err = Load("", LoadOptions{Builtin: "gateway.ini", Modes: []Mode{Slave}})
	if !errors.Is(err, ErrConflict) || !strings.Contains(err.Error(), "built-in gateway.ini") {
		t.Errorf("the error does not name the file: %v", err)
	}
}

func TestNodesOfAGatewayAreAddressesOrNothing(t *testing.T) {
	for set, want := range map[string]error{
		"": nil, "localhost:7080": nil, "localhost:7080, localhost:7081": nil, "localhost": ErrBadValue, "http://a:1": ErrBadValue,
	} {
		_, err := Load("", LoadOptions{Builtin: "gateway.ini", Set: []string{"gateway.nodes=" + set}})
		if !errors.Is(err, want) {
			t.Errorf("nodes = %q: %v, want %v", set, err, want)
		}
	}
}

func TestTheShippedCatalogNumbersFinanceAsTheReferenceDoes(t *testing.T) {
	tables, err := LoadCatalog("")
	if err != nil {
		t.Fatal(err)
	}
	if len(tables) == 0 || tables[0].Number != 1 || tables[0].Name != "finance" || tables[0].DefaultReportType != "0408" {
		t.Fatalf("the first table is not number 1, finance, of reports 0408: %+v", tables)
	}
	for i, want := range []string{"operating_income 1001", "parent_holder_net_profit 1002", "total_operating_cost 1003",
		"net_profit 1004", "operating_profit 1005", "total_profit 1006"} {
		id, code, _ := strings.Cut(want, " ")
		if got := tables[0].Indicators[i]; got.ID != id || got.Code != code {
			t.Errorf("indicator %d is %s %s, want %s", i, got.ID, got.Code, want)
		}
	}
}
