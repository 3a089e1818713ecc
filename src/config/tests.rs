//! Tests of the settings: defaults, secret files, all problems at once, no secret shown.

use std::path::PathBuf;

use secrecy::ExposeSecret;

use super::*;

const TOKEN: (&str, &str) = ("TELEGRAM_BOT_TOKEN", "1:secret-token");
const KEY: (&str, &str) = ("ANTHROPIC_API_KEY", "sk-ant-secret");
const POSTGRES: (&str, &str) = ("DATABASE_URL", "postgres://starling:secret-pw@db/starling");

fn advice(problems: &Problems) -> Vec<&str> {
    problems.0.iter().map(|problem| problem.variable).collect()
}

/// A directory of secret files, removed when the test ends.
struct Folder(PathBuf);

impl Folder {
    fn with(files: &[(&str, &str)]) -> Self {
        static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let number = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("starling-config-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        for (name, text) in files {
            std::fs::write(path.join(name), text).unwrap();
        }
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

#[test]
fn three_settings_are_enough() {
    let config = Config::load(&ConfigSource::of([TOKEN, KEY, POSTGRES], vec![])).unwrap();
    assert_eq!((config.anthropic.idle_limit.as_secs(), config.anthropic.max_silence.as_secs()), (90, 600));
    assert!(config.to_string().contains("ANTHROPIC_MAX_SILENCE_SECONDS=600"));
    assert_eq!(config.telegram.api_url, "https://api.telegram.org");
    assert_eq!(config.conversation.batch_window.as_millis(), 200);
    assert_eq!(config.conversation.starter_balance.to_string(), "$0.10");
    assert_eq!(config.conversation.overdraft_limit.to_string(), "$0.50");
    assert_eq!(config.conversation.max_turns_per_user, 5);
    assert_eq!((config.web.uses, config.web.blocked_domains.len()), (5, 0));
    assert_eq!(config.service.metrics_addr.to_string(), "0.0.0.0:8080");
    assert_eq!(config.service.shutdown_grace.as_secs(), 60);
    assert!(config.database.redis.is_none());
    assert!(config.providers.openai.key.is_none());
    assert_eq!((config.telegram.file_limit, config.telegram.is_local()), (20 << 20, false));
    assert_eq!(config.conversation.file_bytes_per_day, 500_000_000);
    assert!(config.to_string().contains("TELEGRAM_FILE_LIMIT_MB=20\n"));
    assert!(config.to_string().contains("FILE_BYTES_PER_DAY=500000000\n"));
}

#[test]
fn files_over_20_mb_need_a_local_server() {
    let load = |url: &str, limit: &str| {
        let variables = [("TELEGRAM_API_URL", url), ("TELEGRAM_FILE_LIMIT_MB", limit)];
        Config::load(&ConfigSource::of([TOKEN, KEY, POSTGRES, variables[0], variables[1]], vec![]))
    };
    for (url, limit, expected) in [
        ("https://api.telegram.org", "1", Ok(1 << 20)),
        ("https://api.telegram.org/", "20", Ok(20 << 20)),
        ("https://api.telegram.org", "21", Err("run a local Bot API server")),
        ("https://API.telegram.org", "2000", Err("run a local Bot API server")),
        ("http://127.0.0.1:8081", "21", Ok(21 << 20)),
        ("http://bot-api:8081", "2000", Ok(2_000 << 20)),
        ("http://bot-api:8081", "2001", Err("a number from 1 to 2000")),
        ("http://bot-api:8081", "0", Err("a number from 1 to 2000")),
        ("http://bot-api:8081", "20 MB", Err("a number from 1 to 2000")),
    ] {
        match (load(url, limit), expected) {
            (Ok(config), Ok(bytes)) => assert_eq!(config.telegram.file_limit, bytes, "{url} {limit}"),
            (Err(problems), Err(part)) => {
                assert_eq!(advice(&problems), ["TELEGRAM_FILE_LIMIT_MB"], "{url} {limit}");
                assert!(problems.to_string().contains(part), "{problems}");
            }
            (found, expected) => panic!("{url} {limit}: {found:?}, not {expected:?}"),
        }
    }
}

#[test]
fn a_daily_limit_below_the_largest_file_is_pointed_out() {
    let warned = |bytes: &str| {
        let source = ConfigSource::of([TOKEN, KEY, POSTGRES, ("FILE_BYTES_PER_DAY", bytes)], vec![]);
        let warnings = Config::load(&source).unwrap().warnings();
        warnings.iter().any(|warning| warning.contains("FILE_BYTES_PER_DAY"))
    };
    assert!(warned("20971519"));
    assert!(!warned("20971520") && !warned("0"));
}

#[test]
fn every_problem_is_named_at_once() {
    let source = ConfigSource::of(
        [
            ("TELEGRAM_BOT_TOKEN", "nonsense"),
            ("TELEGRAM_API_URL", "ftp://x"),
            ("TELEGRAM_MODE", "pigeon"),
            ("REDIS_URL", "localhost"),
            ("ANTHROPIC_MAX_SILENCE_SECONDS", "0"),
            ("BATCH_WINDOW_MS", "-1"),
            ("STARTER_BALANCE_USD", "NaN"),
            ("OVERDRAFT_LIMIT_USD", "0.0000000001"),
            ("MAX_TURNS_PER_USER", "0"),
            ("LOG_FORMAT", "xml"),
            ("METRICS_ADDR", "8080"),
            ("MODELS_FILE", "/nowhere/models.toml"),
            ("WEB_MAX_USES", "21"),
            ("WEB_BLOCKED_DOMAINS", "a.example, https://b.example"),
            ("PRIVILEGED_USERS", "1, two"),
        ],
        vec![],
    );
    let problems = Config::load(&source).unwrap_err();
    assert_eq!(
        advice(&problems),
        [
            "TELEGRAM_BOT_TOKEN",
            "TELEGRAM_API_URL",
            "TELEGRAM_MODE",
            "ANTHROPIC_API_KEY",
            "ANTHROPIC_MAX_SILENCE_SECONDS",
            "DATABASE_URL",
            "REDIS_URL",
            "BATCH_WINDOW_MS",
            "STARTER_BALANCE_USD",
            "MAX_TURNS_PER_USER",
            "OVERDRAFT_LIMIT_USD",
            "MODELS_FILE",
            "WEB_MAX_USES",
            "WEB_BLOCKED_DOMAINS",
            "LOG_FORMAT",
            "METRICS_ADDR",
            "PRIVILEGED_USERS",
        ]
    );
    assert!(
        problems.to_string().contains("  ANTHROPIC_API_KEY: is required; set the variable or put it into")
    );
}

#[test]
fn a_number_out_of_range_is_refused_with_the_range() {
    for (setting, problem) in [
        (("BATCH_WINDOW_MS", "1001"), "BATCH_WINDOW_MS: must be a number from 0 to 1000"),
        (("MAX_TURNS_PER_USER", "1001"), "MAX_TURNS_PER_USER: must be a number from 1 to 1000"),
        (("MESSAGES_KEPT_DAYS", "0"), "MESSAGES_KEPT_DAYS: must be a number from 1 to 36500"),
    ] {
        let problems = load_with([setting, UNSET, UNSET]).unwrap_err().to_string();
        assert!(problems.contains(problem), "{problems}");
    }
    let widest = load_with([("BATCH_WINDOW_MS", "1000"), UNSET, UNSET]).unwrap();
    assert_eq!(widest.conversation.batch_window.as_millis(), 1_000);
}

#[test]
fn secrets_come_from_files_and_variables_win() {
    let folder = Folder::with(&[
        ("telegram_bot_token", "7:from-file\n"),
        ("anthropic_api_key.txt", "sk-file"),
        ("postgres_password", "p@ss word"),
        ("redis_password", "r"),
        ("privileged_users", "# owners\n11, 12 # both\n13"),
    ]);
    let variables =
        [KEY, ("DATABASE_URL", "postgres://starling@db/starling"), ("REDIS_URL", "redis://cache:6379")];
    let config =
        Config::load(&ConfigSource::of(variables, vec!["/nowhere".into(), folder.0.clone()])).unwrap();
    assert_eq!(config.telegram.token.expose_secret(), "7:from-file");
    assert_eq!(config.anthropic.key.expose_secret(), "sk-ant-secret");
    assert_eq!(
        config.database.postgres.servers[0].expose_secret(),
        "postgres://starling:p%40ss%20word@db/starling"
    );
    assert_eq!(config.database.redis.unwrap().server.expose_secret(), "redis://:r@cache:6379");
    assert_eq!(config.privileged, [11, 12, 13].map(UserId).into());
}

#[test]
fn a_webhook_needs_its_three_settings() {
    let variables = [TOKEN, KEY, POSTGRES, ("TELEGRAM_MODE", "webhook"), ("WEBHOOK_SECRET", "has blanks")];
    let problems = Config::load(&ConfigSource::of(variables, vec![])).unwrap_err();
    assert_eq!(advice(&problems), ["WEBHOOK_URL", "WEBHOOK_SECRET"]);
}

#[test]
fn only_a_local_server_calls_a_webhook_at_any_address() {
    let local = ("TELEGRAM_API_URL", "http://127.0.0.1:8081");
    let public = ("TELEGRAM_API_URL", "https://api.telegram.org");
    for (server, url, refused) in [
        (public, "https://bot.example/x", false),
        (public, "https://bot.example:8443/x", false),
        (public, "https://bot.example:8444/x", true),
        (public, "http://bot.example:80/x", true),
        (local, "http://10.0.0.1:9000/x", false),
    ] {
        let webhook = [("TELEGRAM_MODE", "webhook"), ("WEBHOOK_SECRET", "secret"), ("WEBHOOK_URL", url)];
        let [mode, secret, address] = webhook;
        let variables = [TOKEN, KEY, POSTGRES, server, mode, secret, address];
        let loaded = Config::load(&ConfigSource::of(variables, vec![]));
        assert_eq!(loaded.is_err(), refused, "{url} with {}", server.1);
        if let Err(problems) = loaded {
            assert_eq!(advice(&problems), ["WEBHOOK_URL"]);
        }
    }
}

#[test]
fn no_secret_is_ever_printed() {
    let variables = [TOKEN, KEY, POSTGRES, ("REDIS_URL", "redis://:secret-pw@cache")];
    let config = Config::load(&ConfigSource::of(variables, vec![])).unwrap();
    for text in [config.to_string(), format!("{config:?}")] {
        assert!(!text.contains("secret"), "{text}");
    }
    assert!(config.to_string().contains("DATABASE_URL=postgres://starling:hidden@db/starling"));
}

/// Loads the required settings and three others.
fn load_with(more: [(&str, &str); 3]) -> Result<Config, Problems> {
    let [first, second, third] = more;
    Config::load(&ConfigSource::of([TOKEN, KEY, POSTGRES, first, second, third], vec![]))
}

const UNSET: (&str, &str) = ("UNSET", "");

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
