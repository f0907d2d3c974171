// Package deps pins modules while rooms are being built; removed before the first release.
package deps

import (
	_ "github.com/HdrHistogram/hdrhistogram-go"
	_ "github.com/VictoriaMetrics/fastcache"
	_ "github.com/VictoriaMetrics/metrics"
	_ "github.com/cockroachdb/pebble/v2"
	_ "github.com/cockroachdb/pebble/v2/vfs"
	_ "github.com/google/go-cmp/cmp"
	_ "github.com/panjf2000/gnet/v2"
	_ "github.com/schollz/progressbar/v3"
	_ "github.com/valyala/fasthttp"
	_ "github.com/vmihailenco/msgpack/v5"
	_ "go.uber.org/goleak"
	_ "golang.org/x/time/rate"
	_ "gopkg.in/ini.v1"
	_ "modernc.org/sqlite"
	_ "pgregory.net/rapid"
)
