-- Puts a whole history, unless a newer version (or the mark of one) is there.
-- KEYS: list. ARGV: version, skipped, thread, lifetime in seconds, then the messages as JSON strings.
-- The list's head is "version skipped thread", or "version gone" after an invalidation.
local head = redis.call('LINDEX', KEYS[1], 0)
local current = head and string.match(head, '^%d+')
if current and tonumber(current) > tonumber(ARGV[1]) then
  return 0
end
-- Asks for memory before anything is removed: refused here, the script has changed nothing.
redis.call('RPUSH', KEYS[1], '')
redis.call('DEL', KEYS[1])
redis.call('RPUSH', KEYS[1], ARGV[1] .. ' ' .. ARGV[2] .. ' ' .. ARGV[3])
for first = 5, #ARGV, 1000 do
  redis.call('RPUSH', KEYS[1], unpack(ARGV, first, math.min(first + 999, #ARGV)))
end
redis.call('EXPIRE', KEYS[1], ARGV[4])
return 1
