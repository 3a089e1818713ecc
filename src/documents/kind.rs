//! Detects the format of a file: by content first, then by MIME type and name.

use std::borrow::Cow;
use std::io::Cursor;

use super::archives::is_tar;
use super::container::Container;
use super::decoding::{decode, is_binary};
use super::error::DocumentError;

/// The most bytes of text that are decoded.
pub(crate) const LONGEST_TEXT: usize = 32 << 20;

/// A format, with the parts that were opened to detect it.
pub(super) enum Kind<'a> {
    Xlsx(Container<'a>),
    Xlsb,
    Xls,
    Ods(Container<'a>),
    Docx(Container<'a>, String),
    Pptx(Container<'a>),
    Odt(Container<'a>),
    Odp(Container<'a>),
    Epub(Container<'a>),
    Zip(Container<'a>),
    Tar,
    Gzip,
    Rtf,
    Mail,
    Html(Cow<'a, str>),
    Delimited(Cow<'a, str>),
    Json(Cow<'a, str>),
    Notebook(Cow<'a, str>),
    Subtitles(Cow<'a, str>),
    Text(Cow<'a, str>),
}

/// First bytes of files that are not supported.
const FOREIGN: [(&[u8], &str); 20] = [
    (b"%PDF-", "PDF"),
    (b"7z\xbc\xaf\x27\x1c", "7-Zip archive"),
    (b"Rar!\x1a\x07", "RAR archive"),
    (b"BZh", "BZIP2 archive"),
    (b"\xfd7zXZ\0", "XZ archive"),
    (b"\x28\xb5\x2f\xfd", "Zstandard archive"),
    (b"\x89PNG\r\n", "image"),
    (b"\xff\xd8\xff", "image"),
    (b"GIF8", "image"),
    (b"II*\0", "image"),
    (b"MM\0*", "image"),
    (b"RIFF", "image, audio or video"),
    (b"OggS", "audio or video"),
    (b"fLaC", "audio"),
    (b"ID3", "audio"),
    (b"\x1aE\xdf\xa3", "video"),
    (b"MZ\x90", "program"),
    (b"\x7fELF", "program"),
    (b"SQLite format 3\0", "database"),
    (b"PAR1", "Parquet table"),
];

/// Detects the format of the bytes.
pub(super) fn detect<'a>(mime: &str, name: &str, bytes: &'a [u8]) -> Result<Kind<'a>, DocumentError> {
    let extension = extension(name);
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(DocumentError::Empty);
    }
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
        return zipped(bytes);
    }
    if bytes.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") {
        return compound(bytes);
    }
    if let Some((_, what)) = FOREIGN.iter().find(|(start, _)| bytes.starts_with(start)) {
        return Err(DocumentError::Unsupported(what));
    }
    if bytes.get(4..8) == Some(b"ftyp") {
        return Err(DocumentError::Unsupported("image, audio or video"));
    }
    if bytes.starts_with(b"\x1f\x8b") {
        return Ok(Kind::Gzip);
    }
    if is_tar(bytes) {
        return Ok(Kind::Tar);
    }
    if bytes.starts_with(b"{\\rtf") {
        return Ok(Kind::Rtf);
    }
    if matches!(extension.as_str(), "eml" | "mht" | "mhtml") || mime == "message/rfc822" {
        return Ok(Kind::Mail);
    }
    if bytes.len() > LONGEST_TEXT {
        return Err(DocumentError::TooLarge);
    }
    let text = decode(bytes);
    if is_binary(&text) {
        let claimed = CONTAINERS.contains(&extension.as_str());
        return Err(if claimed { DocumentError::Broken } else { DocumentError::Unsupported("binary data") });
    }
    Ok(textual(mime, &extension, text))
}

fn textual<'a>(mime: &str, extension: &str, text: Cow<'a, str>) -> Kind<'a> {
    let start: String = text.trim_start().chars().take(1024).collect::<String>().to_ascii_lowercase();
    let is_page = ["<!doctype html", "<html", "<table", "<body"].iter().any(|tag| start.starts_with(tag))
        || (start.starts_with("<?xml") && (start.contains("<html") || start.contains("<fictionbook")));
    match extension {
        "html" | "htm" | "xhtml" | "fb2" => Kind::Html(text),
        _ if is_page && !CODE.contains(&extension) => Kind::Html(text),
        _ if mime == "text/html" => Kind::Html(text),
        "csv" | "tsv" | "tab" | "xls" | "xlsx" => Kind::Delimited(text),
        "ipynb" => Kind::Notebook(text),
        "json" | "geojson" => Kind::Json(text),
        "srt" | "vtt" => Kind::Subtitles(text),
        _ if start.starts_with("webvtt") => Kind::Subtitles(text),
        _ if matches!(mime, "text/csv" | "text/tab-separated-values") => Kind::Delimited(text),
        _ if mime == "application/json" => Kind::Json(text),
        _ => Kind::Text(text),
    }
}

fn zipped(bytes: &[u8]) -> Result<Kind<'_>, DocumentError> {
    let mut container = Container::open(bytes)?;
    let main = container.find("word/document", ".xml");
    if let Some(main) = main {
        return Ok(Kind::Docx(container, main));
    }
    let has = |name: &str| container.find(name, "").is_some_and(|found| found == name);
    if has("xl/workbook.xml") {
        return Ok(Kind::Xlsx(container));
    }
    if has("xl/workbook.bin") {
        return Ok(Kind::Xlsb);
    }
    if has("ppt/presentation.xml") {
        return Ok(Kind::Pptx(container));
    }
    if has("META-INF/container.xml") && has("mimetype") {
        return Ok(Kind::Epub(container));
    }
    if !(has("mimetype") && has("content.xml")) {
        return Ok(Kind::Zip(container));
    }
    let mime = container.read("mimetype")?.unwrap_or_default();
    let manifest = container.read("META-INF/manifest.xml")?.unwrap_or_default();
    if String::from_utf8_lossy(&manifest).contains("encryption-data") {
        return Err(DocumentError::Encrypted);
    }
    let mime = String::from_utf8_lossy(&mime).into_owned();
    Ok(match mime.trim().trim_start_matches("application/vnd.oasis.opendocument.") {
        kind if kind.starts_with("spreadsheet") => Kind::Ods(container),
        kind if kind.starts_with("presentation") => Kind::Odp(container),
        kind if kind.starts_with("text") => Kind::Odt(container),
        _ => Kind::Zip(container),
    })
}

fn compound(bytes: &[u8]) -> Result<Kind<'_>, DocumentError> {
    let file = cfb::CompoundFile::open(Cursor::new(bytes)).map_err(|_| DocumentError::Broken)?;
    let has = |name: &str| file.is_stream(name);
    if has("/EncryptedPackage") || has("/EncryptionInfo") {
        return Err(DocumentError::Encrypted);
    }
    if has("/Workbook") || has("/Book") {
        return Ok(Kind::Xls);
    }
    Err(DocumentError::Unsupported(if has("/WordDocument") {
        "Word 97-2003 document (DOC)"
    } else if has("/PowerPoint Document") {
        "PowerPoint 97-2003 presentation (PPT)"
    } else {
        "Microsoft compound file"
    }))
}

/// Extensions of formats that are packed or binary.
const CONTAINERS: [&str; 19] = [
    "xlsx", "xlsm", "xltx", "xlsb", "xls", "ods", "docx", "docm", "dotx", "pptx", "pptm", "ppsx", "odt",
    "odp", "epub", "zip", "tar", "gz", "tgz",
];

/// Extensions of texts.
const TEXTS: [&str; 20] = [
    "txt", "text", "log", "md", "markdown", "rst", "csv", "tsv", "tab", "json", "jsonl", "ndjson", "geojson",
    "ipynb", "rtf", "html", "htm", "xhtml", "fb2", "mhtml",
];

/// Extensions of other texts: e-mail, subtitles, settings.
const MORE: [&str; 24] = [
    "eml",
    "mht",
    "srt",
    "vtt",
    "ass",
    "lrc",
    "xml",
    "yaml",
    "yml",
    "toml",
    "ini",
    "cfg",
    "conf",
    "env",
    "properties",
    "tex",
    "bib",
    "diff",
    "patch",
    "ics",
    "vcf",
    "gpx",
    "kml",
    "po",
];

/// Extensions of source code, which is shown unchanged.
const CODE: [&str; 50] = [
    "rs", "py", "js", "mjs", "ts", "tsx", "jsx", "java", "kt", "kts", "c", "h", "cc", "cpp", "hpp", "cs",
    "go", "rb", "php", "swift", "m", "scala", "sh", "bash", "zsh", "fish", "ps1", "bat", "cmd", "sql", "r",
    "jl", "lua", "pl", "pm", "dart", "ex", "exs", "erl", "hs", "clj", "lisp", "vue", "svelte", "css", "scss",
    "less", "proto", "graphql", "asm",
];

/// Accepted MIME types besides `text/*`.
const MIMES: [&str; 14] = [
    "application/json",
    "application/xml",
    "application/rtf",
    "application/javascript",
    "application/x-javascript",
    "application/zip",
    "application/x-zip-compressed",
    "application/x-tar",
    "application/gzip",
    "application/x-gzip",
    "application/epub+zip",
    "application/x-subrip",
    "application/x-sh",
    "message/rfc822",
];

/// Returns whether a file of this MIME type and name is worth downloading to read it here. The content
/// decides later.
pub(crate) fn supports(mime: &str, name: &str) -> bool {
    let extension = extension(name);
    let known = extension.as_str();
    if CONTAINERS.contains(&known) || TEXTS.contains(&known) || MORE.contains(&known) || CODE.contains(&known)
    {
        return true;
    }
    let mime = essence(mime);
    mime.starts_with("text/")
        || MIMES.contains(&mime.as_str())
        || ["spreadsheet", "wordprocessingml.document", "presentation", "opendocument.text", "ms-excel"]
            .iter()
            .any(|word| mime.starts_with("application/vnd.") && mime.contains(word))
        || ["+xml", "+json"].iter().any(|end| mime.starts_with("application/") && mime.ends_with(end))
}

/// Returns a MIME type in lower case without parameters.
pub(super) fn essence(mime: &str) -> String {
    mime.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

fn extension(name: &str) -> String {
    name.rsplit_once('.').map_or_else(String::new, |(_, extension)| extension.trim().to_lowercase())
}
