package redis

import (
	"errors"
	"testing"
)

func TestAReplyIsCutWhole(t *testing.T) {
	for text, failed := range map[string]bool{
		"+OK\r\n": false, "-ERR no\r\n": true, ":12\r\n": false, "$-1\r\n": false, "*-1\r\n": false, "*0\r\n": false,
		"$0\r\n\r\n": false, "$4\r\na\r\nb\r\n": false, "*2\r\n$1\r\na\r\n*2\r\n:1\r\n$-1\r\n": false, "*1\r\n-ERR x\r\n": true,
	} {
		for cut := range len(text) {
			if size, _, err := replySize([]byte(text[:cut])); size != 0 || err != nil {
				t.Errorf("%q is taken for %d bytes, %v", text[:cut], size, err)
			}
		}
		size, got, err := replySize([]byte(text + "+next\r\n"))
		if size != len(text) || got != failed || err != nil {
			t.Errorf("%q: size %d, failed %v, %v", text, size, got, err)
		}
	}
	for _, text := range []string{"\r\n", "?\r\n", "$x\r\n", "$-2\r\n", "*9999999999\r\n", "$600000000\r\n", "$1\r\nabc\r\n"} {
		if size, _, err := replySize([]byte(text)); !errors.Is(err, ErrReply) {
			t.Errorf("%q: size %d, %v; want ErrReply", text, size, err)
		}
	}
}

func FuzzReplies(f *testing.F) {
	for _, seed := range []string{"*2\r\n$1\r\na\r\n:1\r\n", "$-1\r\n", "-ERR\r\n", "*3\r\n*1\r\n+a\r\n*0\r\n$2\r\nab\r\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, buf []byte) {
		size, _, err := replySize(buf)
		if err != nil || size == 0 {
			return
		}
		if size > len(buf) {
			t.Fatalf("%q: a reply of %d bytes in %d", buf, size, len(buf))
		}
		if again, _, err := replySize(buf[:size]); again != size || err != nil {
			t.Fatalf("%q: alone the reply has %d bytes, %v; want %d", buf, again, err, size)
		}
		if _, err := texts(buf[:size]); err != nil && !errors.Is(err, ErrReply) {
			t.Fatal(err)
		}
	})
}
