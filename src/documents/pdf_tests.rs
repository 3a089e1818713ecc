//! Cutting of PDFs that are made here: whole, encrypted, broken, scanned, nested, and built to take memory.

use lopdf::{EncryptionState, EncryptionVersion, Permissions, SaveOptions, Stream};

use super::*;

/// Returns a document of this many pages in a tree of two levels. Each page shows its number; the resources
/// and the size stand above it. The outline and a form name all pages.
fn document(pages: u32) -> Document {
    let mut document = Document::with_version("1.5");
    let root = document.new_object_id();
    let font =
        document.add_object(dictionary! {"Type" => "Font", "Subtype" => "Type1", "BaseFont" => "Helvetica"});
    let mut nodes: Vec<Object> = Vec::new();
    let mut all: Vec<Object> = Vec::new();
    for first in (1..=pages).step_by(3) {
        let node = document.new_object_id();
        let numbers = first..=pages.min(first + 2);
        let count = i64::try_from(numbers.clone().count()).unwrap();
        let kids: Vec<Object> = numbers
            .map(|number| {
                let text = format!("BT /F1 24 Tf 72 720 Td (Page {number}.) Tj ET");
                let contents = document.add_object(Stream::new(Dictionary::new(), text.into_bytes()));
                let page = dictionary! {"Type" => "Page", "Parent" => node, "Contents" => contents};
                document.add_object(page).into()
            })
            .collect();
        all.extend(kids.iter().cloned());
        let node_of = dictionary! {"Type" => "Pages", "Parent" => root, "Kids" => kids, "Count" => count,
        "MediaBox" => vec![0.into(), 0.into(), 612.into(), 792.into()]};
        document.objects.insert(node, node_of.into());
        nodes.push(node.into());
    }
    let tree = dictionary! {"Type" => "Pages", "Kids" => nodes, "Count" => i64::from(pages),
    "Resources" => dictionary! {"Font" => dictionary! {"F1" => font}}};
    document.objects.insert(root, tree.into());
    let names = document.add_object(dictionary! {"Pages" => all});
    let catalog =
        document.add_object(dictionary! {"Type" => "Catalog", "Pages" => root, "Outlines" => names});
    document.trailer.set("Root", catalog);
    document.trailer.set("ID", vec![Object::string_literal("one"), Object::string_literal("one")]);
    document
}

fn saved(mut document: Document) -> Vec<u8> {
    let mut bytes = Vec::new();
    document.save_to(&mut bytes).unwrap();
    bytes
}

fn encrypted(user_password: &str) -> Vec<u8> {
    let mut document = document(3);
    let version = EncryptionVersion::V2 {
        document: &document,
        owner_password: "owner",
        user_password,
        key_length: 128,
        permissions: Permissions::all(),
    };
    let state = EncryptionState::try_from(version).unwrap();
    document.encrypt(&state).unwrap();
    saved(document)
}

fn ranges(text: &str) -> PageRanges {
    PageRanges::parse(text).unwrap()
}

/// Returns the texts of the pages of a PDF, read by a parser of its own run.
fn texts(bytes: &[u8]) -> Vec<String> {
    let document = Document::load_mem(bytes).unwrap();
    let text = |id| String::from_utf8(document.get_page_content(id)).unwrap();
    let number = |text: String| text[text.find('(').unwrap() + 1..text.find(')').unwrap()].to_owned();
    document.page_iter().map(text).map(number).collect()
}

fn has(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn nothing_but_the_chosen_pages_is_left() {
    let whole = saved(document(10));
    let cut_out = cut(&whole, &ranges("2-3, 7")).unwrap();
    assert_eq!((cut_out.pages.as_slice(), cut_out.of), (&[2, 3, 7][..], 10));
    assert_eq!(texts(&cut_out.bytes), ["Page 2.", "Page 3.", "Page 7."]);
    for number in [1, 4, 5, 6, 8, 9, 10] {
        assert!(!has(&cut_out.bytes, &format!("(Page {number}.)")), "page {number} is still in the file");
    }
    assert!(cut_out.bytes.len() < whole.len());
    let document = Document::load_mem(&cut_out.bytes).unwrap();
    for id in document.page_iter() {
        let page = document.get_dictionary(id).unwrap();
        assert!(page.has(b"MediaBox") && page.has(b"Resources"), "what is inherited is kept: {page:?}");
    }
    assert_eq!(texts(&cut(&whole, &PageRanges::default()).unwrap().bytes).len(), 10);
}

#[test]
fn equal_pages_give_equal_bytes() {
    let whole = saved(document(10));
    let once = cut(&whole, &ranges("2, 7")).unwrap();
    assert_eq!(once, cut(&whole, &ranges("7;2")).unwrap());
    assert_ne!(once.bytes, cut(&whole, &ranges("2, 8")).unwrap().bytes);
    assert_eq!(texts(&cut(&once.bytes, &ranges("2")).unwrap().bytes), ["Page 7."]);
}

#[test]
fn modern_files_with_streams_of_objects_are_cut_too() {
    let mut bytes = Vec::new();
    let options = SaveOptions { use_object_streams: true, use_xref_streams: true, ..SaveOptions::default() };
    document(10).save_with_options(&mut bytes, options).unwrap();
    assert!(has(&bytes, "ObjStm"));
    assert_eq!(texts(&cut(&bytes, &ranges("9-")).unwrap().bytes), ["Page 9.", "Page 10."]);
}

#[test]
fn what_cannot_be_cut_is_told() {
    let whole = saved(document(3));
    let truncated = &whole[..whole.len() / 3];
    for (bytes, selection, error) in [
        (whole.as_slice(), "4", PdfError::NoSuchPage { of: 3 }),
        (&whole, "3-9", PdfError::NoSuchPage { of: 3 }),
        (b"\xff\xd8\xff\xe0", "all", PdfError::Foreign),
        (b"", "all", PdfError::Foreign),
        (b"%PDF-1.7\nnothing else", "all", PdfError::Broken),
        (truncated, "1", PdfError::Broken),
        (&encrypted("secret"), "1", PdfError::Encrypted),
        (&saved(document(0)), "all", PdfError::Broken),
        (&saved(document(101)), "all", PdfError::TooManyPages { selected: 101, of: 101 }),
    ] {
        assert_eq!(
            cut(bytes, &ranges(selection)).unwrap_err(),
            error,
            "{selection} of {} bytes",
            bytes.len()
        );
    }
    assert_eq!(cut(&saved(document(101)), &ranges("2-101")).unwrap().pages.len(), 100);
}

#[test]
fn a_file_that_only_restricts_printing_is_read() {
    let cut_out = cut(&encrypted(""), &ranges("2")).unwrap();
    assert_eq!(texts(&cut_out.bytes), ["Page 2."]);
    assert!(!has(&cut_out.bytes, "Encrypt"));
}

/// The page tree names one page a thousand times, and itself.
#[test]
fn a_page_tree_in_circles_ends() {
    let mut document = document(1);
    let page = document.page_iter().next().unwrap();
    let node = document.get_dictionary(page).unwrap().get(b"Parent").unwrap().as_reference().unwrap();
    let kids: Vec<Object> =
        std::iter::repeat_n(page.into(), 5).chain(std::iter::repeat_n(node.into(), 5)).collect();
    document.get_object_mut(node).unwrap().as_dict_mut().unwrap().set("Kids", kids);
    let cut_out = cut(&saved(document), &ranges("1-2")).unwrap();
    assert_eq!(texts(&cut_out.bytes), ["Page 1.", "Page 1."]);
}

#[test]
fn bombs_are_refused_before_they_are_parsed() {
    let numbers = "1 ".repeat(3_100_000);
    let plain = format!("%PDF-1.5\n1 0 obj\n[{numbers}]\nendobj\n");
    assert_eq!(cut(plain.as_bytes(), &ranges("1")).unwrap_err(), PdfError::TooLarge);
    // Streams of objects that unpack to blanks, and to objects.
    for content in [vec![b' '; 70_000_000], numbers.into_bytes()] {
        let mut stream = Stream::new(dictionary! {"Type" => "ObjStm", "N" => 1, "First" => 4}, content);
        stream.compress().unwrap();
        assert!(stream.content.len() < 1_000_000);
        // Appended by hand, because the writer keeps no stream of objects.
        let mut bytes = saved(document(1));
        bytes.extend(b"\n99 0 obj\n<</Type /ObjStm /N 1 /First 4 /Filter /FlateDecode>>\nstream\n");
        bytes.extend(&stream.content);
        bytes.extend(b"\nendstream\nendobj\n");
        assert_eq!(cut(&bytes, &ranges("1")).unwrap_err(), PdfError::TooLarge);
    }
}

#[test]
fn damaged_files_end_in_a_result() {
    let whole = saved(document(4));
    for at in (0..whole.len()).step_by(7) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x15;
        if let Ok(cut_out) = cut(&damaged, &ranges("1")) {
            assert!(cut_out.of > 0 && cut_out.pages == [1]);
        }
        let _ = cut(&whole[..at], &ranges("all"));
    }
}
