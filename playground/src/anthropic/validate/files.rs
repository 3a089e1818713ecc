//! Checks of the files in messages: they must exist, suit their block, and respect the limits of bytes,
//! pixels, pages and number.

use super::request::{Check, Request, fail};
use crate::anthropic::error::ApiError;
use crate::anthropic::files::{Content, Source, content_of, sources};
use crate::formats::Picture;

pub(super) const IMAGE_TYPES: &[&str] = &["image/jpeg", "image/png", "image/gif", "image/webp"];
pub(super) const IMAGE_BYTES: usize = 10 * 1024 * 1024;
const DOCUMENT_TYPES: &[&str] = &["application/pdf", "text/plain"];
const PDF_BYTES: usize = 32 * 1024 * 1024;
const SMALL_WINDOW: u64 = 200_000;
/// Limits of images per request and of pages per PDF, for models with a small and with a large window.
const MOST_IMAGES: (usize, usize) = (100, 600);
const MOST_PAGES: (usize, usize) = (100, 600);
const SIDE_PIXELS: u32 = 8000;
/// With more images than this, the limit of each side is `SIDE_OF_MANY_PIXELS`.
const FEW_IMAGES: usize = 20;
const SIDE_OF_MANY_PIXELS: u32 = 2000;

pub(super) fn check(request: &Request<'_>) -> Check {
    let sources = sources(request.body);
    let images = sources.iter().filter(|source| source.kind == "image").count();
    let by_window = |(small, large)| if request.model.window <= SMALL_WINDOW { small } else { large };
    if images > by_window(MOST_IMAGES) {
        let most = by_window(MOST_IMAGES);
        return fail("messages", format!("too many images: {images} > {most} maximum"));
    }
    for source in &sources {
        let declared = declared(request, source)?;
        let content = content_of(source.block, &request.prompt.known);
        let path = format!("{}.{}.source", source.path, source.kind);
        match (source.kind, content) {
            ("image", Some(content)) => {
                let Content::Picture(picture) = content else {
                    return fail(path, "Could not process image");
                };
                image(&path, declared, picture, images)?;
            }
            ("document", Some(Content::Pdf { locked: true, .. })) => {
                return fail(path, "The PDF specified is password protected.");
            }
            ("document", Some(Content::Pdf { pages, .. })) if pages > by_window(MOST_PAGES) => {
                let most = by_window(MOST_PAGES);
                return fail(path, format!("A maximum of {most} PDF pages may be provided, found {pages}"));
            }
            ("document", Some(Content::Picture(_) | Content::Other)) => {
                return fail(path, "The PDF specified was not valid");
            }
            _ => {}
        }
    }
    Ok(())
}

/// Returns the MIME type of a file under the rules of its block; empty if unknown.
fn declared<'a>(request: &'a Request<'_>, source: &Source<'a>) -> Result<&'a str, ApiError> {
    let Some(id) = source.file_id() else {
        return Ok(source.block["source"]["media_type"].as_str().unwrap_or_default());
    };
    let file = request.prompt.known.get(id).map_err(|missing| missing.error(id))?;
    let path = format!("{}.{}.source.file", source.path, source.kind);
    let (types, most) = match source.kind {
        "image" => (IMAGE_TYPES, IMAGE_BYTES),
        "document" if file.mime == "application/pdf" => (DOCUMENT_TYPES, PDF_BYTES),
        "document" => (DOCUMENT_TYPES, usize::MAX),
        _ => return Ok(&file.mime),
    };
    if !types.contains(&file.mime.as_str()) {
        let problem = format!("Invalid file type {:?}: should be one of {types:?}", file.mime);
        return Err(ApiError::invalid(format!("{path}: {problem}")));
    }
    if file.size > most {
        let (kind, size) = (source.kind, file.size);
        return Err(ApiError::invalid(format!(
            "{path}: {kind} exceeds maximum: {size} bytes > {most} bytes"
        )));
    }
    Ok(&file.mime)
}

fn image(path: &str, declared: &str, picture: Picture, images: usize) -> Check {
    if declared != picture.mime {
        let found = picture.mime;
        return fail(path, format!("the image was given as {declared}, but it appears to be {found}"));
    }
    let most = if images > FEW_IMAGES { SIDE_OF_MANY_PIXELS } else { SIDE_PIXELS };
    if picture.size.is_some_and(|(width, height)| width.max(height) > most) {
        let many = if images > FEW_IMAGES { " for many-image requests" } else { "" };
        return fail(
            path,
            format!("at least one of the image dimensions exceeds the maximum{many}: {most} pixels"),
        );
    }
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde_json::{Value, json};

    use super::super::testing::{Case, accepted, refused, run, saying, with};

    fn file(block: &str, id: &str) -> Value {
        json!({"type":block,"source":{"type":"file","file_id":format!("file_{id}")}})
    }

    fn images(id: &str, count: usize) -> Value {
        json!(vec![file("image", id); count])
    }

    fn old(content: &Value) -> Value {
        with(json!({"model":"claude-haiku-4-5","messages":[{"role":"user","content":content}]}))
    }

    fn missing(name: &'static str, content: Value) -> Case {
        Case { status: 404, ..refused(name, saying(content), "File not found: file_none") }
    }

    pub(crate) fn cases() -> Vec<Case> {
        let sent = |block: &str, id: &str| saying(json!([file(block, id)]));
        let inside = |part: Value| {
            let call = json!({"type":"tool_use","id":"a","name":"t","input":{}});
            let result = json!({"type":"tool_result","tool_use_id":"a","content":[part]});
            let content = [json!("a"), json!([call]), json!([result])];
            let roles = ["user", "assistant", "user"];
            let messages: Vec<Value> = roles
                .iter()
                .zip(content)
                .map(|(role, content)| json!({"role":role,"content":content}))
                .collect();
            with(json!({"messages":messages,"tools":[{"name":"t","input_schema":{"type":"object"}}]}))
        };
        let upload = |id: &str| json!([{"type":"container_upload","file_id":format!("file_{id}")}]);
        let within = |part: Value| json!([{"type":"document","source":{"type":"content","content":[part]}}]);
        let base64 = |mime: &str, data: &str| {
            saying(json!([{"type":"image","source":{"type":"base64","media_type":mime,"data":data}}]))
        };
        vec![
            accepted("a photo", sent("image", "jpeg")),
            accepted("a PDF", sent("document", "pdf")),
            accepted("a text", sent("document", "text")),
            accepted("any file for the sandbox", saying(upload("table"))),
            accepted("a photo in a result", inside(file("image", "png"))),
            accepted("twenty wide photos", saying(images("wide", 20))),
            accepted("101 pages for a large window", sent("document", "book")),
            accepted("101 photos for a large window", saying(images("png", 101))),
            missing("no such photo", json!([file("image", "none")])),
            missing("no such document", json!([file("document", "none")])),
            missing("no such file for the sandbox", upload("none")),
            missing("no such photo in a document", within(file("image", "none"))),
            Case {
                status: 404,
                ..refused(
                    "no such photo in a result",
                    inside(file("image", "none")),
                    "File not found: file_none",
                )
            },
            refused(
                "a PDF as a photo",
                sent("image", "pdf"),
                "messages.0.content.0.image.source.file: Invalid",
            ),
            refused("a BMP as a photo", sent("image", "bmp"), "Invalid file type \"image/bmp\""),
            refused("a photo as a document", sent("document", "png"), "Invalid file type \"image/png\""),
            refused("a table as a document", sent("document", "table"), "Invalid file type \"text/csv\""),
            refused(
                "a PDF as a photo in a result",
                inside(file("image", "pdf")),
                "messages.2.content.0.tool_result.content.0.image.source.file: Invalid",
            ),
            refused("11 MB", sent("image", "large"), "image exceeds maximum: 10485761 bytes > 10485760"),
            refused("a PDF of 33 MB", sent("document", "huge"), "document exceeds maximum"),
            refused("too wide", sent("image", "panorama"), "exceeds the maximum: 8000 pixels"),
            refused("21 wide photos", saying(images("wide", 21)), "many-image requests: 2000 pixels"),
            refused("another type than told", sent("image", "disguised"), "appears to be image/jpeg"),
            refused("no picture at all", sent("image", "broken"), "Could not process image"),
            refused("another type in base64", base64("image/webp", "iVBORw=="), "appears to be image/png"),
            refused(
                "a PDF with a password",
                saying(json!([{"type":"document","source":{"type":"base64","media_type":"application/pdf",
                    "data":STANDARD.encode("%PDF-1.7 trailer <</Encrypt 1 0 R>>")}}])),
                "password protected",
            ),
            refused("no picture in base64", base64("image/png", "AAAA"), "Could not process image"),
            refused("no PDF at all", sent("document", "fake"), "The PDF specified was not valid"),
            refused("601 pages", sent("document", "library"), "A maximum of 600 PDF pages"),
            refused("101 pages", old(&json!([file("document", "book")])), "A maximum of 100 PDF pages"),
            refused("101 photos", old(&images("png", 101)), "too many images: 101 > 100"),
        ]
    }

    #[test]
    fn table() {
        run(cases());
    }
}
