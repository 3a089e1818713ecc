-- Stores a file that a tool has made, unless all such files together would be larger than the limit.
-- KEYS: file, expiry (sorted set: id by time), sizes (hash: id to bytes).
-- ARGV: id, metadata, bytes, size, limit of all together, lifetime in seconds. Returns 1 if it is stored.
local now = tonumber(redis.call('TIME')[1])
local expired = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now)
for _, id in ipairs(expired) do
  redis.call('ZREM', KEYS[2], id)
  redis.call('HDEL', KEYS[3], id)
end
local total = tonumber(ARGV[4])
for _, size in ipairs(redis.call('HVALS', KEYS[3])) do
  total = total + tonumber(size)
end
if total > tonumber(ARGV[5]) then
  return 0
end
redis.call('HSET', KEYS[1], 'meta', ARGV[2], 'bytes', ARGV[3])
redis.call('EXPIRE', KEYS[1], ARGV[6])
redis.call('ZADD', KEYS[2], now + tonumber(ARGV[6]), ARGV[1])
redis.call('HSET', KEYS[3], ARGV[1], ARGV[4])
redis.call('EXPIRE', KEYS[2], ARGV[6])
redis.call('EXPIRE', KEYS[3], ARGV[6])
return 1
