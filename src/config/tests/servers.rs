//! PostgreSQL, its pooler, Redis and its Sentinels: addresses of one and several servers.

use secrecy::ExposeSecret;

use super::{UNSET, load_with};

#[test]
fn several_servers_of_postgresql_are_tried_in_order() {
    for (url, servers, needs_writable) in [
        ("postgres://u:pw@a/db", &["postgres://u:pw@a/db"][..], false),
        ("postgres://u:pw@a/db?target_session_attrs=any", &["postgres://u:pw@a/db"], false),
        ("postgres://u:pw@a/db?target_session_attrs=read-write", &["postgres://u:pw@a/db"], true),
        (
            "postgres://u:pw@a:6000,[::1]:5432,c/db?target_session_attrs=primary&sslmode=require",
            &[
                "postgres://u:pw@a:6000/db?sslmode=require",
                "postgres://u:pw@[::1]:5432/db?sslmode=require",
                "postgres://u:pw@c/db?sslmode=require",
            ],
            true,
        ),
        ("postgresql://u@a,b", &["postgresql://u@a", "postgresql://u@b"], true),
        ("postgres:///db?host=/run/postgresql", &["postgres:///db?host=/run/postgresql"], false),
    ] {
        let config = load_with([("DATABASE_URL", url), UNSET, UNSET]).unwrap();
        let found: Vec<&str> =
            config.database.postgres.servers.iter().map(ExposeSecret::expose_secret).collect();
        assert_eq!((&found[..], config.database.postgres.needs_writable), (servers, needs_writable), "{url}");
        assert!(config.to_string().contains(&format!("DATABASE_URL={}\n", url.replace(":pw@", ":hidden@"))));
    }
}

#[test]
fn what_the_database_cannot_be_reached_with_is_named() {
    let pooler = ("DATABASE_POOLER", "transaction");
    for (settings, problem) in [
        (
            [("DATABASE_URL", "postgres://a,b:x/db"), UNSET],
            "DATABASE_URL: must be an address that begins with",
        ),
        (
            [("DATABASE_URL", "postgres://a/db?target_session_attrs=standby"), UNSET],
            "DATABASE_URL: has a target",
        ),
        ([("DATABASE_POOLER", "session"), UNSET], "DATABASE_POOLER: must be none or transaction"),
        ([pooler, UNSET], "DATABASE_DIRECT_URL: is required with DATABASE_POOLER"),
        ([pooler, ("DATABASE_DIRECT_URL", "db")], "DATABASE_DIRECT_URL: must be an address that begins with"),
        (
            [("REDIS_URL", "redis://a,b"), UNSET],
            "REDIS_URL: has several hosts: for Sentinels write redis+sentinel",
        ),
        ([("REDIS_URL", "redis+sentinel://a,b/"), UNSET], "REDIS_URL: must name the master"),
        ([("REDIS_URL", "redis://a"), ("REDIS_CA_FILE", "/x")], "REDIS_CA_FILE: has no use with redis://"),
        ([("REDIS_URL", "rediss://a"), ("REDIS_CA_FILE", "/x")], "REDIS_CA_FILE: /x cannot be read"),
        ([("REDIS_URL", "rediss://a"), ("REDIS_CA_FILE", "Cargo.toml")], "REDIS_CA_FILE: Cargo.toml has no"),
    ] {
        let problems = load_with([settings[0], settings[1], UNSET]).unwrap_err().to_string();
        assert!(problems.contains(problem), "{settings:?}: {problems}");
    }
}

#[test]
fn a_pooler_has_an_address_beside_it() {
    let direct = ("DATABASE_DIRECT_URL", "postgres://starling:secret-pw@db/starling");
    let config = load_with([("DATABASE_POOLER", "transaction"), direct, UNSET]).unwrap();
    assert!(config.database.postgres.has_pooler);
    assert_eq!(config.database.postgres.direct[0].expose_secret(), direct.1);
    assert!(
        !config.to_string().contains("secret") && config.warnings().len() == 2,
        "{:?}",
        config.warnings()
    );
    let config = load_with([direct, UNSET, UNSET]).unwrap();
    assert!(config.warnings()[1].starts_with("DATABASE_DIRECT_URL is set without DATABASE_POOLER"));
}

#[test]
fn sentinels_are_asked_for_the_master() {
    for (url, server, sentinels, master) in [
        ("redis+sentinel://a/main", "redis://a/0", &["redis://:secret-s@a:26379"][..], "main"),
        (
            "rediss+sentinel://bot:secret-pw@a:1,b/my-master/3",
            "rediss://bot:secret-pw@a:1/3",
            &["rediss://:secret-s@a:1", "rediss://:secret-s@b:26379"],
            "my-master",
        ),
    ] {
        let config = load_with([("REDIS_URL", url), ("REDIS_SENTINEL_PASSWORD", "secret-s"), UNSET]).unwrap();
        let shown = config.to_string();
        assert!(
            !shown.contains("secret") && shown.contains("REDIS_SENTINEL_PASSWORD=(set, hidden)"),
            "{shown}"
        );
        let redis = config.database.redis.unwrap();
        let sentinel = redis.sentinel.unwrap();
        let found: Vec<&str> = sentinel.servers.iter().map(ExposeSecret::expose_secret).collect();
        assert_eq!(
            (redis.server.expose_secret(), &found[..], &*sentinel.master),
            (server, sentinels, master)
        );
    }
}
