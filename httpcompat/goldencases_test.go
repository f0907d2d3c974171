package httpcompat

import "strings"

// queryGoldens are the four scenarios and selection.
func queryGoldens() []goldenCase {
	all := `"ids":"operating_income,1002,eps"`
	concept := `"selection":{"id":"concept","topic":"stock_a_listing_pool"`
	return []goldenCase{
		{"snapshot_subjects", "POST", pathSnapshot, `{` + all + `,"subjects":"33:00000009, 33:00000010,,33:00000009,nobody"}`, nil},
		{"snapshot_topic_ascending", "POST", pathSnapshot + "/", `{` + all + `,"topic":"stock_a_listing_pool","order":"asc","limit":1,"offset":1}`, nil},
		{"snapshot_timestamp", "POST", pathSnapshot, `{` + all + `,"subjects":"33:00000009","timestamp":1700000000}`, nil},
		{"snapshot_known_at", "POST", pathSnapshot, `{` + all + `,"subjects":"33:00000009","known_at":1711500000}`, nil},
		{"snapshot_reference_spellings", "POST", pathSnapshot, `{"subject_keys":["33:00000009","33:00000010"],"indicator_codes":["1001"],"start_date":"2023-01-01","end_date":"2023-09-30","order_by":"report_date","order":"-1","method":"market:code"}`, nil},
		{"snapshot_no_values", "POST", pathSnapshot, `{"ids":"operating_income","subjects":"us:GOOG/GOOGL"}`, nil},
		{"snapshot_nothing_found", "POST", pathSnapshot, `{` + all + `,"subjects":"nobody"}`, nil},
		{"snapshot_offset_past_the_end", "POST", pathSnapshot, `{` + all + `,"topic":"stock_a_listing_pool","offset":1000}`, nil},
		{"snapshot_other_table", "POST", pathSnapshot, `{"table":2,"ids":"gdp","subjects":"33:00000009"}`, nil},
		{"snapshot_unknown_indicator", "POST", pathSnapshot, `{"ids":"operating_income,no_such","subjects":"33:00000009"}`, nil},
		{"snapshot_unknown_field", "POST", pathSnapshot, `{` + all + `,"subjects":"33:00000009","field":"no_such"}`, nil},
		{"snapshot_unknown_topic", "POST", pathSnapshot, `{` + all + `,"topic":"no_such"}`, nil},
		{"snapshot_unknown_table", "POST", pathSnapshot, `{` + all + `,"subjects":"33:00000009","table":"no_such"}`, nil},
		{"snapshot_subjects_and_topic", "POST", pathSnapshot, `{` + all + `,"subjects":"33:00000009","topic":"stock_a_listing_pool"}`, nil},
		{"snapshot_neither", "POST", pathSnapshot, `{` + all + `}`, nil},
		{"snapshot_no_ids", "POST", pathSnapshot, `{"subjects":"33:00000009"}`, nil},
		{"snapshot_limit_above", "POST", pathSnapshot, `{` + all + `,"subjects":"33:00000009","limit":10001}`, nil},
		{"snapshot_limit_negative", "POST", pathSnapshot, `{` + all + `,"subjects":"33:00000009","limit":-1}`, nil},
		{"snapshot_order_unknown", "POST", pathSnapshot, `{` + all + `,"subjects":"33:00000009","order":2}`, nil},
		{"snapshot_spellings_disagree", "POST", pathSnapshot, `{"ids":"1001","indicators":["1002"],"subjects":"33:00000009"}`, nil},
		{"snapshot_broken", "POST", pathSnapshot, `{"ids":"operating_income","subjects":`, nil},
		{"snapshot_wrong_type", "POST", pathSnapshot, `{` + all + `,"subjects":{"33:00000009":1}}`, nil},
		{"snapshot_trailing", "POST", pathSnapshot, `{` + all + `,"subjects":"33:00000009"} {}`, nil},

		{"period", "POST", pathPeriod, `{` + all + `,"subjects":"33:00000010,33:00000009,nobody","from":1690000000,"to":1703980800}`, nil},
		{"period_open", "POST", pathPeriod, `{` + all + `,"subjects":"33:00000009","from":null,"report_type":"0408"}`, nil},
		{"period_inverted", "POST", pathPeriod, `{` + all + `,"subjects":"33:00000009","from":2,"to":1}`, nil},
		{"period_nothing_found", "POST", pathPeriod, `{` + all + `,"subjects":"33:00000009","to":0}`, nil},
		{"period_no_subjects", "POST", pathPeriod, `{` + all + `}`, nil},

		{"recent", "POST", pathRecent, `{"subject_keys":["33:00000009"],"indicator_codes":["1001"],"report_types":["0408"],"periods":["20231231","20230930"]}`, nil},
		{"recent_limit", "POST", pathRecent, `{"subject_keys":["33:00000009"],"indicator_codes":["1001"],"limit":1}`, nil},
		{"recent_bad_period", "POST", pathRecent, `{"subject_keys":["33:00000009"],"indicator_codes":["1001"],"periods":["2023-12-31"]}`, nil},

		{"select_snapshot", "POST", pathSelectSnapshot, `{` + concept + `,"keyword":"internet finance","subject":""},` + all + `,"field":"operating_income","order":-1,"offset":0,"limit":10,"timestamp":0}`, nil},
		{"select_snapshot_unknown_topic", "POST", pathSelectSnapshot, `{"selection":{"id":"concept","topic":"no_such"},` + all + `}`, nil},
		{"select_snapshot_no_selection", "POST", pathSelectSnapshot, `{` + all + `}`, nil},
		{"select_snapshot_broken", "POST", pathSelectSnapshot, `{"selection":"concept"}`, nil},
		{"select_period", "POST", pathSelectPeriod, `{` + concept + `},` + all + `,"from":0}`, nil},
		{"select_period_nothing_found", "POST", pathSelectPeriod, `{` + concept + `,"subject":"nobody"},` + all + `}`, nil},
		{"select_period_unknown_indicator", "POST", pathSelectPeriod, `{` + concept + `},"ids":"no_such"}`, nil},
	}
}

func rowGoldens() []goldenCase {
	return []goldenCase{
		{"save", "POST", "/data/v1/save?id=1", `{"id":"33:300033","data":{"1672502400":[1.5,null,3],"1680000000":[]},"report_type":"0408","declare_date":"2023-04-01"}`, nil},
		{"save_default_table", "POST", "/data/v1/save", `{"id":"33:300033","data":{"1672502400":[1.5]}}`, nil},
		{"save_too_many_values", "POST", "/data/v1/save?id=finance", `{"id":"33:300033","data":{"1":[1],"1672502400":[1,2,3,4]}}`, nil},
		{"save_text_value", "POST", "/data/v1/save", `{"id":"33:300033","data":{"1672502400":["1.5"]}}`, nil},
		{"save_nan", "POST", "/data/v1/save", `{"id":"33:300033","data":{"1672502400":[NaN]}}`, nil},
		{"save_overflow", "POST", "/data/v1/save", `{"id":"33:300033","data":{"1672502400":[1e999]}}`, nil},
		{"save_bad_timestamp", "POST", "/data/v1/save", `{"id":"33:300033","data":{"2022-12-31":[1]}}`, nil},
		{"save_no_id", "POST", "/data/v1/save", `{"data":{"1672502400":[1]}}`, nil},
		{"save_no_data", "POST", "/data/v1/save", `{"id":"33:300033"}`, nil},
		{"save_unknown_table", "POST", "/data/v1/save?id=99", `{"id":"33:300033","data":{"1672502400":[1]}}`, nil},
		{"save_no_quorum", "POST", "/data/v1/save", `{"id":"33:300033","data":{"1672502400":[1]}}`, failing(errNoQuorum)},
		{"get", "GET", "/data/v1/get/33:00000009?tableId=1", "", nil},
		{"get_escaped_key", "GET", "/data/v1/get/us:GOOG%2FGOOGL/", "", nil},
		{"get_unknown", "GET", "/data/v1/get/nobody", "", nil},
		{"get_unknown_table", "GET", "/data/v1/get/33:00000009?tableId=no_such", "", nil},
		{"get_no_key", "GET", "/data/v1/get/", "", nil},
		{"delete", "DELETE", "/data/v1/delete/33:00000009?tableId=1", "", nil},
		{"delete_nobody", "DELETE", "/data/v1/delete/nobody", "", nil},
		{"delete_no_quorum", "DELETE", "/data/v1/delete/nobody", "", failing(errNoQuorum)},
		{"search", "POST", "/data/v1/search", `{"tableId":1,"subjectIds":["33:00000009","33:00000010"],"startTime":1700000000,"endTime":0,"limit":1,"offset":0}`, nil},
		{"search_all", "POST", "/data/v1/search", `{}`, nil},
		{"search_nothing_found", "POST", "/data/v1/search", `{"subjectIds":"nobody"}`, nil},
		{"search_inverted", "POST", "/data/v1/search", `{"startTime":2,"endTime":1}`, nil},
		{"search_broken", "POST", "/data/v1/search", `[]`, nil},

		{"tables", "GET", "/api/v1/tables", "", nil},
		{"tables_unavailable", "GET", "/api/v1/tables", "", failing(errNoQuorum)},
		{"subjects", "GET", "/api/v1/subjects?topic=stock_a_listing_pool&tag.concept=internet&after=33:00000009&limit=5", "", nil},
		{"subjects_all", "GET", "/api/v1/subjects", "", nil},
		{"subjects_bad_limit", "GET", "/api/v1/subjects?limit=many", "", nil},
		{"subjects_unknown_topic", "GET", "/api/v1/subjects?topic=no_such", "", nil},
		{"put_subjects", "POST", "/api/v1/subjects", `[{"subject":"33:300033","name":"同花顺","topics":["stock_a_listing_pool"],"tags":{"concept":["internet","AI"],"industry":"software"}},{"subject":"33:00000009","status":null,"tags":{"concept":[]}}]`, nil},
		{"put_subjects_no_list", "POST", "/api/v1/subjects", `{"subject":"33:300033"}`, nil},
		{"put_subjects_no_key", "POST", "/api/v1/subjects", `[{"name":"nameless"}]`, nil},
		{"put_subjects_bad_topic", "POST", "/api/v1/subjects", `[{"subject":"33:300033","topics":["a,b"]}]`, nil},
		{"put_subjects_no_quorum", "POST", "/api/v1/subjects", `[]`, failing(errNoQuorum)},
	}
}

func operationGoldens() []goldenCase {
	return []goldenCase{
		{"health", "GET", "/health", "", nil},
		{"health_head", "HEAD", "/health", "", nil},
		{"health_gateway", "GET", "/health/", "", asGateway},
		{"livez", "GET", "/livez", "", nil},
		{"readyz", "GET", "/readyz", "", nil},
		{"readyz_verbose", "GET", "/readyz?verbose", "", func(b *modelBackend) { b.checks = []Check{{Name: "data"}, {Name: "replication"}} }},
		{"readyz_not", "GET", "/readyz", "", unready},
		{"readyz_not_verbose", "GET", "/readyz?verbose", "", unready},
		{"stats", "GET", "/stats", "", nil},
		{"stats_gateway", "GET", "/stats", "", asGateway},
		{"stats_unavailable", "GET", "/stats", "", failing(errNoQuorum)},
		{"data_stats", "GET", "/kamaitachi/api/data/v1/stats", "", nil},
		{"data_stats_gateway", "GET", "/kamaitachi/api/data/v1/stats", "", asGateway},
		{"data_stats_unavailable", "GET", "/kamaitachi/api/data/v1/stats", "", failing(errNoQuorum)},
		{"cache_reset", "POST", "/kamaitachi/api/data/v1/cache/reset", "", nil},
		{"cache_reset_unavailable", "POST", "/kamaitachi/api/data/v1/cache/reset", "", failing(errNoQuorum)},
		{"breakers_node", "GET", "/metrics/circuit_breaker", "", nil},
		{"breakers", "GET", "/metrics/circuit_breaker", "", asGateway},
		{"breakers_monitor", "GET", "/monitor/circuitbreaker", "", asGateway},
		{"monitor_status", "GET", "/monitor/status", "", asGateway},
		{"metrics_unavailable", "GET", "/metrics", "", failing(errNoQuorum)},
		{"openapi_head", "HEAD", "/openapi.json", "", nil},
	}
}

// failureGoldens are the outcomes of semantics 23 in each envelope.
func failureGoldens() []goldenCase {
	query := `{"ids":"1001","subjects":"33:00000009"}`
	selection := `{"ids":"1001","selection":{"id":"concept","topic":"stock_a_listing_pool"}}`
	cases := []goldenCase{
		{"path_a_unknown", "GET", "/kamaitachi/api/data/v2/snapshot", "", nil},
		{"path_api_unknown", "GET", "/api/v1/nothing", "", nil},
		{"path_b_unknown", "GET", "/data/v1/nothing", "", nil},
		{"path_root", "GET", "/", "", nil},
		{"method_a", "GET", pathSnapshot, "", nil},
		{"method_a_head", "HEAD", pathSnapshot, "", nil},
		{"method_selection", "PUT", pathSelectPeriod, "{}", nil},
		{"method_b", "PUT", "/data/v1/save", "{}", nil},
		{"method_get", "POST", "/health", "{}", nil},
	}
	for name, err := range map[string]error{
		"overloaded": errOverloaded, "no_quorum": errNoQuorum, "deadline": errDeadline, "not_master": errNotMaster,
		"too_large": errTooLarge, "internal": errInternal, "unexpected": errSecret, "unauthenticated": errUnknown,
		"forbidden": errForbidden, "circuit_open": errCircuitOpen,
	} {
		cases = append(cases,
			goldenCase{"a_" + name, "POST", pathSnapshot, query, failing(err)},
			goldenCase{"selection_" + name, "POST", pathSelectSnapshot, selection, failing(err)},
			goldenCase{"b_" + name, "GET", "/data/v1/get/33:00000009", "", failing(err)},
		)
	}
	for _, c := range []goldenCase{
		{"period", "POST", pathPeriod, query, nil}, {"recent", "POST", pathRecent, query, nil},
		{"select_period", "POST", pathSelectPeriod, selection, nil}, {"search", "POST", "/data/v1/search", "{}", nil},
		{"subjects", "GET", "/api/v1/subjects", "", nil},
	} {
		c.name, c.with = c.name+"_internal", failing(errInternal)
		cases = append(cases, c)
	}
	panics := func(b *modelBackend) { b.panics = true }
	cases = append(cases,
		goldenCase{"a_panic", "POST", pathSnapshot, query, panics},
		goldenCase{"b_panic", "GET", "/data/v1/get/33:00000009", "", panics},
		goldenCase{"nested_too_deep", "POST", pathSnapshot, `{"unknown":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`, nil},
	)
	return cases
}
