//! ZIP containers with limits for members and for the bytes unpacked in total and at once. Nothing is written
//! to disk.

use std::cell::Cell;
use std::collections::HashMap;
use std::io::{BufReader, Cursor, Read};
use std::rc::Rc;

use zip::ZipArchive;
use zip::read::ZipFile;
use zip::result::ZipError;

use super::error::DocumentError;
use super::xml::{Node, Xml, attribute};

/// The most members of a container.
const MEMBERS: usize = 20_000;

/// The most bytes unpacked in total, as a stream.
const UNPACKED: u64 = 512 << 20;

/// The most bytes of one member in memory.
const HELD: u64 = 32 << 20;

/// The unpacked bytes of a member.
type Stream<'s, 'a> = BufReader<ZipFile<'s, Cursor<&'a [u8]>>>;

/// A ZIP file.
pub(super) struct Container<'a> {
    archive: ZipArchive<Cursor<&'a [u8]>>,
    left: Rc<Cell<u64>>,
}

/// A member of a ZIP file, for a list.
pub(super) struct Member {
    /// The path; the encodings of old archives are decoded.
    pub(super) name: String,
    /// The declared unpacked size in bytes.
    pub(super) size: u64,
    /// Whether the member needs a password.
    pub(super) encrypted: bool,
}

/// A relation of an Office document: a link to another member or to an address.
pub(super) struct Relation {
    /// The path of the member, or the address.
    pub(super) target: String,
    /// The last segment of the type, for example "notesSlide".
    pub(super) kind: String,
}

impl<'a> Container<'a> {
    /// Reads the directory of a ZIP file.
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, DocumentError> {
        // Counted here, because the declared number may be wrong and each entry needs memory.
        let entries = bytes.windows(4).filter(|window| *window == b"PK\x01\x02").count();
        if entries > MEMBERS {
            return Err(DocumentError::TooLarge);
        }
        let archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| failure(&error))?;
        Ok(Self { archive, left: Rc::new(Cell::new(UNPACKED)) })
    }

    /// Returns the first member whose name begins with `start` and ends with `end`.
    pub(super) fn find(&self, start: &str, end: &str) -> Option<String> {
        let names = self.archive.file_names().flatten();
        let mut found = names.filter(|name| name.starts_with(start) && name.ends_with(end));
        found.next().map(std::borrow::Cow::into_owned)
    }

    /// Returns the number of members.
    pub(super) fn len(&self) -> usize {
        self.archive.len()
    }

    /// Returns the entry of a member in the directory.
    pub(super) fn entry(&mut self, index: usize) -> Result<Member, DocumentError> {
        let file = self.archive.by_index_raw(index).map_err(|error| failure(&error))?;
        let raw = file.name_raw();
        let name = match std::str::from_utf8(raw) {
            Ok(name) => name.to_owned(),
            Err(_) => encoding_rs::IBM866.decode_without_bom_handling(raw).0.into_owned(),
        };
        Ok(Member { name, size: file.size(), encrypted: file.encrypted() })
    }

    fn stream(&mut self, name: &str) -> Result<Option<ZipFile<'_, Cursor<&'a [u8]>>>, DocumentError> {
        match self.archive.by_name(name.trim_start_matches('/')) {
            Ok(file) => Ok(Some(file)),
            Err(ZipError::FileNotFound) => Ok(None),
            Err(error) => Err(failure(&error)),
        }
    }

    /// Streams a member as XML. Returns `None` if there is no such member.
    pub(super) fn xml(&mut self, name: &str) -> Result<Option<Xml<Stream<'_, 'a>>>, DocumentError> {
        let left = Rc::clone(&self.left);
        Ok(self.stream(name)?.map(|file| Xml::new(BufReader::with_capacity(1 << 16, file), left)))
    }

    /// Reads a member that must fit into memory, 32 MiB. Returns `None` if there is no such member.
    pub(super) fn read(&mut self, name: &str) -> Result<Option<Vec<u8>>, DocumentError> {
        let left = Rc::clone(&self.left);
        let Some(file) = self.stream(name)? else { return Ok(None) };
        let limit = left.get().min(HELD);
        let mut bytes = Vec::new();
        file.take(limit + 1).read_to_end(&mut bytes).map_err(|_| DocumentError::Broken)?;
        if bytes.len() as u64 > limit {
            return Err(DocumentError::TooLarge);
        }
        left.set(left.get() - bytes.len() as u64);
        Ok(Some(bytes))
    }

    /// Unpacks everything without keeping it, to determine the true size. Returns an error if it exceeds
    /// `limit` bytes.
    pub(super) fn measure(&mut self, limit: u64) -> Result<(), DocumentError> {
        let mut left = limit;
        for index in 0..self.archive.len() {
            let file = self.archive.by_index(index).map_err(|error| failure(&error))?;
            let size = std::io::copy(&mut file.take(left + 1), &mut std::io::sink());
            left =
                left.checked_sub(size.map_err(|_| DocumentError::Broken)?).ok_or(DocumentError::TooLarge)?;
        }
        Ok(())
    }

    /// Reads the relations of an Office part by id. The map is empty if the part has none.
    pub(super) fn relations(&mut self, part: &str) -> Result<HashMap<String, Relation>, DocumentError> {
        let (folder, file) = part.rsplit_once('/').unwrap_or(("", part));
        let mut found = HashMap::new();
        let Some(mut xml) = self.xml(&format!("{folder}/_rels/{file}.rels"))? else { return Ok(found) };
        while let Some(node) = xml.next()? {
            let Node::Open(tag) = node else { continue };
            let (Some(id), Some(target)) = (attribute(&tag, "Id"), attribute(&tag, "Target")) else {
                continue;
            };
            let kind = attribute(&tag, "Type").unwrap_or_default();
            let kind = kind.rsplit('/').next().unwrap_or_default().to_owned();
            let external = attribute(&tag, "TargetMode").is_some_and(|mode| mode == "External");
            let target = if external { target } else { resolve(folder, &target) };
            if found.len() < MEMBERS {
                found.insert(id, Relation { target, kind });
            }
        }
        Ok(found)
    }
}

/// Returns the path of the member to which a relative path in a folder leads.
pub(super) fn resolve(folder: &str, target: &str) -> String {
    let mut path: Vec<&str> = if target.starts_with('/') {
        Vec::new()
    } else {
        folder.split('/').filter(|s| !s.is_empty()).collect()
    };
    for segment in target.split('/').filter(|segment| !segment.is_empty() && *segment != ".") {
        if segment == ".." {
            path.pop();
        } else {
            path.push(segment);
        }
    }
    path.join("/")
}

fn failure(error: &ZipError) -> DocumentError {
    match error {
        ZipError::UnsupportedArchive(text) if *text == ZipError::PASSWORD_REQUIRED => {
            DocumentError::Encrypted
        }
        ZipError::InvalidPassword => DocumentError::Encrypted,
        ZipError::UnsupportedArchive(_) | ZipError::CompressionMethodNotSupported(_) => {
            DocumentError::Unsupported("ZIP file with a rare compression")
        }
        _ => DocumentError::Broken,
    }
}
