-- Ranks subjects that are hashes of indicators, as a snapshot over a list does (semantics 11 to 14).
-- KEYS: the subjects. ARGV: place of the field among the indicators, ascending (0 or 1), offset, limit, indicators.
-- Returns flat, for each row of the page, the subject and a value (or nil) for each indicator.
local field, ascending = tonumber(ARGV[1]), ARGV[2] == '1'
local offset, limit = tonumber(ARGV[3]), tonumber(ARGV[4])
local ids = {}
for i = 5, #ARGV do ids[i - 4] = ARGV[i] end

local rows = {}
for i, key in ipairs(KEYS) do
	local values = redis.call('HMGET', key, unpack(ids))
	rows[i] = {values[field] and tonumber(values[field]), key, values}
end
table.sort(rows, function(a, b)
	local x, y = a[1], b[1]
	if x ~= y then
		if not x then return false end
		if not y then return true end
		if ascending then return x < y end
		return x > y
	end
	return a[2] < b[2]
end)

local page = {}
for i = offset + 1, math.min(offset + limit, #rows) do
	page[#page + 1] = rows[i][2]
	for j = 1, #ids do page[#page + 1] = rows[i][3][j] end
end
return page
