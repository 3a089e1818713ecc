//! Tests of the settings: defaults, secret files, all problems at once, no secret shown.

mod secrets;
mod servers;
mod values;

use super::*;

const TOKEN: (&str, &str) = ("TELEGRAM_BOT_TOKEN", "1:secret-token");
const KEY: (&str, &str) = ("ANTHROPIC_API_KEY", "sk-ant-secret");
const POSTGRES: (&str, &str) = ("DATABASE_URL", "postgres://starling:secret-pw@db/starling");

/// Loads the required settings and three others.
fn load_with(more: [(&str, &str); 3]) -> Result<Config, Problems> {
    let [first, second, third] = more;
    Config::load(&ConfigSource::of([TOKEN, KEY, POSTGRES, first, second, third], vec![]))
}

const UNSET: (&str, &str) = ("UNSET", "");
