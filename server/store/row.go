package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// rowVersion is the first byte of every row value.
const rowVersion = 1

// errCut is the reason of a record that ends too early.
var errCut = errors.New("it ends too early")

// rowHead is what a row value says besides its values. period borrows from the value.
type rowHead struct {
	period []byte
	year   int32
}

// appendRow appends the value of a row. Missing values at the end are not written: a row is as wide as its last
// number, however many indicators its table has had when it was written or has got since.
func appendRow(dst []byte, r *protocol.Report) []byte {
	width := len(r.Values)
	for width > 0 && protocol.IsMissing(r.Values[width-1]) {
		width--
	}
	dst = append(dst, rowVersion, byte(len(r.Period)))
	dst = append(dst, r.Period...)
	dst = binary.AppendVarint(dst, int64(r.Year))
	dst = binary.AppendUvarint(dst, uint64(width))
	bitmap := len(dst)
	dst = append(dst, make([]byte, (width+7)/8)...)
	for i, v := range r.Values[:width] {
		if protocol.IsMissing(v) {
			continue
		}
		dst[bitmap+i/8] |= 1 << (i % 8)
		dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(v))
	}
	return dst
}

// decodeRow reads a row value and appends its numbers, Missing for holes, to values. It accepts only what appendRow
// writes; the error says what is wrong, not where. Nothing is allocated but the growth of values, which is bounded by
// protocol.MaxIndicators.
func decodeRow(b []byte, values []float64) (rowHead, []float64, error) {
	var head rowHead
	if len(b) < 2 {
		return head, values, errCut
	}
	if b[0] != rowVersion {
		return head, values, fmt.Errorf("its version is %d, not %d", b[0], rowVersion)
	}
	n := int(b[1])
	b = b[2:]
	if len(b) < n {
		return head, values, errCut
	}
	head.period, b = b[:n], b[n:]
	year, n := varint(b)
	if n <= 0 || year < math.MinInt32 || year > math.MaxInt32 {
		return head, values, errors.New("its year cannot be read")
	}
	head.year, b = int32(year), b[n:]
	width, n := uvarint(b)
	if n <= 0 || width > protocol.MaxIndicators {
		return head, values, fmt.Errorf("its width cannot be read or is over %d", protocol.MaxIndicators)
	}
	values, err := decodeValues(b[n:], int(width), values)
	return head, values, err
}

// decodeValues reads the bitmap and the numbers of a row. This is the inner loop of start-up.
func decodeValues(b []byte, width int, values []float64) ([]float64, error) {
	size := (width + 7) / 8
	if len(b) < size {
		return values, errCut
	}
	bitmap, b := b[:size], b[size:]
	if width%8 != 0 && bitmap[size-1]>>(width%8) != 0 {
		return values, errors.New("its bitmap names values beyond its width")
	}
	if width > 0 && bitmap[size-1]>>((width-1)%8) == 0 {
		return values, errors.New("its last value is missing")
	}
	for i := range width {
		if bitmap[i>>3]>>(i&7)&1 == 0 {
			values = append(values, protocol.Missing)
			continue
		}
		if len(b) < 8 {
			return values, errCut
		}
		v := math.Float64frombits(binary.LittleEndian.Uint64(b))
		if v-v != 0 { // NaN and the infinities: they are refused on the way in
			return values, fmt.Errorf("its value %d is %v", i, v)
		}
		values, b = append(values, v), b[8:]
	}
	if len(b) != 0 {
		return values, fmt.Errorf("%d bytes follow its values", len(b))
	}
	return values, nil
}

// checkReport tells why a report could not be read back, or nil.
func checkReport(r *protocol.Report) error {
	switch {
	case !validName(r.Subject):
		return fmt.Errorf("%w: subject %q", ErrInvalid, r.Subject)
	case !validName(r.Type):
		return fmt.Errorf("%w: report_type %q of subject %q", ErrInvalid, r.Type, r.Subject)
	case len(r.Period) > protocol.MaxKeyLen:
		return fmt.Errorf("%w: period of %d bytes of subject %q", ErrInvalid, len(r.Period), r.Subject)
	case len(r.Values) > protocol.MaxIndicators:
		return fmt.Errorf("%w: %d values of subject %q", ErrInvalid, len(r.Values), r.Subject)
	}
	for i, v := range r.Values {
		if !protocol.Storable(v) {
			return fmt.Errorf("%w: value %d of subject %q is %v", ErrInvalid, i, r.Subject, v)
		}
	}
	return nil
}
