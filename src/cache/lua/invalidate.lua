-- Removes what is older than a version and leaves the version, so that a writer who comes late is refused.
-- KEYS: entry. ARGV: version, lifetime in seconds. Returns 1 if something changed.
local current = redis.call('HGET', KEYS[1], 'v')
if current and tonumber(current) >= tonumber(ARGV[1]) then
  return 0
end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'v', ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[2])
return 1
