//! `list_files`: the files that the person has sent in this conversation. Whose files these are is decided by the turn,
//! never by what the model says.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Failure, Workshop};
use crate::db::files;
use crate::domain::file::KnownFile;
use crate::llm::request::ToolSpec;

/// Files of one list.
const MOST: u8 = 50;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {}

pub(super) fn spec() -> ToolSpec {
    ToolSpec {
        name: "list_files",
        description: "Lists the files that the person has sent in this conversation, newest first, up to 50. Use it when \
                      they mean a file that you cannot see any more, or ask what they have sent. Free. `has_copy` tells \
                      whether a copy is kept; `not_fetched`, that Telegram did not hand the file out; `replied_to`, that it \
                      came with a message that the person replied to. The content is shown only where the file \
                      stands in the conversation, as long as it is not too far back.",
        schema: json!({"type": "object", "properties": {}}),
    }
}

pub(super) async fn run(input: &Value, workshop: Workshop<'_>) -> Result<Value, Failure> {
    let Arguments {} =
        Arguments::deserialize(input).map_err(|error| Failure::arguments(error.to_string()))?;
    // One more than is shown tells whether there are more.
    let found = files::of_thread(workshop.db, workshop.key, i64::from(MOST) + 1).await;
    let mut found = found.map_err(|error| {
        tracing::warn!(error = &error as &dyn std::error::Error, "the files cannot be listed");
        Failure::unavailable("The list cannot be read at the moment. Try once more, then go on without it.")
    })?;
    let more = found.len() > usize::from(MOST);
    found.truncate(MOST.into());
    let line = |file: &KnownFile| {
        json!({
            "id": file.id,
            "kind": file.kind.name(),
            "name": file.name,
            "mime": file.mime,
            "size_bytes": file.size,
            "age_minutes": (workshop.now - file.at).num_minutes().max(0),
            "has_copy": file.provider_id.is_some(),
            "not_fetched": file.not_fetched,
            "replied_to": file.replied,
        })
    };
    Ok(json!({"files": found.iter().map(line).collect::<Vec<_>>(), "older_ones_left_out": more}))
}
