//! The file of a message, as far as Telegram tells of it.

use super::fields::Fields;
use super::kind::{Class, Kind};
use crate::domain::file::FileKind;

/// A file; only its id is sure to be there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct File {
    /// What kind of message brought it.
    pub kind: FileKind,
    /// Telegram's name for it, good for downloading.
    pub id: String,
    /// Telegram's name for its content, good for comparing.
    pub unique_id: String,
    /// Its name, in one line.
    pub name: Option<String>,
    /// Its type, if what is told is one.
    pub mime: Option<String>,
    /// Its length in bytes.
    pub size: Option<u64>,
    /// How long it plays, in seconds.
    pub duration_s: Option<u64>,
    /// How the file of a sticker is made, or the emoji that it stands for.
    pub sticker: Option<Sticker>,
}

/// What is special about a sticker.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Sticker {
    /// What makes it move, if it does.
    pub format: Format,
    /// What it stands for.
    pub emoji: Option<String>,
}

/// How the file of a sticker is made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Format {
    /// A picture.
    Picture,
    /// A vector animation.
    Animation,
    /// A film.
    Film,
}

/// The file of a message of this kind.
pub(crate) fn read(message: &Fields<'_>, kind: Kind) -> Option<File> {
    let Class::File(file) = kind.class else { return None };
    match kind.name {
        "photo" => largest(message, "photo"),
        // A photo that moves for a moment: its picture is what a model can see.
        "live_photo" => {
            let moving = message.object("live_photo")?;
            largest(&moving, "photo").or_else(|| one(&moving, file))
        }
        name => one(&message.object(name)?, file),
    }
}

/// The voice note of a block of a rich message, which has a field of its own for it.
pub(crate) fn voice_note(block: &Fields<'_>) -> Option<File> {
    one(&block.object("voice_note")?, FileKind::Voice)
}

/// The largest of the sizes of a photo.
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
        // No file is empty that Telegram has: 0 is a size that the sender did not know.
        size: file.small("file_size").filter(|&size| size > 0),
        duration_s: file.small("duration"),
        sticker: (kind == FileKind::Sticker).then(sticker),
    })
}

/// Whether a text is a type and a subtype without parameters.
fn is_type(mime: &str) -> bool {
    let token = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
    };
    mime.split_once('/').is_some_and(|(kind, sub)| token(kind) && token(sub))
}
