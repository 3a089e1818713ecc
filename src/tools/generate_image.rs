//! `generate_image`: draws pictures, or changes and combines pictures of this conversation, with a model for
//! images. What was drawn is sent at once and shown to the model.

mod arguments;
mod told;

use std::time::Duration;

use bytes::Bytes;
use chrono::NaiveDate;
use serde::Deserialize;
use serde_json::{Value, json};

use self::arguments::{Arguments, Wish};
use super::delivery::FilesToSend;
use super::tool::{Failure, Output, Price, Tool, ToolContext};
use crate::domain::file::PictureFault;
use crate::domain::file_id::PublicFileId;
use crate::domain::media::{MediaFile, MediaKind};
use crate::domain::model::ModelId;
use crate::domain::money::Usd;
use crate::domain::tool::ToolName;
use crate::domain::usage::Usage;
use crate::lifecycle::kill_point;
use crate::llm::gemini::{
    DrawRequest, Drawing, DrawnPicture, MODEL, MOST_SOURCES, SOURCES_LIMIT, Shape, Size, Source,
};
use crate::llm::message::ToolImage;
use crate::llm::registry::Registry;
use crate::services::made_files::{KeepError, MadeFile};
use crate::services::metering::PaidWork;
use crate::services::paid_call::PaidCall;
use crate::services::pricing;

/// Time limit for loading the sources.
const LOAD_LIMIT: Duration = Duration::from_secs(60);
/// Time limit for drawing, all tries included.
const DRAW_LIMIT: Duration = Duration::from_secs(240);
/// The tokens of thoughts and text that come with a picture as a rule.
const USUAL_TEXT: u64 = 1_000;
/// The most tokens of thoughts and text that are reserved for an answer.
const MOST_TEXT: u64 = 3_000;
/// The most searches that are reserved for.
const MOST_SEARCHES: u64 = 5;

/// The tool `generate_image`.
pub(super) struct GenerateImage;

impl Tool for GenerateImage {
    type Arguments = Arguments;
    const NAME: ToolName = ToolName::GenerateImage;
    const DESCRIPTION: &'static str = "Draws a picture from a description, or changes and combines pictures of this \
        conversation. Use it only when the person wants a picture; charts and formulas are not drawn with it. It costs \
        the person about $0.15 for each picture, $0.26 in 4K; the result has the exact cost. Draw one picture unless \
        they ask for more. The picture is sent to the person at once, below what you have written so far, and you see \
        it too: do not send it again with deliver_file, do not describe it at length, and say so honestly if it is not \
        what was asked for. The result says what was sent and why something was not drawn. To change a picture of this \
        tool, give its file_id as source.";
    const PRICE: Price = Price::Varying(reserved);
    /// Includes the wait for Telegram.
    const TIME_LIMIT: Duration = Duration::from_secs(450);

    async fn run(arguments: Arguments, context: ToolContext<'_>) -> Output {
        let wish = match Wish::read(&arguments) {
            Ok(wish) => wish,
            Err(failure) => return Output::free(Err(failure)),
        };
        let loading = tokio::time::timeout(LOAD_LIMIT, sources(&wish.ids, context));
        let sources = loading.await.unwrap_or_else(|_slow| Err(told::slow_sources()));
        match sources {
            Ok(sources) => draw(&wish, &sources, context).await,
            Err(failure) => Output::free(Err(failure)),
        }
    }
}

/// Returns the most that a call with these arguments may cost. Arguments that cannot be read cost nothing,
/// because they are refused.
fn reserved(input: &Value, context: ToolContext<'_>) -> PaidWork {
    let Ok(Arguments { prompt, image_size, source_file_ids, use_google_search, .. }) =
        Arguments::deserialize(input)
    else {
        return PaidWork { least: Usd::ZERO, most: Usd::ZERO };
    };
    let shape = Shape { aspect_ratio: None, size: image_size.wanted() };
    let sources = vec![Source { mime: "", bytes: Bytes::new() }; source_file_ids.len().min(MOST_SOURCES)];
    let request = DrawRequest { prompt: &prompt, sources: &sources, shape, search: use_google_search };
    let searches = if use_google_search { MOST_SEARCHES } else { 0 };
    let usage = Usage { output: MOST_TEXT, web_searches: searches, ..request.expected_usage() };
    let most = pricing::expected(context.registry, &model(), &usage, context.today());
    PaidWork { least: most, most }
}

/// Returns what a picture of this size costs as a rule.
pub(super) fn usual_cost(size: Size, registry: &Registry, on: NaiveDate) -> Usd {
    let usage = Usage { output: USUAL_TEXT, image_output: size.tokens(), ..Usage::default() };
    pricing::expected(registry, &model(), &usage, on)
}

fn model() -> ModelId {
    ModelId(MODEL.to_owned())
}

/// Loads the sources one after the other. One that is missing fails the whole call, before it costs anything.
async fn sources(ids: &[PublicFileId], context: ToolContext<'_>) -> Result<Vec<Source>, Failure> {
    let mut sources = Vec::with_capacity(ids.len());
    for &id in ids {
        let loaded = context.pictures.source(context.key, id, SOURCES_LIMIT / ids.len()).await;
        sources.push(loaded.map_err(|error| told::no_source(id, &error))?);
    }
    Ok(sources)
}

/// Draws under a call in the books. If the turn is cut meanwhile, the service goes on drawing, so the call
/// costs what one picture costs. The answer's usage is recorded after the picture is stored: a crash in
/// between is not paid by the person, who would have nothing for it.
async fn draw(wish: &Wish<'_>, sources: &[Source], context: ToolContext<'_>) -> Output {
    let request = DrawRequest { prompt: wish.prompt, sources, shape: wish.shape, search: wish.search };
    let mut call = PaidCall::start(context.meter, model()).if_cut(request.expected_usage());
    let drawn = tokio::time::timeout(DRAW_LIMIT, context.pictures.draw(&request)).await;
    let drawing = match drawn {
        Ok(Ok(drawing)) => drawing,
        Ok(Err(error)) => {
            call.end(error.name());
            return Output::free(Err(told::failed(&error)));
        }
        Err(_elapsed) => {
            call.end("timeout");
            return Output::free(Err(told::too_slow()));
        }
    };
    call = call.if_cut(drawing.usage);
    kill_point!("draw: answered");
    let (kept, images) = keep(&drawing, wish, context).await;
    kill_point!("draw: kept");
    if drawing.estimated {
        tracing::warn!("the image service did not report what it used, so it is estimated");
    }
    call.answered(drawing.usage, drawing.estimated, drawing.request_id.clone());
    let cost = context.cost(&call.end(drawing.missing.map_or("end", |missing| missing.name())));
    let result = match kept {
        Ok(files) if files.is_empty() => Err(told::nothing_drawn(&drawing)),
        Ok(files) => {
            let to_send = FilesToSend { files: files.clone(), caption: String::new() };
            let fates = context.delivery.now(to_send).await;
            let mut result = super::deliver_file::told(&files, &fates);
            result["cost_usd"] = json!(cost);
            told::remarks(&mut result, &drawing);
            Ok(result)
        }
        Err(error) => Err(told::not_kept(&error)),
    };
    Output::costing(result, cost).with_images(images)
}

/// Stores what was drawn. Returns the files to send and what the model sees of them.
async fn keep(
    drawing: &Drawing,
    wish: &Wish<'_>,
    context: ToolContext<'_>,
) -> (Result<Vec<MediaFile>, KeepError>, Vec<ToolImage>) {
    let (mut files, mut images) = (Vec::new(), Vec::new());
    for (number, picture) in (1..).zip(&drawing.pictures) {
        match context.pictures.shown(picture.bytes.clone()).await {
            Ok(shown) => images.push(ToolImage { mime: shown.mime, bytes: shown.bytes.into() }),
            // Telegram and the person may be able to show it.
            Err(PictureFault::Unsupported | PictureFault::TooManyPixels) => {}
            Err(PictureFault::Broken | PictureFault::Foreign) => {
                tracing::warn!(size = picture.bytes.len(), "a drawn picture is damaged");
                continue;
            }
        }
        match keep_one(picture, number, wish, context).await {
            Ok(file) => files.push(file),
            Err(error) => return (Err(error), images),
        }
    }
    (Ok(files), images)
}

async fn keep_one(
    picture: &DrawnPicture,
    number: usize,
    wish: &Wish<'_>,
    context: ToolContext<'_>,
) -> Result<MediaFile, KeepError> {
    let extension = match picture.mime.as_str() {
        "image/jpeg" => "jpg",
        "image/png" => "png",
        "image/webp" => "webp",
        _ => "img",
    };
    let made = if wish.ids.is_empty() { "drawn" } else { "edited" };
    let name = format!("{made}_{}_{number}.{extension}", context.now.format("%Y%m%d_%H%M%S"));
    let start: String = wish.prompt.chars().take(200).collect();
    let kept = MadeFile {
        turn: context.turn,
        name: &name,
        mime: &picture.mime,
        description: &format!("Picture {made} by generate_image: {start}"),
        content: &picture.bytes,
    };
    let id = context.made_files.keep(&kept).await?;
    let size = picture.bytes.len() as u64;
    // Telegram scales photos down to half of 4K and less.
    let wanted = (wish.shape.size == Size::FourK).then_some(MediaKind::Document);
    let kind = MediaKind::of(wanted, &picture.mime, size);
    Ok(MediaFile { id, kind, telegram_id: None, name, mime: picture.mime.clone(), size })
}

#[cfg(test)]
mod tests;
