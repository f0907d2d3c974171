package protocol

import "fmt"

// Op is the number of an operation. The numbers are part of the protocol and never change (SPEC.md).
type Op uint8

// The operations. Those below OpPut read, OpPut up to OpPrepare write. Numbers without a handler on the node are
// answered with CodeUnsupported.
const (
	OpHello          Op = 1
	OpPing           Op = 2
	OpSnapshot       Op = 3
	OpPeriod         Op = 4
	OpRecent         Op = 5
	OpSelectSnapshot Op = 6
	OpSelectPeriod   Op = 7
	OpGet            Op = 8
	OpSearch         Op = 9
	OpSubjects       Op = 10
	OpTables         Op = 11
	OpStats          Op = 12
	OpResetCounters  Op = 13

	OpPut         Op = 16
	OpDelete      Op = 17
	OpPutSubjects Op = 18
	OpPutTables   Op = 19

	OpPrepare Op = 24
	OpExecute Op = 25
	OpForget  Op = 26

	OpCluster      Op = 32
	OpWatch        Op = 33 // reserved
	OpAdmin        Op = 34 // reserved
	OpRemoveMember Op = 35

	// MaxOp is the greatest number that is or may be given to an operation of this version.
	MaxOp Op = 63
)

var opNames = map[Op]string{
	OpHello: "HELLO", OpPing: "PING", OpSnapshot: "SNAPSHOT", OpPeriod: "PERIOD", OpRecent: "RECENT",
	OpSelectSnapshot: "SELECT_SNAPSHOT", OpSelectPeriod: "SELECT_PERIOD", OpGet: "GET", OpSearch: "SEARCH",
	OpSubjects: "SUBJECTS", OpTables: "TABLES", OpStats: "STATS", OpResetCounters: "RESET_COUNTERS", OpPut: "PUT", OpDelete: "DELETE",
	OpPutSubjects: "PUT_SUBJECTS", OpPutTables: "PUT_TABLES", OpPrepare: "PREPARE", OpExecute: "EXECUTE",
	OpForget: "FORGET", OpCluster: "CLUSTER", OpWatch: "WATCH", OpAdmin: "ADMIN", OpRemoveMember: "REMOVE_MEMBER",
}

// String returns the operation's name as SPEC.md writes it.
func (o Op) String() string {
	if name, ok := opNames[o]; ok {
		return name
	}
	return fmt.Sprintf("operation %d", uint8(o))
}

// Writes tells whether the operation changes rows, subjects or the catalog.
func (o Op) Writes() bool { return o >= OpPut && o < OpPrepare }

// NeedsMaster tells whether only the node that leads carries the operation out.
func (o Op) NeedsMaster() bool { return o.Writes() || o == OpRemoveMember }
