//! The arguments of `generate_image`, and the wish that is read from them.

use schemars::JsonSchema;
use serde::Deserialize;

use super::told;
use crate::domain::file_id::PublicFileId;
use crate::llm::gemini::{MOST_SOURCES, Shape, Size};
use crate::tools::failure::Failure;

/// The longest prompt, in code points.
const LONGEST_PROMPT: usize = 8_000;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::tools) struct Arguments {
    /// What to draw, in English, up to 8,000 characters: subject, surroundings, style, light, and the exact
    /// text that is to stand in the picture. With sources: what to change about them and what to keep.
    pub(super) prompt: String,
    /// Width to height. auto keeps that of the first source, or draws a square.
    #[serde(default)]
    pub(super) aspect_ratio: AspectRatio,
    /// The size: about 1,000, 2,000 or 4,000 pixels. 4K costs nearly twice as much; use it only if the person
    /// wants to print it or asks for it. It is sent as a document, because Telegram would scale it down.
    #[serde(default)]
    pub(super) image_size: ImageSize,
    /// The ids of up to 14 pictures of this conversation to change or to combine, as list_files or the tool
    /// that made them gave them.
    #[serde(default)]
    pub(super) source_file_ids: Vec<String>,
    /// True to let the image model search the web first, for pictures that depend on current facts, such as
    /// the weather of today. Costs a little more.
    #[serde(default)]
    pub(super) use_google_search: bool,
}

#[derive(Clone, Copy, Deserialize, JsonSchema, Default)]
pub(super) enum AspectRatio {
    #[default]
    #[serde(rename = "auto")]
    Auto,
    #[serde(rename = "1:1")]
    Square,
    #[serde(rename = "2:3")]
    TwoToThree,
    #[serde(rename = "3:2")]
    ThreeToTwo,
    #[serde(rename = "3:4")]
    ThreeToFour,
    #[serde(rename = "4:3")]
    FourToThree,
    #[serde(rename = "4:5")]
    FourToFive,
    #[serde(rename = "5:4")]
    FiveToFour,
    #[serde(rename = "9:16")]
    NineToSixteen,
    #[serde(rename = "16:9")]
    SixteenToNine,
    #[serde(rename = "21:9")]
    TwentyOneToNine,
}

impl AspectRatio {
    pub(super) fn wanted(self) -> Option<&'static str> {
        Some(match self {
            Self::Auto => return None,
            Self::Square => "1:1",
            Self::TwoToThree => "2:3",
            Self::ThreeToTwo => "3:2",
            Self::ThreeToFour => "3:4",
            Self::FourToThree => "4:3",
            Self::FourToFive => "4:5",
            Self::FiveToFour => "5:4",
            Self::NineToSixteen => "9:16",
            Self::SixteenToNine => "16:9",
            Self::TwentyOneToNine => "21:9",
        })
    }
}

#[derive(Clone, Copy, Deserialize, JsonSchema, Default)]
pub(super) enum ImageSize {
    #[serde(rename = "1K")]
    OneK,
    #[default]
    #[serde(rename = "2K")]
    TwoK,
    #[serde(rename = "4K")]
    FourK,
}

impl ImageSize {
    pub(super) fn wanted(self) -> Size {
        match self {
            Self::OneK => Size::OneK,
            Self::TwoK => Size::TwoK,
            Self::FourK => Size::FourK,
        }
    }
}

/// A valid wish.
pub(super) struct Wish<'a> {
    pub(super) prompt: &'a str,
    pub(super) ids: Vec<PublicFileId>,
    pub(super) shape: Shape,
    pub(super) search: bool,
}

impl<'a> Wish<'a> {
    pub(super) fn read(arguments: &'a Arguments) -> Result<Self, Failure> {
        let Arguments { prompt, aspect_ratio, image_size, source_file_ids, use_google_search } = arguments;
        let prompt = prompt.trim();
        if prompt.is_empty() || prompt.chars().count() > LONGEST_PROMPT {
            return Err(Failure::arguments(format!(
                "The prompt must have 1 to {LONGEST_PROMPT} characters."
            )));
        }
        let mut ids = Vec::new();
        for text in source_file_ids.iter().filter(|text| !text.trim().is_empty()) {
            let id = PublicFileId::parse(text).ok_or_else(|| told::not_found(text))?;
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        if ids.len() > MOST_SOURCES {
            return Err(Failure::arguments(format!("At most {MOST_SOURCES} sources can be used.")));
        }
        let shape = Shape { aspect_ratio: aspect_ratio.wanted(), size: image_size.wanted() };
        Ok(Self { prompt, ids, shape, search: *use_google_search })
    }
}
