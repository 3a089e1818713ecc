//! Files of a conversation, for any provider: which files the model reads, in which form and at what cost.
//! No side effects.

use super::tokens::BYTES_PER_TOKEN;

/// The largest image, in bytes. Pictures are made smaller before they are uploaded, and the usual formats
/// need more only for more pixels than are decoded.
const IMAGE_BYTES: u64 = 50_000_000;
/// The largest PDF, in bytes.
const PDF_BYTES: u64 = 32_000_000;
/// The largest text, in bytes.
const TEXT_BYTES: u64 = 1_000_000;

/// Tokens of the largest image; smaller ones need fewer.
const IMAGE_TOKENS: u64 = 4_784;
/// Bytes of a PDF that usually contain at least one token. Pages are read as text and as an image, and their
/// number is not known in advance; a small file with many pages may need more tokens.
const PDF_BYTES_PER_TOKEN: u64 = 3;
/// The most tokens per page.
const PAGE_TOKENS: u64 = 3_000;
/// The most pages that the model reads.
const PAGES: u64 = 600;

/// MIME types of text besides `text/...`, `...+json` and `...+xml`.
const TEXT_TYPES: &[&str] = &[
    "application/csv",
    "application/ecmascript",
    "application/graphql",
    "application/javascript",
    "application/json",
    "application/jsonl",
    "application/ndjson",
    "application/sql",
    "application/toml",
    "application/typescript",
    "application/x-csh",
    "application/x-httpd-php",
    "application/x-javascript",
    "application/x-json",
    "application/x-latex",
    "application/x-ndjson",
    "application/x-perl",
    "application/x-php",
    "application/x-python",
    "application/x-python-code",
    "application/x-ruby",
    "application/x-sh",
    "application/x-shellscript",
    "application/x-sql",
    "application/x-subrip",
    "application/x-tex",
    "application/x-toml",
    "application/x-typescript",
    "application/x-yaml",
    "application/xml",
    "application/yaml",
];

/// Extensions of text files whose MIME type is missing, general or misleading.
const TEXT_EXTENSIONS: &[&str] = &[
    "adoc",
    "asm",
    "awk",
    "bash",
    "bat",
    "bib",
    "c",
    "cc",
    "cfg",
    "clj",
    "cmake",
    "conf",
    "cpp",
    "cs",
    "css",
    "csv",
    "cxx",
    "dart",
    "diff",
    "env",
    "erl",
    "ex",
    "exs",
    "fs",
    "go",
    "gradle",
    "graphql",
    "groovy",
    "h",
    "hcl",
    "hpp",
    "hs",
    "htm",
    "html",
    "ini",
    "ipynb",
    "java",
    "jl",
    "js",
    "json",
    "json5",
    "jsonl",
    "jsx",
    "kt",
    "kts",
    "less",
    "lisp",
    "log",
    "lua",
    "m",
    "make",
    "markdown",
    "md",
    "mjs",
    "ml",
    "ndjson",
    "nim",
    "nix",
    "patch",
    "php",
    "pl",
    "properties",
    "proto",
    "ps1",
    "py",
    "r",
    "rb",
    "rs",
    "rst",
    "sass",
    "scala",
    "scss",
    "sh",
    "sol",
    "sql",
    "srt",
    "svelte",
    "svg",
    "swift",
    "tex",
    "text",
    "tf",
    "toml",
    "ts",
    "tsv",
    "tsx",
    "txt",
    "vb",
    "vtt",
    "vue",
    "xml",
    "yaml",
    "yml",
    "zig",
    "zsh",
];

/// MIME types of pictures: those that the model accepts, and those that are converted before they are
/// uploaded. The content may differ from the type, so HEIC is listed although it cannot be converted.
const IMAGE_TYPES: &[&str] = &[
    "image/apng",
    "image/avif",
    "image/bmp",
    "image/gif",
    "image/heic",
    "image/heif",
    "image/jpeg",
    "image/jpg",
    "image/pjpeg",
    "image/png",
    "image/tiff",
    "image/vnd.microsoft.icon",
    "image/webp",
    "image/x-bmp",
    "image/x-icon",
    "image/x-ms-bmp",
    "image/x-png",
];

/// Extensions of pictures whose MIME type is missing or general.
const IMAGE_EXTENSIONS: &[&str] = &[
    "apng", "avif", "bmp", "dib", "gif", "heic", "heif", "ico", "jfif", "jpeg", "jpg", "png", "tif", "tiff",
    "webp",
];

/// The form in which the model reads a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Readable {
    /// The model sees the picture.
    Image,
    /// The model sees the pages and reads their text.
    Pdf,
    /// The model reads the text.
    Text,
}

/// Why the model does not read a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unreadable {
    /// The model cannot read this kind of file.
    Kind,
    /// The file is too large for its kind.
    TooLarge {
        /// The largest size of such a file, in bytes.
        limit: u64,
    },
    /// The file has no content.
    Empty,
}

/// A file to be uploaded to the provider.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Upload {
    /// The name that the person gave the file.
    pub name: String,
    /// The declared MIME type; may be empty.
    pub mime: String,
    /// The whole content.
    pub bytes: Vec<u8>,
}

/// Returns the form in which the model reads a file of this MIME type, name and size in bytes. It depends on
/// nothing else, so that a message looks the same in every prompt. What Telegram hands out is another limit
/// ([`Refusal`](crate::domain::file::Refusal)).
///
/// # Errors
/// Returns the reason why the model does not read the file.
pub fn readable(mime: &str, name: &str, size: u64) -> Result<Readable, Unreadable> {
    let readable = kind(mime, name).ok_or(Unreadable::Kind)?;
    let limit = match readable {
        Readable::Image => IMAGE_BYTES,
        Readable::Pdf => PDF_BYTES,
        Readable::Text => TEXT_BYTES,
    };
    match size {
        0 => Err(Unreadable::Empty),
        _ if size > limit => Err(Unreadable::TooLarge { limit }),
        _ => Ok(readable),
    }
}

/// Returns the MIME type without parameters, in lower case.
pub(super) fn essence(mime: &str) -> String {
    mime.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

fn kind(mime: &str, name: &str) -> Option<Readable> {
    let mime = essence(mime);
    let extension =
        name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase()).unwrap_or_default();
    if IMAGE_TYPES.contains(&mime.as_str()) {
        return Some(Readable::Image);
    }
    if matches!(mime.as_str(), "application/pdf" | "application/x-pdf") {
        return Some(Readable::Pdf);
    }
    let text = mime.starts_with("text/")
        || mime.ends_with("+json")
        || mime.ends_with("+xml")
        || TEXT_TYPES.contains(&mime.as_str())
        // TypeScript has the extension of a video format.
        || mime == "video/mp2t" && extension == "ts";
    if text {
        return Some(Readable::Text);
    }
    let says_nothing = mime.is_empty() || mime.starts_with("application/");
    says_nothing.then(|| by_extension(&mime, &extension)).flatten()
}

/// Decides by extension. A specific MIME type takes precedence, except for text files, which are declared
/// with types of all kinds.
fn by_extension(mime: &str, extension: &str) -> Option<Readable> {
    let unknown = matches!(mime, "" | "application/octet-stream" | "application/binary");
    match extension {
        picture if unknown && IMAGE_EXTENSIONS.contains(&picture) => Some(Readable::Image),
        "pdf" if unknown => Some(Readable::Pdf),
        text if TEXT_EXTENSIONS.binary_search(&text).is_ok() => Some(Readable::Text),
        _ => None,
    }
}

/// Returns how much room a file needs in a prompt, as the equivalent number of bytes of text.
pub(super) fn weight(readable: Readable, size: u64) -> u64 {
    match readable {
        Readable::Image => IMAGE_TOKENS * BYTES_PER_TOKEN,
        Readable::Pdf => {
            (size / PDF_BYTES_PER_TOKEN).clamp(PAGE_TOKENS, PAGES * PAGE_TOKENS) * BYTES_PER_TOKEN
        }
        Readable::Text => size,
    }
}

/// Returns how much room this number of PDF pages needs in a prompt, as the equivalent number of bytes of
/// text.
pub(super) fn weight_of_pages(pages: u64) -> u64 {
    pages * PAGE_TOKENS * BYTES_PER_TOKEN
}

#[cfg(test)]
mod tests;
