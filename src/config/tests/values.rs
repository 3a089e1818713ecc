//! Defaults, ranges, and settings that need each other.

use super::super::*;
use super::{KEY, POSTGRES, TOKEN, UNSET, load_with};

fn advice(problems: &Problems) -> Vec<&str> {
    problems.0.iter().map(|problem| problem.variable).collect()
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
