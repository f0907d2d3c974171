package store

import (
	"bytes"
	"encoding/binary"
	"strconv"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// The first byte of every key tells what it is of. The values are part of the format (FORMAT.md).
const (
	prefixMeta    = 'm'
	prefixRow     = 'r'
	prefixSubject = 's'
	prefixTable   = 't'
	prefixStamp   = 'w'
)

// What stands before the declare date of a row key: absent sorts before every date.
const (
	declareAbsent = 0
	declareGiven  = 1
)

// signBit flips the order of two's complement into the order of bytes.
const signBit = 1 << 63

// rowKey is a row's key in parts. The byte slices borrow from the key.
type rowKey struct {
	table       uint32
	subject     []byte
	reportDate  int64 // UTC seconds
	reportType  []byte
	declareDate protocol.Instant
}

func appendTime(dst []byte, seconds int64) []byte {
	return binary.BigEndian.AppendUint64(dst, uint64(seconds)^signBit)
}

func parseTime(b []byte) int64 { return int64(binary.BigEndian.Uint64(b) ^ signBit) }

// appendTableKey appends the key of a table's record.
func appendTableKey(dst []byte, number uint32) []byte {
	return binary.BigEndian.AppendUint32(append(dst, prefixTable), number)
}

func parseTableKey(key []byte) (number uint32, ok bool) {
	if len(key) != 5 || key[0] != prefixTable {
		return 0, false
	}
	return binary.BigEndian.Uint32(key[1:]), true
}

// appendSubjectKey appends the key of a subject's record.
func appendSubjectKey(dst []byte, subject string) []byte {
	return append(append(dst, prefixSubject), subject...)
}

// appendStampKey appends the key of the stamp of a subject in a table.
func appendStampKey(dst []byte, table uint32, subject string) []byte {
	dst = binary.BigEndian.AppendUint32(append(dst, prefixStamp), table)
	return append(dst, subject...)
}

// parseStampKey returns the parts; subject borrows from key.
func parseStampKey(key []byte) (table uint32, subject []byte, ok bool) {
	if len(key) < 6 || key[0] != prefixStamp || !validName(key[5:]) {
		return 0, nil, false
	}
	return binary.BigEndian.Uint32(key[1:5]), key[5:], true
}

// appendSeriesPrefix appends what all row keys of a subject in a table begin with, and no others.
func appendSeriesPrefix(dst []byte, table uint32, subject string) []byte {
	dst = binary.BigEndian.AppendUint32(append(dst, prefixRow), table)
	return append(append(dst, subject...), 0)
}

// appendRowKey appends the key of a row, made of its identity.
func appendRowKey(dst []byte, table uint32, r *protocol.Report) []byte {
	dst = appendTime(appendSeriesPrefix(dst, table, r.Subject), r.ReportDate)
	dst = append(append(dst, r.Type...), 0)
	if !r.DeclareDate.Given {
		return append(dst, declareAbsent)
	}
	return appendTime(append(dst, declareGiven), r.DeclareDate.Seconds)
}

// parseRowKey takes a row key apart. It accepts exactly what appendRowKey writes.
func parseRowKey(key []byte) (k rowKey, ok bool) {
	if len(key) < 5 || key[0] != prefixRow {
		return k, false
	}
	k.table = binary.BigEndian.Uint32(key[1:5])
	rest := key[5:]
	end := bytes.IndexByte(rest, 0)
	if end < 0 || !validName(rest[:end]) {
		return k, false
	}
	k.subject, rest = rest[:end], rest[end+1:]
	if len(rest) < 8 {
		return k, false
	}
	k.reportDate, rest = parseTime(rest), rest[8:]
	end = bytes.IndexByte(rest, 0)
	if end < 0 || !validName(rest[:end]) {
		return k, false
	}
	k.reportType, rest = rest[:end], rest[end+1:]
	switch {
	case len(rest) == 1 && rest[0] == declareAbsent:
	case len(rest) == 9 && rest[0] == declareGiven:
		k.declareDate = protocol.At(parseTime(rest[1:]))
	default:
		return k, false
	}
	return k, true
}

// successor returns the least key that is greater than all keys with the prefix, whose last byte is below 255.
func successor(prefix []byte) []byte {
	end := bytes.Clone(prefix)
	end[len(end)-1]++
	return end
}

// tableBounds returns the range of a prefix's keys that belong to a table.
func tableBounds(prefix byte, table uint32) (lower, upper []byte) {
	lower = binary.BigEndian.AppendUint32([]byte{prefix}, table)
	if table == 1<<32-1 {
		return lower, []byte{prefix + 1}
	}
	return lower, binary.BigEndian.AppendUint32([]byte{prefix}, table+1)
}

// validName tells whether a name can be part of a key: 1 to protocol.MaxKeyLen bytes without control characters, above
// all without the NUL that ends it. Whether it is fit for people is decided where writes come in.
func validName[T string | []byte](name T) bool {
	if len(name) == 0 || len(name) > protocol.MaxKeyLen {
		return false
	}
	for i := 0; i < len(name); i++ {
		if name[i] < ' ' || name[i] == 0x7f {
			return false
		}
	}
	return true
}

func describeInstant(i protocol.Instant) string {
	if !i.Given {
		return "absent"
	}
	return strconv.FormatInt(i.Seconds, 10)
}
