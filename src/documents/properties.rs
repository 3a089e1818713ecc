//! No input makes a reader panic, write more than its limit, or loop.

use proptest::prelude::*;

use super::*;

fn any_preview(name: &str, bytes: &[u8], selection: Selection, limit: usize) {
    let document = Document { name, mime: "", bytes };
    // `preview` is not used here, because it would hide a panic.
    let Ok(kind) = kind::detect("", name, bytes) else { return };
    let mut out = Collector::new(selection, limit);
    let (format, outcome) = read(kind, bytes, &mut out);
    let Ok(found) = out.finish(format, &outcome) else { return };
    let shown: usize = found.parts.iter().map(|part| part.text.chars().count()).sum();
    assert!(shown <= limit, "{shown} characters of {limit} for {name}");
    assert!(found.to_string().chars().count() <= limit + 400 * (found.parts.len() + 2));
    assert!(!found.to_string().contains(|c: char| c.is_control() && c != '\n' && c != '\t'));
    assert_eq!(preview(document, selection, limit).as_ref(), Ok(&found));
}

/// Returns whether a third-party parser that may panic reads the format; it is then tested only through
/// `preview`, which catches panics.
fn is_guarded(name: &str) -> bool {
    matches!(name, "a.xls" | "a.xlsb" | "a.eml")
}

fn check(name: &str, bytes: &[u8], selection: Selection, limit: usize) {
    if is_guarded(name) {
        let _ = preview(Document { name, mime: "", bytes }, selection, limit);
    } else {
        any_preview(name, bytes, selection, limit);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn random_bytes_of_any_name_do_no_harm(
        index in 0..20_usize, head in any::<bool>(), bytes in prop::collection::vec(any::<u8>(), 0..600), from in 0..50_usize,
    ) {
        let (name, sample) = &samples::all()[index];
        let start = if head { &sample[..sample.len().min(8)] } else { &[][..] };
        check(name, &[start, &bytes].concat(), Selection { part: None, from }, 100);
    }

    #[test]
    fn damaged_documents_do_no_harm(
        index in 0..20_usize, cut in 0.0..1.5_f64, part in prop::option::of(0..4_usize),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12),
    ) {
        let (name, mut bytes) = samples::all().swap_remove(index);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "small")]
        bytes.truncate((bytes.len() as f64 * cut) as usize);
        for (at, byte) in &changes {
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
        }
        check(name, &bytes, Selection { part, from: 0 }, 200);
    }

    #[test]
    fn damaged_xml_inside_a_sound_container_does_no_harm(
        index in 0..7_usize, changes in prop::collection::vec((any::<prop::sample::Index>(), 32..127_u8), 0..20),
    ) {
        let (name, bytes) = samples::all().into_iter().filter(|(name, _)| {
            ["a.xlsx", "a.xlsb", "a.ods", "a.docx", "a.pptx", "a.odt", "a.epub"].contains(name)
        }).nth(index).unwrap();
        let mut archive = zip::ZipArchive::new(std::io::Cursor::new(&bytes[..])).unwrap();
        let mut members = Vec::new();
        for member in 0..archive.len() {
            let mut file = archive.by_index(member).unwrap();
            let mut content = Vec::new();
            std::io::Read::read_to_end(&mut file, &mut content).unwrap();
            members.push((file.name().unwrap().into_owned(), content));
        }
        for (at, byte) in changes {
            let member = at.index(members.len());
            let content = &mut members[member].1;
            if !content.is_empty() {
                let at = at.index(content.len());
                content[at] = byte;
            }
        }
        let members: Vec<(&str, &[u8])> = members.iter().map(|(name, bytes)| (name.as_str(), &bytes[..])).collect();
        check(name, &samples::zip_bytes(&members), Selection::default(), 300);
    }

    #[test]
    fn reading_on_gives_every_character_once(text in "[a-zа-я \n]{1,400}", limit in 1..60_usize) {
        let bytes = format!("x{text}");
        let mut whole = String::new();
        let mut from = 0;
        loop {
            let document = Document { name: "a.txt", mime: "", bytes: bytes.as_bytes() };
            let found = preview(document, Selection { part: Some(1), from }, limit).unwrap();
            whole.push_str(&found.parts[0].text);
            match found.parts[0].next() {
                Some(next) if next > from => from = next,
                Some(_) => panic!("stands still at {from}"),
                None => break,
            }
        }
        prop_assert_eq!(whole, bytes);
    }
}
