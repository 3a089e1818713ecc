//! Checks of the services that answer, hear, draw and compute, and of the models that are offered.

use super::{Finding, LIMIT};
use crate::config::Config;
use crate::domain::clock::Clock;
use crate::http;
use crate::llm::registry::Registry;
use crate::llm::{Provider, claude, gemini, speech};
use crate::sandbox;
use crate::telemetry::logs::chain;

/// Checks the key of the models, and whether it serves those that are offered.
pub(super) async fn anthropic(config: &Config) -> (Finding, Finding) {
    let served = served_models(config).await;
    let models = Registry::load(config.conversation.models_file.as_deref());
    let models = match models.and_then(|table| table.limit_to(Provider::OF_CHATS)) {
        Ok(registry) => offered(&registry, served.as_deref().unwrap_or_default()),
        Err(error) => {
            Finding::Broken(format!("{}; correct MODELS_FILE or unset it", on_one_line(&chain(&error))))
        }
    };
    (served.map(|_| "the key is accepted".to_owned()).into(), models)
}

async fn served_models(config: &Config) -> Result<Vec<String>, String> {
    let client = http::client(LIMIT).map_err(|error| error.to_string())?;
    let client = claude::Client::new(client, &config.anthropic.base_url, &config.anthropic.key)
        .map_err(|_| "ANTHROPIC_API_KEY has characters that cannot be sent".to_owned())?;
    let served = Provider::Claude(client).served_models().await;
    served.map_err(|error| format!("{}; check ANTHROPIC_API_KEY and ANTHROPIC_BASE_URL", chain(&error)))
}

/// Joins the lines of an error, without those that draw where in a file it is.
fn on_one_line(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.contains('|')).collect();
    lines.join(" ")
}

/// Compares what people may choose with what the provider serves; nothing served means that it did not say.
fn offered(registry: &Registry, served: &[String]) -> Finding {
    // Some are listed with the date of their version behind their name.
    let is_served = |id: &str| {
        served.iter().any(|served| {
            served
                .strip_prefix(id)
                .is_some_and(|rest| matches!(rest.as_bytes(), [] | [b'-', b'0'..=b'9', ..]))
        })
    };
    let offered: Vec<_> = registry.offered_on(Clock::System.now().date_naive()).collect();
    let unknown: Vec<&str> = offered
        .iter()
        .map(|model| model.id.0.as_str())
        .filter(|id| !served.is_empty() && !is_served(id))
        .collect();
    if unknown.is_empty() {
        return Finding::Fine(format!("{} models offered", offered.len()));
    }
    let text = format!(
        "the key cannot use {}; correct its id in MODELS_FILE or do not offer it",
        unknown.join(", ")
    );
    let default = registry.default_model().id.0.as_str();
    if unknown.contains(&default) { Finding::Broken(text) } else { Finding::Weak(text) }
}

/// Checks the service for speech to text. Returns `None` if it is not configured.
pub(super) async fn openai(config: &Config) -> Option<Finding> {
    let (openai, limit) = (&config.providers.openai, config.providers.openai_limit);
    let key = openai.key.as_ref()?;
    let check = async {
        let client = http::client(LIMIT).map_err(|error| error.to_string())?;
        let client = speech::Client::new(client, &openai.base_url, key, limit)
            .map_err(|_| "OPENAI_API_KEY has characters that cannot be sent".to_owned())?;
        let checked = client.check().await;
        checked.map_err(|error| format!("{}; check OPENAI_API_KEY and OPENAI_BASE_URL", chain(&error)))?;
        Ok("the key is not refused".to_owned())
    };
    Some(Finding::from(check.await))
}

/// Checks the service for pictures. Returns `None` if it is not configured.
pub(super) async fn google(config: &Config) -> Option<Finding> {
    let (google, limit) = (&config.providers.google, config.providers.google_limit);
    let key = google.key.as_ref()?;
    let check = async {
        let client = http::client(LIMIT).map_err(|error| error.to_string())?;
        let client = gemini::Client::new(client, &google.base_url, key, limit)
            .map_err(|_| "GOOGLE_API_KEY has characters that cannot be sent".to_owned())?;
        let checked = client.check().await;
        checked.map_err(|error| format!("{}; check GOOGLE_API_KEY and GOOGLE_BASE_URL", chain(&error)))?;
        Ok(format!("the key is accepted, {} draws", gemini::MODEL))
    };
    Some(Finding::from(check.await))
}

/// Checks the service for sandboxes. Returns `None` if it is not configured.
pub(super) async fn e2b(config: &Config) -> Option<Finding> {
    let (e2b, sandbox_url) = (&config.providers.e2b, config.providers.e2b_sandbox_url.as_str());
    let key = e2b.key.as_ref()?;
    let check = async {
        let client = http::client(LIMIT).map_err(|error| error.to_string())?;
        let client = sandbox::Client::new(client, (&e2b.base_url, sandbox_url), key)
            .map_err(|_| "E2B_API_KEY has characters that cannot be sent".to_owned())?;
        let checked = client.check().await;
        checked.map_err(|error| format!("{}; check E2B_API_KEY and E2B_API_URL", chain(&error)))?;
        Ok("the key is accepted".to_owned())
    };
    Some(Finding::from(check.await))
}
