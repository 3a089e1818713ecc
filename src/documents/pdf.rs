//! Cuts pages out of a PDF, so that a model is sent nothing but these. The pages keep their content, text and
//! pictures; what leads to other pages (outline, tags, names), scripts and attachments are left out. Equal
//! pages of equal files give equal bytes. Pure and synchronous; a caller runs it on a blocking thread.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use lopdf::{Dictionary, Document, Error, LoadOptions, Object, ObjectId, dictionary};

use super::page_ranges::PageRanges;
use super::pdf_weight;

/// The most pages that are cut out.
pub(crate) const MOST_PAGES: usize = 100;
/// The largest PDF that is cut out, in bytes. With it, a request in base64 stays below the provider's 32 MB.
pub(crate) const MOST_BYTES: usize = 22_000_000;
/// The most bytes to which one stream of objects may unpack.
const MOST_UNPACKED: usize = 8_000_000;
/// What a page inherits from the nodes of the page tree above it.
const INHERITED: [&[u8]; 4] = [b"Resources", b"MediaBox", b"CropBox", b"Rotate"];
/// The most nodes above a page.
const MOST_LEVELS: usize = 50;
/// The entries of the catalog that matter for how pages look.
const KEPT: [&[u8]; 3] = [b"Type", b"OCProperties", b"Version"];

/// The pages cut out of a PDF.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct CutPdf {
    /// A PDF of these pages.
    pub(crate) bytes: Vec<u8>,
    /// Their numbers in the whole document, ascending.
    pub(crate) pages: Vec<u32>,
    /// The number of pages of the whole document.
    pub(crate) of: u32,
}

/// Why no pages are cut out of a PDF.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum PdfError {
    /// The file is not a PDF.
    #[error("the file is not a PDF")]
    Foreign,
    /// It cannot be opened without a password.
    #[error("the PDF is encrypted")]
    Encrypted,
    /// It is damaged, or has no pages.
    #[error("the PDF is broken")]
    Broken,
    /// It unpacks to more than is read.
    #[error("the PDF is too large when unpacked")]
    TooLarge,
    /// The selected pages are larger than [`MOST_BYTES`].
    #[error("the pages have {0} bytes")]
    LargePages(usize),
    /// The selection has more than [`MOST_PAGES`] pages.
    #[error("{selected} of {of} pages are selected")]
    TooManyPages {
        /// The number of selected pages.
        selected: usize,
        /// The number of pages of the document.
        of: u32,
    },
    /// The selection names a page beyond the end.
    #[error("the PDF has {of} pages")]
    NoSuchPage {
        /// The number of pages of the document.
        of: u32,
    },
}

/// Cuts pages out of a PDF.
///
/// # Errors
/// Returns a [`PdfError`].
pub(crate) fn cut(bytes: &[u8], ranges: &PageRanges) -> Result<CutPdf, PdfError> {
    // A signature may follow some bytes of a mail or HTTP header.
    let head = &bytes[..bytes.len().min(1_024)];
    if !head.windows(5).any(|window| window == b"%PDF-") {
        return Err(PdfError::Foreign);
    }
    if !pdf_weight::is_bearable(bytes) {
        return Err(PdfError::TooLarge);
    }
    // The parser may panic on a damaged file.
    catch_unwind(AssertUnwindSafe(|| cut_out(load(bytes)?, ranges))).unwrap_or(Err(PdfError::Broken))
}

fn load(bytes: &[u8]) -> Result<Document, PdfError> {
    let options = LoadOptions::with_max_decompressed_size(MOST_UNPACKED);
    let mut document = Document::load_mem_with_options(bytes, options).map_err(|error| match error {
        Error::InvalidPassword | Error::Decryption(_) | Error::UnsupportedSecurityHandler(_) => {
            PdfError::Encrypted
        }
        Error::Decompress(_) => PdfError::TooLarge,
        _ => PdfError::Broken,
    })?;
    // A document that only restricts printing or copying opens with an empty password.
    if document.trailer.remove(b"Encrypt").is_some() && !document.was_encrypted() {
        return Err(PdfError::Encrypted);
    }
    Ok(document)
}

fn cut_out(mut document: Document, ranges: &PageRanges) -> Result<CutPdf, PdfError> {
    let ids: Vec<ObjectId> = document.page_iter().collect();
    let of = u32::try_from(ids.len()).map_err(|_| PdfError::TooLarge)?;
    if of == 0 {
        return Err(PdfError::Broken);
    }
    let pages = ranges.of(of).map_err(|_| PdfError::NoSuchPage { of })?;
    if pages.len() > MOST_PAGES {
        return Err(PdfError::TooManyPages { selected: pages.len(), of });
    }
    let chosen = pages.iter().filter_map(|page| ids.get(*page as usize - 1));
    let chosen: Vec<Dictionary> = chosen.map(|id| page(&document, *id)).collect::<Result<_, _>>()?;
    for id in ids.iter().collect::<BTreeSet<_>>() {
        document.objects.remove(id);
    }
    rebuild(&mut document, chosen).map_err(|_| PdfError::Broken)?;
    document.prune_objects();
    let mut bytes = Vec::new();
    document.save_to(&mut bytes).map_err(|_| PdfError::Broken)?;
    if bytes.len() > MOST_BYTES {
        return Err(PdfError::LargePages(bytes.len()));
    }
    Ok(CutPdf { bytes, pages, of })
}

/// Returns a page with everything that it inherits.
fn page(document: &Document, id: ObjectId) -> Result<Dictionary, PdfError> {
    let mut page = document.get_dictionary(id).map_err(|_| PdfError::Broken)?.clone();
    let mut above = page.get(b"Parent").and_then(Object::as_reference).ok();
    for _ in 0..MOST_LEVELS {
        let Some(node) = above.and_then(|id| document.get_dictionary(id).ok()) else { break };
        for key in INHERITED {
            if let Ok(value) = node.get(key)
                && !page.has(key)
            {
                page.set(key, value.clone());
            }
        }
        above = node.get(b"Parent").and_then(Object::as_reference).ok();
    }
    for key in [b"StructParents".as_slice(), b"PieceInfo", b"Thumb", b"Metadata", b"B", b"AA"] {
        page.remove(key);
    }
    Ok(page)
}

/// Replaces the page tree by one with these pages alone, and everything else that could name other pages.
fn rebuild(document: &mut Document, pages: Vec<Dictionary>) -> Result<(), Error> {
    let catalog = document.catalog()?;
    let mut kept = Dictionary::new();
    for key in KEPT {
        if let Ok(value) = catalog.get(key) {
            kept.set(key, value.clone());
        }
    }
    if let Some(form) = form(document, &pages) {
        kept.set("AcroForm", form);
    }
    let tree = document.new_object_id();
    let count = pages.len();
    let mut kids = Vec::with_capacity(count);
    for mut page in pages {
        page.set("Parent", Object::Reference(tree));
        kids.push(Object::Reference(document.add_object(page)));
    }
    let count = i64::try_from(count)?;
    document.objects.insert(tree, dictionary! { "Type" => "Pages", "Kids" => kids, "Count" => count }.into());
    kept.set("Pages", Object::Reference(tree));
    let root = document.add_object(kept);
    document.trailer = dictionary! { "Root" => Object::Reference(root) };
    Ok(())
}

/// Returns the form of the document with nothing but the fields on these pages. Without a form some programs
/// do not draw what is filled in.
fn form(document: &Document, pages: &[Dictionary]) -> Option<Dictionary> {
    let whole = document.catalog().ok()?.get_deref(b"AcroForm", document).ok()?.as_dict().ok()?;
    let notes = pages.iter().filter_map(|page| page.get_deref(b"Annots", document).ok()?.as_array().ok());
    let is_field = |note: &&Object| {
        let subtype = |id| document.get_dictionary(id).ok()?.get(b"Subtype").ok()?.as_name().ok();
        note.as_reference().ok().and_then(subtype) == Some(b"Widget")
    };
    let fields: Vec<Object> = notes.flatten().filter(is_field).cloned().collect();
    let mut form = dictionary! { "Fields" => fields };
    for key in [b"DR".as_slice(), b"DA", b"Q"] {
        if let Ok(value) = whole.get(key) {
            form.set(key, value.clone());
        }
    }
    Some(form)
}

#[cfg(test)]
#[path = "pdf_tests.rs"]
mod tests;
