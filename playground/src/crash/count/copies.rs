//! Checks of copies at the model's provider: each belongs to a file or is to be deleted, except those that a
//! crash has left there, which expire.

use std::collections::{BTreeMap, HashSet};
use std::time::Instant;

use playground::anthropic::{Anthropic, Endpoint, Outcome, StoredFile};
use playground::telegram::Telegram;

use super::super::books::KnownCopies;
use super::super::chaos::DisruptionCounts;
use super::super::files::{self, UserFile};
use super::super::findings::Findings;
use super::super::marks::Mark;
use super::prompts::Places;

const CLEARED: &str = "copies kept although their conversation was cleared";
const ORPHANS: &str = "copies at the provider that nobody deletes";
const UPLOADS: &str = "files copied again without a reason";
const DANGLING: &str = "copies that the books have and the provider has not";
const CONTENTS: &str = "copies whose content is not the file's";

/// An upload to the provider.
#[derive(Clone, Copy, Debug)]
pub(super) struct FileUpload {
    /// When it had arrived.
    at: Instant,
    /// Whether the bot may not have got the answer.
    broken: bool,
}

/// What the provider has and had.
#[derive(Clone, Debug, Default)]
pub(super) struct ProviderFiles {
    /// The uploads of each file that may have left a copy, oldest first.
    uploads: BTreeMap<Mark, Vec<FileUpload>>,
    /// The copies that exist, with their ids, and whether they expire.
    stored: Vec<(Mark, String, bool)>,
    /// How many copies the bot has deleted.
    deleted: usize,
    /// The copies that the books know.
    books: KnownCopies,
}

impl ProviderFiles {
    /// Reads the emulator.
    pub(super) fn of(model: &Anthropic, places: &Places, books: KnownCopies) -> Self {
        let mut uploads: BTreeMap<Mark, Vec<FileUpload>> = BTreeMap::new();
        for request in model.file_requests().iter().filter(|request| request.endpoint == Endpoint::UploadFile)
        {
            let name = request.body["filename"].as_str().unwrap_or_default();
            let Some(mark) = places.file(name) else { continue };
            if !matches!(request.outcome, Outcome::Failed(..) | Outcome::Refused(..)) {
                let broken = request.outcome != Outcome::Finished;
                uploads.entry(mark).or_default().push(FileUpload { at: request.at, broken });
            }
        }
        let stored = |file: StoredFile| Some((places.file(&file.name)?, file.id, file.expires_at.is_some()));
        let stored = model.files().into_iter().filter_map(stored).collect();
        Self { uploads, stored, deleted: model.deleted_files().len(), books }
    }
}

/// Compares the copies at the provider with the books.
pub(super) fn copies(findings: &mut Findings, provider: &ProviderFiles, damage: &DisruptionCounts) {
    findings.expect_none(&[ORPHANS, UPLOADS, DANGLING, CLEARED]);
    for copy in &provider.books.cleared {
        findings.fault(CLEARED, copy.clone());
    }
    let DisruptionCounts { kills, ends, forgot, .. } = damage;
    let interruptions: Vec<Instant> = kills.iter().chain(ends).chain(forgot).copied().collect();
    let (mut explained, mut again) = (0, 0);
    for (mark, uploads) in &provider.uploads {
        let reasons = uploads.windows(2).filter(|pair| has_reason(pair[0], Some(pair[1].at), &interruptions));
        let (reasons, repeated) = (reasons.count(), uploads.len() - 1);
        again += repeated;
        if reasons < repeated {
            findings.fault(UPLOADS, format!("{mark}: {uploads:?}"));
        }
        let of_file = provider.stored.iter().filter(|(stored, ..)| stored == mark);
        let unknown: Vec<_> = of_file
            .filter(|(_, id, _)| !provider.books.used.contains(id) && !provider.books.queued.contains(id))
            .collect();
        // Each of them was followed by another upload of the file, or a crash took the message with it.
        let lost_last = uploads.last().is_some_and(|last| has_reason(*last, None, &interruptions));
        if unknown.len() > repeated + usize::from(lost_last) || unknown.iter().any(|(.., expires)| !expires) {
            findings.fault(ORPHANS, format!("{mark}: {unknown:?}, {uploads:?}"));
        } else {
            explained += unknown.len();
        }
    }
    let stored: HashSet<&String> = provider.stored.iter().map(|(_, id, _)| id).collect();
    let had = |id: &&String| !stored.contains(id) && !damage.forgotten.contains(id);
    for id in provider.books.used.iter().filter(had) {
        findings.fault(DANGLING, id.clone());
    }
    findings.count("copies at the provider", provider.stored.len());
    findings.count("  deleted there", provider.deleted);
    findings.count("  waiting for their deletion", provider.books.queued.len());
    findings.count("  left by a crash or a broken upload: they expire", explained);
    findings.count("copied again after a crash, a broken upload or a loss", again);
}

/// Returns whether a crash, a broken connection or a loss explains why a file is uploaded again.
fn has_reason(upload: FileUpload, next: Option<Instant>, interruptions: &[Instant]) -> bool {
    let between = |at: &Instant| *at >= upload.at && next.is_none_or(|next| *at <= next);
    upload.broken || interruptions.iter().any(between)
}

/// Checks that the copies contain what people sent.
pub(super) fn contents(
    findings: &mut Findings,
    (telegram, model): (&Telegram, &Anthropic),
    places: &Places,
    sent: &[UserFile],
) {
    findings.expect_none(&[CONTENTS]);
    for copy in model.files() {
        let file =
            places.file(&copy.name).and_then(|mark| sent.iter().find(|file| Mark::File(file.tag) == mark));
        let Some(file) = file else {
            findings.fault(CONTENTS, format!("of no file: {copy:?}"));
            continue;
        };
        let (there, here) = (model.file_bytes(&copy.id), telegram.file(&file.telegram_id));
        if !same(there.as_deref().unwrap_or_default(), here.as_deref().unwrap_or_default()) {
            findings.fault(CONTENTS, format!("{copy:?}: {file:?}"));
        }
    }
}

fn same(copy: &[u8], file: &[u8]) -> bool {
    !file.is_empty() && files::essence(copy) == files::essence(file)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::super::files::FileForm;
    use super::super::super::marks::Tag;
    use super::*;

    const MARK: Mark = Mark::File(Tag { user: 7, number: 0 });

    struct Case {
        begin: Instant,
        provider: ProviderFiles,
        damage: DisruptionCounts,
    }

    impl Case {
        /// A file was uploaded at these seconds; the books know the first `known` copies that are left.
        fn new(uploads: &[u64], ids: &[&str], known: usize) -> Self {
            let begin = Instant::now();
            let at = |second: &u64| begin + Duration::from_secs(*second);
            let uploads = uploads.iter().map(|second| FileUpload { at: at(second), broken: false }).collect();
            let stored = ids.iter().map(|id| (MARK, (*id).to_owned(), true)).collect();
            let used = ids.iter().take(known).map(|id| (*id).to_owned()).collect();
            let books = KnownCopies { used, ..KnownCopies::default() };
            let uploads = [(MARK, uploads)].into();
            let provider = ProviderFiles { uploads, stored, deleted: 0, books };
            Self { begin, provider, damage: DisruptionCounts::default() }
        }

        fn killed(mut self, second: u64) -> Self {
            self.damage.kills.push(self.begin + Duration::from_secs(second));
            self
        }

        fn faults(&self) -> [usize; 3] {
            let mut findings = Findings::default();
            copies(&mut findings, &self.provider, &self.damage);
            [ORPHANS, UPLOADS, DANGLING].map(|what| findings.number_of(what))
        }
    }

    #[test]
    fn a_copy_that_nobody_knows_is_an_orphan() {
        assert_eq!(Case::new(&[1], &["a"], 1).faults(), [0, 0, 0]);
        assert_eq!(Case::new(&[1], &["a"], 0).faults(), [1, 0, 0]);
        let mut queued = Case::new(&[1], &["a"], 0);
        queued.provider.books.queued.insert("a".to_owned());
        assert_eq!(queued.faults(), [0, 0, 0], "it is about to be deleted");
    }

    #[test]
    fn a_crash_explains_one_copy_that_expires() {
        assert_eq!(Case::new(&[1, 3], &["b", "a"], 1).killed(2).faults(), [0, 0, 0]);
        assert_eq!(Case::new(&[1, 3], &["b", "a", "c"], 1).killed(2).faults(), [1, 0, 0], "a third one");
        let mut eternal = Case::new(&[1, 3], &["b", "a"], 1).killed(2);
        eternal.provider.stored[1].2 = false;
        assert_eq!(eternal.faults(), [1, 0, 0], "it never expires");
    }

    #[test]
    fn a_second_upload_needs_a_reason() {
        assert_eq!(Case::new(&[1, 3], &["a"], 1).faults(), [0, 1, 0]);
        assert_eq!(Case::new(&[1, 3], &["a"], 1).killed(4).faults(), [0, 1, 0], "killed too late");
        let mut broken = Case::new(&[1, 3], &["a"], 1);
        broken.provider.uploads.values_mut().for_each(|uploads| uploads[0].broken = true);
        assert_eq!(broken.faults(), [0, 0, 0]);
    }

    #[test]
    fn a_copy_that_is_gone_is_found_unless_it_was_forgotten() {
        let mut gone = Case::new(&[1], &["a"], 1);
        gone.provider.stored.clear();
        assert_eq!(gone.faults(), [0, 0, 1]);
        gone.damage.forgotten.push("a".to_owned());
        assert_eq!(gone.faults(), [0, 0, 0]);
    }

    #[test]
    fn a_copy_of_a_cleared_conversation_is_found() {
        let mut kept = Case::new(&[1], &["a"], 1);
        kept.provider.books.cleared.push("a".to_owned());
        let mut findings = Findings::default();
        copies(&mut findings, &kept.provider, &kept.damage);
        assert_eq!(findings.number_of(CLEARED), 1);
    }

    #[test]
    fn contents_are_compared() {
        let photo = |number| files::make(FileForm::Photo, Tag { user: 7, number }, "").bytes;
        assert!(same(&photo(1), &photo(1)));
        assert!(!same(&photo(1), &photo(2)));
        assert!(!same(b"", b""), "a file that is not there");
    }
}
