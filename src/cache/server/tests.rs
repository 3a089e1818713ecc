//! Settings of the connection to Redis.

use super::*;

#[test]
fn what_is_sent_to_redis_leaves_at_once() {
    for url in
        ["redis://127.0.0.1", "redis://:secret@redis:6380/3", "rediss://redis", "unix:///run/redis.sock"]
    {
        let client = client(&url.to_owned().into(), None).unwrap();
        assert!(client.get_connection_info().tcp_settings().nodelay(), "{url}");
    }
}
