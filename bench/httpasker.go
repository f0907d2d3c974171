package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// httpAsker asks the JSON endpoints.
type httpAsker struct{ base string }

func (h *httpAsker) close() {}

// maxAnswer bounds an answer that is read whole.
const maxAnswer = 256 << 20

// call sends a request and reads data out of the envelope.
func (h *httpAsker) call(ctx context.Context, method, path, body string, data any) error {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, h.base+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return err
	}
	var envelope struct {
		Status  *int            `json:"status_code"`
		Message string          `json:"status_msg"`
		Data    json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(text, &envelope); err != nil || envelope.Status == nil {
		return fmt.Errorf("%s %s%s: HTTP %d with %.200q", method, h.base, path, resp.StatusCode, bytes.TrimSpace(text))
	}
	if *envelope.Status != 0 {
		return fmt.Errorf("%s %s%s: %s", method, h.base, path, envelope.Message)
	}
	return json.Unmarshal(envelope.Data, data)
}

func (h *httpAsker) subjects(ctx context.Context, after string) ([]string, error) {
	var list []struct{ Subject string }
	path := "/api/v1/subjects?limit=" + strconv.Itoa(marketPage) + "&after=" + url.QueryEscape(after)
	if err := h.call(ctx, http.MethodGet, path, "", &list); err != nil {
		return nil, err
	}
	keys := make([]string, len(list))
	for i, s := range list {
		keys[i] = s.Subject
	}
	return keys, nil
}

func (h *httpAsker) indicators(ctx context.Context) ([]string, error) {
	var tables []struct {
		Number     int
		Indicators []struct{ ID string }
	}
	if err := h.call(ctx, http.MethodGet, "/api/v1/tables", "", &tables); err != nil {
		return nil, err
	}
	for _, t := range tables {
		if t.Number == 1 {
			ids := make([]string, len(t.Indicators))
			for i, ind := range t.Indicators {
				ids[i] = ind.ID
			}
			return ids, nil
		}
	}
	return nil, ErrEmptyMarket
}

func (h *httpAsker) reports(ctx context.Context, keys, ids []string, seen func(int64, []string)) error {
	var entries []struct{ Data []map[string]any }
	q := map[string]string{"ids": strings.Join(ids, ","), "subjects": strings.Join(keys, ",")}
	body, err := json.Marshal(q)
	if err != nil {
		return err
	}
	if err := h.call(ctx, http.MethodPost, periodPath, string(body), &entries); err != nil {
		return err
	}
	var have []string
	for _, e := range entries {
		for _, report := range e.Data {
			end, _ := report["end_date"].(string)
			date, err := protocol.ParseDay("2006-01-02", end)
			if err != nil {
				return fmt.Errorf("a report with end_date %q: %w", end, err)
			}
			have = have[:0]
			for _, id := range ids {
				if _, ok := report[id].(float64); ok {
					have = append(have, id)
				}
			}
			seen(date, have)
		}
	}
	return nil
}
