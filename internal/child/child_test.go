package child

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"testing"
	"time"
)

// TestMain is the child too, when it is called as one.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 {
		switch os.Args[1] {
		case "good":
			fmt.Printf("hello\n%s native=127.0.0.1:1 http=127.0.0.1:2\nready native=again\n", ReadyPrefix)
			io.Copy(io.Discard, os.Stdin)
			os.Exit(0)
		case "bad":
			os.Exit(3)
		case "mute":
			io.Copy(io.Discard, os.Stdin)
			os.Exit(0)
		}
	}
	os.Exit(m.Run())
}

func TestAChildIsReadyWhenItSaysSoAndEndsWithItsInput(t *testing.T) {
	p, err := Start(t.Context(), Options{}, os.Args[0], "good")
	if err != nil {
		t.Fatal(err)
	}
	if p.Addrs["native"] != "127.0.0.1:1" || p.Addrs["http"] != "127.0.0.1:2" || p.PID() == 0 {
		t.Errorf("process %d at %v", p.PID(), p.Addrs)
	}
	if err := p.Stop(); err != nil {
		t.Errorf("it ended with %v", err)
	}
}

func TestAChildThatCannotBeStartedIsAnError(t *testing.T) {
	if _, err := Start(t.Context(), Options{}, os.Args[0], "bad"); !errors.Is(err, ErrEnded) {
		t.Errorf("one that ends at once: %v, want ErrEnded", err)
	}
	if _, err := Start(t.Context(), Options{Wait: 10 * time.Millisecond}, os.Args[0], "mute"); err == nil {
		t.Error("one that never is ready was started")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Start(ctx, Options{}, os.Args[0], "mute"); !errors.Is(err, context.Canceled) {
		t.Errorf("with a context that has ended: %v", err)
	}
	if _, err := Start(t.Context(), Options{}, t.TempDir()+"/none"); err == nil {
		t.Error("a program that is not there was started")
	}
}

func TestAKilledChildIsGoneAndMayBeStopped(t *testing.T) {
	p, err := Start(t.Context(), Options{}, os.Args[0], "good")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := p.Kill(); err != nil {
			t.Errorf("kill: %v", err)
		}
	}
	if err := p.Stop(); err != nil {
		t.Errorf("stop after kill: %v", err)
	}
}
