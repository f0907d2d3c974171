package client_test

import (
	"log/slog"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/panjf2000/gnet/v2"

	"github.com/kamaitachi/kamaitachi/client"
	"github.com/kamaitachi/kamaitachi/internal/loops"
	"github.com/kamaitachi/kamaitachi/protocol"
)

// carrier is what optionsOf lets carry connections; nil = goroutines.
var carrier client.Loops

// realLoops are event loops as a gateway has them.
type realLoops struct {
	engine  *loops.Engine
	carried atomic.Int64
}

func (y *realLoops) Carry(nc net.Conn, h client.LineHandler) error {
	err := y.engine.Carry(nc, lineHandler{h})
	if err == nil {
		y.carried.Add(1)
	}
	return err
}

type lineHandler struct{ client.LineHandler }

func (h lineHandler) Opened(l *loops.Line) { h.LineHandler.Opened(l) }

// nobody accepts connections that nobody makes.
type nobody struct{ gnet.BuiltinEventEngine }

func (*nobody) Sweep() {}

// startLoops starts event loops that carry the connections of all clients until the test ends.
func startLoops(t *testing.T) *realLoops {
	y := &realLoops{engine: loops.New(&nobody{}, loops.Options{SweepEvery: time.Second, Logger: slog.New(slog.DiscardHandler)})}
	if err := y.engine.Start(&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}); err != nil {
		t.Fatal(err)
	}
	carrier = y
	t.Cleanup(func() {
		carrier = nil
		y.engine.Stop()
	})
	return y
}

// What other tests say of connections holds on event loops too.
func TestConnectionsOnEventLoops(t *testing.T) {
	y := startLoops(t)
	for name, test := range map[string]func(*testing.T){
		"room":               TestWaitingForRoomEndsWithTheContext,
		"reply":              TestWaitingForAReplyEndsWithTheContext,
		"cancellation":       TestACancellationStormHarmsNobodyElse,
		"giving up":          TestGivingUpDoesNotExceedWhatTheNodeAccepts,
		"no reply":           TestWhatIsNoReplyBreaksTheConnection,
		"not decoded":        TestAnAnswerThatCannotBeDecodedBreaksTheConnection,
		"too large":          TestAReplyThatIsTooLargeHarmsItsOwnCallOnly,
		"great":              TestAGreatReplyArrivesWhole,
		"refused":            TestWhatTheNodeRefusesIsItsOwnError,
		"any order":          TestRepliesInAnyOrderReachTheirCallers,
		"lanes":              TestBigReadsAndWritesHoldUpNoSmallRead,
		"restart":            TestReadsSurviveARestart,
		"lost write":         TestAWriteWhoseAnswerWasLostIsSentAgainAsTheSame,
		"write in flight":    TestAWriteInFlightIsNotRepeated,
		"silent peer":        TestASilentPeerIsFoundOut,
		"slow peer":          TestASlowPeerIsNotTakenForDead,
		"node that hangs":    TestNoReadFailsWhenANodeHangs,
		"master":             TestWritesFindTheMasterAndStayWithIt,
		"members":            TestMembersComeAndGoWithoutAFailedRead,
		"node that leaves":   TestANodeThatLeavesAnswersWhatItHas,
		"prepared":           TestAPreparedQuerySurvivesARestart,
		"relay":              TestRelayedRequestsLeaveTogetherAndComeBackToTheirSink,
		"relay elsewhere":    TestARelayedReadIsSentElsewhereWhenItsNodeGoes,
		"relay to master":    TestARelayedWriteFindsTheMaster,
		"relay and deadline": TestARelayedRequestEndsAtItsDeadlineAndWithItsClient,
		"relay and prepared": TestARelayedExecutionIsPreparedWhereItMust,
	} {
		t.Run(name, func(t *testing.T) {
			before := y.carried.Load()
			test(t)
			if y.carried.Load() == before {
				t.Error("no connection was on an event loop: this says nothing")
			}
		})
	}
}

// A node reads nothing for a while: what it does not take waits with the loop and in the buffer of the connection, and goes
// on when it reads again.
func TestALineGoesOnWhenItsPeerReadsAgain(t *testing.T) {
	y := startLoops(t)
	release := make(chan struct{})
	n := node(t, func(p *peer, q request) {
		<-release
		p.reply(q, 1, protocol.Empty{})
	})
	o := n.options()
	o.MaxInFlight, o.IdlePing = 64, -1
	c := open(t, o)
	report := protocol.Report{Subject: strings.Repeat("s", 200), Values: make([]float64, 10)}
	put := &protocol.Put{}
	for range 3_000 { // 0.9 MB
		put.Reports = append(put.Reports, report)
	}
	var wg sync.WaitGroup
	for range 48 {
		wg.Go(func() {
			ctx, cancel := withPatience()
			defer cancel()
			if _, err := c.Put(ctx, put); err != nil {
				t.Error(err)
			}
		})
	}
	time.AfterFunc(shortly, func() { close(release) })
	wg.Wait()
	if y.carried.Load() == 0 {
		t.Error("no connection was on an event loop: this says nothing")
	}
}

func TestConnectionsThatLoopsDoNotCarryHaveGoroutines(t *testing.T) {
	y := startLoops(t)
	n := node(t, answers(1))
	o := n.options()
	o.Dial = n.dialPipe // has no descriptor
	c := open(t, o)
	var r protocol.Result
	if err := c.Recent(background(), recent("33:1"), &r); err != nil || r.Applied != 101 {
		t.Errorf("answered %+v, %v", r, err)
	}
	if y.carried.Load() != 0 {
		t.Error("a pipe was on an event loop: this says nothing")
	}
}

// When the loops end, the connections are lost, and others with goroutines are made.
func TestTheClientOutlivesItsLoops(t *testing.T) {
	y := startLoops(t)
	c := open(t, node(t, answers(1)).options())
	ask := func() {
		t.Helper()
		var r protocol.Result
		if err := c.Recent(background(), recent("33:1"), &r); err != nil || r.Applied != 101 {
			t.Errorf("answered %+v, %v", r, err)
		}
	}
	ask()
	y.engine.Stop()
	ask()
}
