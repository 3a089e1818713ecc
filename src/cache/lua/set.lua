-- Puts a versioned value, unless a newer version (or the mark of one) is there.
-- KEYS: entry. ARGV: version, value, lifetime in seconds. Returns 1 if it stands.
-- Versions count changes of a row; they stay far below the 2^53 up to which Lua's numbers are exact.
local current = redis.call('HGET', KEYS[1], 'v')
if current and tonumber(current) > tonumber(ARGV[1]) then
  return 0
end
redis.call('HSET', KEYS[1], 'v', ARGV[1], 'd', ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 1
