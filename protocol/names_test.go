package protocol

import (
	"errors"
	"strings"
	"testing"
)

func TestNamesAndTextsAreHeldToTheirRules(t *testing.T) {
	for _, test := range []struct {
		text                  string
		name, free, indicator error
	}{
		{"33:300033", nil, nil, nil},
		{"营业收入", nil, nil, nil},
		{"a b", nil, nil, nil},
		{"", ErrNameEmpty, nil, ErrNameEmpty},
		{" a", ErrNameSpace, nil, ErrNameSpace},
		{"a ", ErrNameSpace, nil, ErrNameSpace},
		{"a\u3000", ErrNameSpace, nil, ErrNameSpace},
		{"a,b", ErrNameComma, nil, ErrNameComma},
		{"营,收", ErrNameComma, nil, ErrNameComma},
		{"a\tb", ErrControl, ErrControl, ErrControl},
		{"a\x7fb", ErrControl, ErrControl, ErrControl},
		{"a\u0085b", ErrControl, ErrControl, ErrControl},
		{"a\xffb", ErrNotUTF8, ErrNotUTF8, ErrNotUTF8},
		{"report_date", nil, nil, ErrReservedName},
		{"tag.concept", nil, nil, ErrReservedName},
		{strings.Repeat("a", MaxKeyLen), nil, nil, nil},
		{strings.Repeat("a", MaxKeyLen+1), ErrTooLong, nil, ErrTooLong},
		{strings.Repeat("a", MaxTextLen+1), ErrTooLong, ErrTooLong, ErrTooLong},
	} {
		for what, pair := range map[string][2]error{
			"CheckName":      {CheckName(test.text), test.name},
			"CheckText":      {CheckText(test.text), test.free},
			"CheckIndicator": {CheckIndicator(test.text), test.indicator},
		} {
			if !errors.Is(pair[0], pair[1]) {
				t.Errorf("%s(%.20q) = %v, want %v", what, test.text, pair[0], pair[1])
			}
		}
	}
	if err := CheckListed("a;b", CheckText); err != ErrListed {
		t.Errorf("CheckListed of a list = %v, want %v", err, ErrListed)
	}
	if err := CheckListed("a b", CheckName); err != nil {
		t.Errorf("CheckListed of one = %v", err)
	}
}
