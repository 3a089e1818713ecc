//! Secrets: read from files, never shown.

use std::path::PathBuf;

use secrecy::ExposeSecret;

use super::super::*;
use super::{KEY, POSTGRES, TOKEN};

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
fn no_secret_is_ever_printed() {
    let variables = [TOKEN, KEY, POSTGRES, ("REDIS_URL", "redis://:secret-pw@cache")];
    let config = Config::load(&ConfigSource::of(variables, vec![])).unwrap();
    for text in [config.to_string(), format!("{config:?}")] {
        assert!(!text.contains("secret"), "{text}");
    }
    assert!(config.to_string().contains("DATABASE_URL=postgres://starling:hidden@db/starling"));
}
