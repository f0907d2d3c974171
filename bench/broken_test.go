package bench

import (
	"context"
	"net"
	"strings"
	"testing"
)

// breaking accepts connections, reads what comes first on each, writes an answer and closes.
func breaking(t *testing.T, answer string) Address {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				buf := make([]byte, 64<<10)
				if _, err := c.Read(buf); err == nil {
					c.Write([]byte(answer))
				}
			}()
		}
	}()
	return Address{Scheme: "http", Host: l.Addr().String()}
}

func TestALoadWhoseConnectionsBreakFailsAndSaysWhere(t *testing.T) {
	for name, c := range map[string]struct{ answer, want string }{
		"closed without an answer": {"", "1 requests in flight"},
		"an answer that is cut":    {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", "1 requests in flight"},
		"an answer of no HTTP":     {"0123456789\r\n\r\n", "without Content-Length"},
	} {
		for _, l := range []Load{{Pipeline: 1}, {Pipeline: 1, Rate: 1_000}, {Pipeline: 2}} {
			t.Run(name, func(t *testing.T) {
				at := breaking(t, c.answer)
				l.Scenario, l.Market, l.Addresses, l.Conns, l.Requests = RankingOfMany, market(), []Address{at}, 4, 1_000
				_, err := Run(context.Background(), l)
				if err == nil || !strings.Contains(err.Error(), at.String()) {
					t.Fatalf("got %v, want an error that names %v", err, at)
				}
				if want := strings.TrimPrefix(c.want, "1 "); l.Rate == 0 && !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want %q in it", err, want)
				}
			})
		}
	}
}
