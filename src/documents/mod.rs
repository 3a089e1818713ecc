//! Converts a document to text for the model: a bounded window, the parts with their sizes, and the extent of
//! the omitted content. Pure and synchronous; a caller runs it on a blocking thread.
//!
//! Limits, so that no file costs more than about 200 MiB of memory beyond its own bytes and a few seconds:
//! unpacked bytes (512 MiB as a stream, 32 MiB for a member in memory, 4 MiB for an XML node), shared strings
//! (32 MiB), members of a container (20,000), parts (2,000), and units of work (`collector`). The reading is
//! stopped by work, not by a clock. XML entities are not expanded, nothing is written to disk, and no link is
//! followed.
//!
//! PDFs are not read as text here: the model sees their pages, and [`cut_pdf`] cuts out those that it is
//! asked about.
//!
//! To add a format: a file with `read(..., out: &mut Collector) -> Flow` that calls `out.part` and then
//! `out.text` or `out.row`; a variant of `Kind` and its content in `kind::detect`; the extension in `kind`
//! for [`supports`]; a line in `read` below; a sample in `samples.rs`, which the property tests then truncate
//! and mutate.

mod archives;
mod biff;
mod binary_sheets;
mod collector;
mod container;
mod decoding;
mod delimited;
mod docx;
mod epub;
mod error;
mod html;
mod json;
mod kind;
mod mail;
mod notebook;
mod number_format;
mod ods;
mod odt;
mod packing;
mod page_ranges;
mod paragraphs;
mod pdf;
mod pdf_weight;
mod plain;
mod pptx;
mod preview;
mod rtf;
mod xlsx;
mod xml;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;

use std::panic::{AssertUnwindSafe, catch_unwind};

use collector::Collector;
use error::Flow;
use kind::Kind;

pub(crate) use error::DocumentError;
pub(crate) use kind::{LONGEST_TEXT, supports};
pub(crate) use packing::{ArchiveError, pack};
pub(crate) use page_ranges::{PageList, PageRanges};
pub(crate) use pdf::{
    CutPdf, MOST_BYTES as LARGEST_CUT_PDF, MOST_PAGES as MOST_PDF_PAGES, PdfError, cut as cut_pdf,
};
pub(crate) use preview::{Preview, Selection};

/// A document as it was received.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Document<'a> {
    /// The name that the sender gave; may be empty.
    pub(crate) name: &'a str,
    /// The MIME type that the sender declared; may be empty.
    pub(crate) mime: &'a str,
    /// The whole content.
    pub(crate) bytes: &'a [u8],
}

/// Reads the selection of a document, up to `limit` characters (Unicode code points) of text.
///
/// # Errors
/// Returns a [`DocumentError`] if the content cannot be read, whatever its name and MIME type say.
pub(crate) fn preview(
    document: Document<'_>,
    selection: Selection,
    limit: usize,
) -> Result<Preview, DocumentError> {
    // The parsers in foreign crates may panic on damaged files; such a file is reported as broken.
    catch_unwind(AssertUnwindSafe(|| {
        let mime = kind::essence(document.mime);
        let kind = kind::detect(&mime, document.name, document.bytes)?;
        let mut out = Collector::new(selection, limit);
        let (format, outcome) = read(kind, document.bytes, &mut out);
        out.finish(format, &outcome)
    }))
    .unwrap_or(Err(DocumentError::Broken))
}

fn read(kind: Kind<'_>, bytes: &[u8], out: &mut Collector) -> (&'static str, Flow) {
    match kind {
        Kind::Xlsx(mut container) => ("Excel workbook (XLSX)", xlsx::read(&mut container, out)),
        Kind::Xlsb => ("Excel workbook (XLSB)", binary_sheets::read_xlsb(bytes, out)),
        Kind::Xls => ("Excel workbook (XLS)", binary_sheets::read_xls(bytes, out)),
        Kind::Ods(mut container) => ("OpenDocument spreadsheet (ODS)", ods::read(&mut container, out)),
        Kind::Docx(mut container, main) => ("Word document (DOCX)", docx::read(&mut container, &main, out)),
        Kind::Pptx(mut container) => ("PowerPoint presentation (PPTX)", pptx::read(&mut container, out)),
        Kind::Odt(mut container) => ("OpenDocument text (ODT)", odt::read(&mut container, false, out)),
        Kind::Odp(mut container) => ("OpenDocument presentation (ODP)", odt::read(&mut container, true, out)),
        Kind::Epub(mut container) => ("Book (EPUB)", epub::read(&mut container, out)),
        Kind::Zip(mut container) => ("ZIP archive", archives::read_zip(&mut container, out)),
        Kind::Tar => ("TAR archive", archives::read_tar(bytes, out)),
        Kind::Gzip => ("GZIP archive", archives::read_gzip(bytes, out)),
        Kind::Rtf => ("Rich text (RTF)", rtf::read(bytes, out)),
        Kind::Mail => ("E-mail", mail::read(bytes, out)),
        Kind::Html(text) => ("HTML page", html::read(&text, out)),
        Kind::Delimited(text) => ("Delimited table (CSV)", delimited::read(&text, out)),
        Kind::Json(text) => ("JSON", json::read(&text, out)),
        Kind::Notebook(text) => ("Jupyter notebook", notebook::read(&text, out)),
        Kind::Subtitles(text) => ("Subtitles", plain::read_subtitles(&text, out)),
        Kind::Text(text) => ("Text", plain::read(&text, out)),
    }
}
