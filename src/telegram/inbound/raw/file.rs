//! The file of a message, as Telegram describes it.

use super::fields::Fields;
use super::kind::{Class, Kind};
use crate::domain::file::FileKind;

/// A file, of which only the id is always known.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct File {
    /// The kind of message that contains it.
    pub kind: FileKind,
    /// Telegram's `file_id`, for downloads.
    pub id: String,
    /// Telegram's `file_unique_id`, for comparisons.
    pub unique_id: String,
    /// The name, on one line.
    pub name: Option<String>,
    /// The MIME type, if it is well-formed.
    pub mime: Option<String>,
    /// The length in bytes.
    pub size: Option<u64>,
    /// The playing time in seconds.
    pub duration_s: Option<u64>,
    /// The properties of a sticker.
    pub sticker: Option<Sticker>,
}

/// The properties of a sticker.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Sticker {
    pub format: Format,
    /// The emoji that it represents.
    pub emoji: Option<String>,
}

/// The format of a sticker's file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Format {
    /// A picture.
    Picture,
    /// A vector animation.
    Animation,
    /// A film.
    Film,
}

/// Reads the file of a message of this kind.
pub(crate) fn read(message: &Fields<'_>, kind: Kind) -> Option<File> {
    let Class::File(file) = kind.class else { return None };
    match kind.name {
        "photo" => largest(message, "photo"),
        // A photo with a short movement, of which a model can see the still picture.
        "live_photo" => {
            let moving = message.object("live_photo")?;
            largest(&moving, "photo").or_else(|| one(&moving, file))
        }
        name => one(&message.object(name)?, file),
    }
}

/// Reads the voice note of a rich message's block, which has its own field.
pub(crate) fn voice_note(block: &Fields<'_>) -> Option<File> {
    one(&block.object("voice_note")?, FileKind::Voice)
}

/// Reads the largest size of a photo.
fn largest(message: &Fields<'_>, name: &str) -> Option<File> {
    let area = |size: &Fields<'_>| {
        let side = |name| size.number(name).unwrap_or(0).max(0);
        (side("width").saturating_mul(side("height")), size.number("file_size"))
    };
    let sizes = message.objects(name).filter(|size| size.text("file_id").is_some_and(|id| !id.is_empty()));
    one(&sizes.max_by_key(area)?, FileKind::Photo)
}

fn one(file: &Fields<'_>, kind: FileKind) -> Option<File> {
    let id = file.text("file_id").filter(|id| !id.is_empty())?;
    let format = match (file.flag("is_animated"), file.flag("is_video")) {
        (true, _) => Format::Animation,
        (false, true) => Format::Film,
        (false, false) => Format::Picture,
    };
    let sticker = || Sticker { format, emoji: file.line("emoji") };
    Some(File {
        kind,
        unique_id: file.text("file_unique_id").filter(|id| !id.is_empty()).unwrap_or_else(|| id.clone()),
        id,
        name: file.line("file_name"),
        mime: file.line("mime_type").filter(|mime| is_type(mime)),
        // Telegram has no empty files: 0 means that the sender did not know the size.
        size: file.small("file_size").filter(|&size| size > 0),
        duration_s: file.small("duration"),
        sticker: (kind == FileKind::Sticker).then(sticker),
    })
}

/// Returns whether a text is a type and a subtype without parameters.
fn is_type(mime: &str) -> bool {
    let token = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
    };
    mime.split_once('/').is_some_and(|(kind, sub)| token(kind) && token(sub))
}
