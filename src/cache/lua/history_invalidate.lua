-- Removes a history that is older than a version and leaves the version behind.
-- KEYS: list. ARGV: version, lifetime in seconds. Returns 1 if something changed.
local head = redis.call('LINDEX', KEYS[1], 0)
local current = head and string.match(head, '^%d+')
if current and tonumber(current) >= tonumber(ARGV[1]) then
  return 0
end
redis.call('DEL', KEYS[1])
redis.call('RPUSH', KEYS[1], ARGV[1] .. ' gone')
redis.call('EXPIRE', KEYS[1], ARGV[2])
return 1
