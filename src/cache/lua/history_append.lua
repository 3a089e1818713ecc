-- Appends messages to a history that is exactly the expected predecessor; any other one is dropped, and the next
-- reader makes it anew from PostgreSQL. Messages are JSON strings that nothing in here decodes, so arrays stay arrays
-- and large integers stay exact.
-- KEYS: list. ARGV: expected version, new version, thread, lifetime in seconds, limit, step, then the messages.
-- Returns 1 if they were appended.
local head = redis.call('LINDEX', KEYS[1], 0)
if not head then
  return 0
end
local version, skipped, thread = string.match(head, '^(%d+) (%d+) (%d+)$')
local current = version or string.match(head, '^%d+')
if current and tonumber(current) >= tonumber(ARGV[2]) then
  return 0
end
if version ~= ARGV[1] or thread ~= ARGV[3] then
  redis.call('DEL', KEYS[1])
  redis.call('RPUSH', KEYS[1], ARGV[2] .. ' gone')
  redis.call('EXPIRE', KEYS[1], ARGV[4])
  return 0
end
-- First what needs memory: refused here, the script has changed nothing.
for first = 7, #ARGV, 1000 do
  redis.call('RPUSH', KEYS[1], unpack(ARGV, first, math.min(first + 999, #ARGV)))
end
redis.call('LPOP', KEYS[1])
local limit, step = tonumber(ARGV[5]), tonumber(ARGV[6])
local before = tonumber(skipped)
local total = before + redis.call('LLEN', KEYS[1])
local surplus = math.floor(math.max(0, step - 1 - limit + total) / step) * step
if surplus > before then
  redis.call('LTRIM', KEYS[1], surplus - before, -1)
else
  surplus = before
end
redis.call('LPUSH', KEYS[1], string.format('%s %d %s', ARGV[2], surplus, thread))
redis.call('EXPIRE', KEYS[1], ARGV[4])
return 1
