//! Everything that is stored about a person as one ZIP file: the rows of every table as JSON, and the conversations
//! as Markdown, and files that were made for the person as far as they are still stored. What does not fit is named in
//! it.

use chrono::{DateTime, Utc};
use strum::VariantArray;

use super::conversation_file::{self, Wording, WrittenThread};
use crate::db::data_requests::DataRequest;
use crate::db::personal_data::{self, PersonalTable};
use crate::db::{Db, DbError, conversation_entries, made_files};
use crate::documents::{ArchiveError, pack};
use crate::domain::ids::UserId;

/// The most bytes before packing, without made files. A packed file is never much larger, and a bot can send 50 MB.
const LIMIT: usize = 30 << 20;
/// The most bytes of made files, most of which cannot be packed.
const FILES_LIMIT: usize = 18 << 20;
/// The most made files.
const MOST_FILES: i64 = 200;
/// The part of it that is for conversations as Markdown; the same messages are in the tables.
const CONVERSATIONS_LIMIT: usize = LIMIT / 2;
/// The most conversations that are written as Markdown.
const MOST_CONVERSATIONS: i64 = 2_000;
/// Rows that are looked at at once.
const PAGE: i64 = 500;

/// Why there is no file.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExportError {
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
    /// The file cannot be packed.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The task that packs it has panicked.
    #[error("packing the file has failed")]
    Task,
}

/// What the file tells about itself, in the language of its reader.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct About<'a> {
    pub now: DateTime<Utc>,
    /// Tables and conversations of which something is left out.
    pub left_out: &'a [String],
}

/// Makes the file. `about` writes its first member.
pub(crate) async fn make(
    db: &Db,
    request: &DataRequest,
    wording: Wording<'_>,
    now: DateTime<Utc>,
    about: impl Fn(About<'_>) -> String,
) -> Result<Vec<u8>, ExportError> {
    let user = request.user;
    let mut export = Export { files: Vec::new(), room: LIMIT, left_out: Vec::new() };
    conversations(db, user, &mut export, (wording, now)).await?;
    contents(db, user, &mut export).await?;
    for &table in PersonalTable::VARIANTS {
        rows(db, user, &mut export, table).await?;
    }
    let Export { mut files, left_out, .. } = export;
    files.insert(0, ("about.txt".to_owned(), about(About { now, left_out: &left_out }).into_bytes()));
    let packed = tokio::task::spawn_blocking(move || pack(&files)).await;
    Ok(packed.map_err(|_| ExportError::Task)??)
}

/// The members of the file so far.
struct Export {
    files: Vec<(String, Vec<u8>)>,
    /// Bytes that may be added.
    room: usize,
    left_out: Vec<String>,
}

impl Export {
    fn add(&mut self, path: String, content: String) {
        self.room = self.room.saturating_sub(content.len());
        self.files.push((path, content.into_bytes()));
    }
}

/// Adds the conversations, newest first.
async fn conversations(
    db: &Db,
    user: UserId,
    export: &mut Export,
    (wording, now): (Wording<'_>, DateTime<Utc>),
) -> Result<(), DbError> {
    let threads = || conversation_entries::threads(db, user, MOST_CONVERSATIONS);
    let threads = db.persist(threads).await?;
    let mut room = CONVERSATIONS_LIMIT;
    for thread in threads {
        let path = format!("conversations/{}.md", thread.id);
        let limit = room.min(conversation_file::LIMIT);
        let written = WrittenThread {
            id: thread.id,
            title: thread.title.as_deref(),
            topic: thread.topic,
            everything: true,
            asker: thread.is_shared.then_some(user),
        };
        let file = if limit > 0 {
            Some(conversation_file::write(db, written, wording, (now, limit)).await?)
        } else {
            None
        };
        if file.as_ref().is_none_or(|file| file.is_cut) {
            export.left_out.push(path.clone());
        }
        if let Some(file) = file {
            room = room.saturating_sub(file.text.len());
            export.add(path, file.text);
        }
    }
    Ok(())
}

/// Adds the contents of made files that are still stored, newest first.
async fn contents(db: &Db, user: UserId, export: &mut Export) -> Result<(), DbError> {
    let files = db.persist(|| made_files::of_person(db, user, MOST_FILES)).await?;
    let mut room = FILES_LIMIT;
    for (number, file) in files.iter().enumerate() {
        let path = format!("files/{}_{}", number + 1, file_name(&file.name));
        if file.size > room {
            export.left_out.push(path);
            continue;
        }
        // It may have been delivered meanwhile, and deleted.
        if let Some(content) = db.persist(|| made_files::content(db, file.id)).await? {
            room = room.saturating_sub(content.len());
            export.files.push((path, content));
        }
    }
    Ok(())
}

/// Returns a name without what separates folders, on any system.
fn file_name(name: &str) -> String {
    name.chars().map(|c| if matches!(c, '/' | '\\' | ':') || c.is_control() { '_' } else { c }).collect()
}

/// Adds the rows of a table as an array.
async fn rows(db: &Db, user: UserId, export: &mut Export, table: PersonalTable) -> Result<(), DbError> {
    let path = format!("data/{}.json", table.name());
    let (mut array, mut after, mut is_cut) = (String::from("["), i64::MIN, false);
    'pages: loop {
        let page = || personal_data::page(db, table, user, after, PAGE);
        let page = db.persist(page).await?;
        for row in page.iter().filter_map(|row| row.row.as_ref()) {
            is_cut = array.len() + row.len() > export.room;
            if is_cut {
                break 'pages;
            }
            array.push_str(if array.len() > 1 { ",\n" } else { "\n" });
            array.push_str(row);
        }
        match page.last() {
            Some(last) => after = last.key,
            None => break,
        }
    }
    array.push_str("\n]\n");
    if is_cut {
        export.left_out.push(path.clone());
    }
    export.add(path, array);
    Ok(())
}
