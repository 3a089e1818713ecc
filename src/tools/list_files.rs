//! `list_files`: lists the files that the person has sent in this conversation. The turn decides whose files
//! these are, never the model's arguments.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::tool::{Failure, Output, Tool, ToolContext};
use crate::db::files;
use crate::domain::file::KnownFile;
use crate::domain::tool::ToolName;

/// The most files in one list.
const MOST: u8 = 50;

/// The tool.
pub(super) struct ListFiles;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {}

impl Tool for ListFiles {
    type Arguments = Arguments;
    const NAME: ToolName = ToolName::ListFiles;
    const DESCRIPTION: &'static str = "Lists the files that the person has sent in this conversation, newest first, up \
        to 50. Use it when they mean a file that you cannot see any more, or ask what they have sent. Free. `has_copy` \
        tells whether a copy is kept; `not_fetched`, that Telegram did not hand the file out; `replied_to`, that it came \
        with a message that the person replied to. The content is shown only where the file stands in the conversation, \
        as long as it is not too far back.";

    async fn run(Arguments {}: Arguments, context: ToolContext<'_>) -> Output {
        Output::free(list(context).await)
    }
}

async fn list(context: ToolContext<'_>) -> Result<Value, Failure> {
    // One more than is shown indicates whether there are more.
    let found = files::of_thread(context.db, context.key, i64::from(MOST) + 1).await;
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
            "age_minutes": (context.now - file.at).num_minutes().max(0),
            "has_copy": file.provider_id.is_some(),
            "not_fetched": file.not_fetched,
            "replied_to": file.replied,
        })
    };
    Ok(json!({"files": found.iter().map(line).collect::<Vec<_>>(), "older_ones_left_out": more}))
}
