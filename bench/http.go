package bench

import (
	"bytes"
	"fmt"
	"net"
	"strconv"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// httpDialect speaks the JSON endpoints over HTTP/1.1. Replies come in the order of the requests.
type httpDialect struct {
	host, prefix string
	body         []byte
	nextID       uint64
}

// The paths of the scenarios (http-api.md).
const (
	snapshotPath = "/kamaitachi/api/data/v1/snapshot"
	periodPath   = "/kamaitachi/api/data/v1/period"
	recentPath   = "/api/v1/snapshot/recent"
)

func (d *httpDialect) Greet(net.Conn) error { return nil }

func (d *httpDialect) SetID([]byte, uint64) {}

func (d *httpDialect) AppendRequest(dst []byte, _ uint64, q *Query) []byte {
	path := snapshotPath
	switch q.Op {
	case protocol.OpPeriod:
		path, d.body = periodPath, appendPeriodBody(d.body[:0], &q.Period)
	case protocol.OpRecent:
		path, d.body = recentPath, appendRecentBody(d.body[:0], &q.Recent)
	default:
		d.body = appendSnapshotBody(d.body[:0], &q.Snapshot)
	}
	dst = append(dst, "POST "...)
	dst = append(append(dst, d.prefix...), path...)
	dst = append(append(dst, " HTTP/1.1\r\nHost: "...), d.host...)
	dst = append(dst, "\r\nContent-Type: application/json\r\nContent-Length: "...)
	dst = strconv.AppendInt(dst, int64(len(d.body)), 10)
	return append(append(dst, "\r\n\r\n"...), d.body...)
}

func appendSnapshotBody(dst []byte, q *protocol.Snapshot) []byte {
	dst = appendJoined(append(dst, `{"ids":"`...), q.IDs)
	dst = appendJoined(append(dst, `","subjects":"`...), q.Subjects)
	dst = append(append(dst, `","field":"`...), q.Field...)
	order := int64(-1)
	if q.Order == protocol.Ascending {
		order = 1
	}
	dst = strconv.AppendInt(append(dst, `","order":`...), order, 10)
	dst = strconv.AppendInt(append(dst, `,"offset":`...), int64(q.Offset), 10)
	dst = strconv.AppendInt(append(dst, `,"limit":`...), int64(q.Limit), 10)
	if q.Range.From.Given {
		dst = protocol.AppendDay(append(dst, `,"start_date":"`...), q.Range.From.Seconds)
		dst = protocol.AppendDay(append(dst, `","end_date":"`...), q.Range.To.Seconds)
		dst = append(dst, '"')
	}
	if q.Timestamp.Given {
		dst = strconv.AppendInt(append(dst, `,"timestamp":`...), q.Timestamp.Seconds, 10)
	}
	return append(dst, '}')
}

func appendPeriodBody(dst []byte, q *protocol.Period) []byte {
	dst = appendJoined(append(dst, `{"ids":"`...), q.IDs)
	dst = appendJoined(append(dst, `","subjects":"`...), q.Subjects)
	dst = strconv.AppendInt(append(dst, `","from":`...), q.Range.From.Seconds, 10)
	dst = strconv.AppendInt(append(dst, `,"to":`...), q.Range.To.Seconds, 10)
	return append(dst, '}')
}

func appendRecentBody(dst []byte, q *protocol.Recent) []byte {
	dst = appendQuoted(append(dst, `{"subject_keys":[`...), q.Subjects)
	dst = appendQuoted(append(dst, `],"indicator_codes":[`...), q.IDs)
	dst = strconv.AppendInt(append(dst, `],"limit":`...), int64(q.Limit), 10)
	return append(dst, '}')
}

// appendJoined appends names with commas between. Names of a market need no escapes: the server refuses control
// characters, and those with quotes are escaped by appendName.
func appendJoined(dst []byte, names []string) []byte {
	for i, n := range names {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendName(dst, n)
	}
	return dst
}

func appendQuoted(dst []byte, names []string) []byte {
	for i, n := range names {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendName(append(dst, '"'), n), '"')
	}
	return dst
}

func appendName(dst []byte, name string) []byte {
	for i := 0; i < len(name); i++ {
		if name[i] == '"' || name[i] == '\\' {
			dst = append(dst, '\\')
		}
		dst = append(dst, name[i])
	}
	return dst
}

var (
	headEnd       = []byte("\r\n\r\n")
	contentLength = []byte("Content-Length:")
	successStatus = []byte(`"status_code":0`)
	emptyData     = []byte(`"data":[]`)
)

func (d *httpDialect) Reply(buf []byte) (int, uint64, bool, error) {
	end := bytes.Index(buf, headEnd)
	if end < 0 {
		return 0, 0, false, nil
	}
	head := buf[:end]
	at := bytes.Index(head, contentLength)
	if at < 0 || len(head) < len("HTTP/1.1 200") {
		return 0, 0, false, fmt.Errorf("an HTTP reply without Content-Length: %.80q", head)
	}
	line := head[at+len(contentLength):]
	if cr := bytes.IndexByte(line, '\r'); cr >= 0 {
		line = line[:cr]
	}
	length, err := strconv.Atoi(string(bytes.TrimSpace(line)))
	if err != nil {
		return 0, 0, false, fmt.Errorf("an HTTP reply with Content-Length %q", line)
	}
	size := end + len(headEnd) + length
	if len(buf) < size {
		return 0, 0, false, nil
	}
	body := buf[end+len(headEnd) : size]
	ok := string(head[9:12]) == "200" && hasData(body)
	d.nextID++
	return size, d.nextID - 1, ok, nil
}

// hasData tells whether an answer succeeded and has a row; both are said near its start.
func hasData(body []byte) bool {
	start := body[:min(len(body), 80)]
	return bytes.Contains(start, successStatus) && !bytes.Contains(start, emptyData)
}
