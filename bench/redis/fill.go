package redis

import (
	"context"
	"fmt"
	"strconv"

	"github.com/kamaitachi/kamaitachi/protocol"
)

func zsetKey(field string) string { return "rank:" + field }

// Fill stores the rows of a snapshot: a hash of each subject, a sorted set of each indicator, and the script.
// Missing values are in neither.
func Fill(ctx context.Context, addr string, r *protocol.Result) error {
	c, err := Dial(ctx, addr)
	if err != nil {
		return err
	}
	defer c.Close()
	for row, subject := range r.Subjects {
		key := subject.Key
		for column, id := range r.IDs {
			v := r.Value(row, column)
			if v != v {
				continue
			}
			text := strconv.FormatFloat(v, 'g', -1, 64)
			if err := c.Queue("HSET", key, id, text); err != nil {
				return fmt.Errorf("fill redis: %w", err)
			}
			if err := c.Queue("ZADD", zsetKey(id), text, key); err != nil {
				return fmt.Errorf("fill redis: %w", err)
			}
		}
	}
	if err := c.Queue("SCRIPT", "LOAD", rankScript); err != nil {
		return fmt.Errorf("fill redis: %w", err)
	}
	return c.Flush()
}

// AskOrders returns the order of each field as its sorted set has it, descending.
func AskOrders(ctx context.Context, addr string, fields []string) (map[string][]string, error) {
	c, err := Dial(ctx, addr)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	orders := map[string][]string{}
	for _, field := range fields {
		if orders[field], err = c.Do("ZREVRANGE", zsetKey(field), "0", "-1"); err != nil {
			return nil, fmt.Errorf("ask redis for the order of %s: %w", field, err)
		}
	}
	return orders, nil
}
