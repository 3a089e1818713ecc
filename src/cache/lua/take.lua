-- Takes items of the write-behind: first what this consumer has in hand from an attempt that was cut short, together
-- with what other consumers have left lying, then new ones.
-- KEYS: stream. ARGV: group, consumer, count, idle milliseconds after which another's item is taken over.
-- Returns length, age of the oldest item in milliseconds, and id, payload, id, payload ... The payload of an item that
-- is no more is an empty string.
redis.pcall('XGROUP', 'CREATE', KEYS[1], ARGV[1], '0', 'MKSTREAM')
redis.call('XAUTOCLAIM', KEYS[1], ARGV[1], ARGV[2], ARGV[4], '0', 'COUNT', ARGV[3], 'JUSTID')
-- Instances that have gone for good and left nothing.
for _, info in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  local name, pending, idle
  for at = 1, #info, 2 do
    if info[at] == 'name' then name = info[at + 1] end
    if info[at] == 'pending' then pending = info[at + 1] end
    if info[at] == 'idle' then idle = info[at + 1] end
  end
  if name ~= ARGV[2] and pending == 0 and idle > 86400000 then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], name)
  end
end
local taken = {}
local function take(from, count)
  local reply = redis.call('XREADGROUP', 'GROUP', ARGV[1], ARGV[2], 'COUNT', count, 'STREAMS', KEYS[1], from)
  if not reply then
    return
  end
  for _, entry in ipairs(reply[1][2]) do
    taken[#taken + 1] = entry[1]
    taken[#taken + 1] = entry[2] and entry[2][2] or ''
  end
end
local count = tonumber(ARGV[3])
take('0', count)
if #taken < 2 * count then
  take('>', count - #taken / 2)
end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local oldest = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1]
local age = oldest and math.max(0, now - tonumber(string.match(oldest[1], '^%d+'))) or 0
return { redis.call('XLEN', KEYS[1]), age, taken }
