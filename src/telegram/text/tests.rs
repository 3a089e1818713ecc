//! Tests of all sentences in all languages. What there is to say is read from the `.ftl` files, and what is
//! said from the sources of this module.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use strum::VariantArray;

use super::*;
use crate::telegram::commands::{Command, Section};
use crate::tools::Toolbox;

/// The sentences of a language by their ids, as their files have them.
type Sentences = BTreeMap<String, String>;

/// What a folder of this module holds.
fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/telegram/text").join(folder);
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|file| file.extension().unwrap_or_default() == extension).collect()
}

/// Adds the sentences of a file. A sentence begins a line with its id; the lines that continue it are
/// indented.
fn read(source: &str, sentences: &mut Sentences) {
    let mut newest = String::new();
    for line in source.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if line.starts_with([' ', '}']) {
            let sentence = sentences.get_mut(&newest).expect("the first line begins a sentence");
            sentence.push('\n');
            sentence.push_str(line);
            continue;
        }
        let Some((id, text)) = line.split_once(" = ") else { panic!("this is no sentence: {line}") };
        id.clone_into(&mut newest);
        assert!(sentences.insert(id.to_owned(), text.to_owned()).is_none(), "{id} is there twice");
    }
}

/// All sentences by the name of their language's folder.
fn languages() -> BTreeMap<String, Sentences> {
    let mut languages = BTreeMap::new();
    for folder in files("locales", "") {
        let name = folder.file_name().unwrap().to_str().unwrap();
        let mut sentences = Sentences::new();
        for file in files(&format!("locales/{name}"), "ftl") {
            read(&fs::read_to_string(file).unwrap(), &mut sentences);
        }
        languages.insert(name.to_owned(), sentences);
    }
    languages
}

fn english() -> Sentences {
    languages().remove("en").expect("English is the fallback")
}

/// The names of the values that a sentence takes. A dollar sign before a number is text.
fn placeholders(sentence: &str) -> BTreeSet<String> {
    let name = |rest: &str| rest.chars().take_while(char::is_ascii_alphanumeric).collect::<String>();
    let names = sentence.split('$').skip(1).map(name);
    names.filter(|name| name.starts_with(|c: char| c.is_ascii_lowercase())).collect()
}

/// The words of a line, without its placeholders and the key of its variant.
fn words(line: &str) -> String {
    let mut parts = line.split('{');
    let first = parts.next().unwrap_or_default().trim_start();
    let first = match first.strip_prefix('*').unwrap_or(first).strip_prefix('[') {
        Some(variant) => variant.split_once(']').expect("the key of a variant is closed").1,
        None => first,
    };
    let behind = parts.filter_map(|part| Some(part.split_once('}')?.1));
    std::iter::once(first).chain(behind).collect()
}

/// The ids of sentences that the sources of this module name. Names of placeholders and commands come first
/// in their brackets and patterns stand before an arrow; every other literal of an id's form is an id.
fn said(placeholders: &BTreeSet<String>) -> BTreeSet<String> {
    let tools = ToolName::VARIANTS.iter().map(|&tool| format!("tool-{}", id_of(tool)));
    let paid = Toolbox::paid().into_iter().map(|tool| format!("paid-{}", id_of(tool)));
    let mut ids: BTreeSet<String> = tools.chain(paid).collect();
    ids.extend(
        Command::VARIANTS.iter().map(|command| format!("command-{}", command.name().replace('_', "-"))),
    );
    ids.extend(Section::VARIANTS.iter().map(|section| format!("section-{}", <&str>::from(section))));
    for file in files("", "rs").into_iter().filter(|file| !file.ends_with("tests.rs")) {
        let source = fs::read_to_string(file).unwrap();
        let product = source.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        let lines = product.lines().filter(|line| !line.trim_start().starts_with("//"));
        let code = lines.collect::<Vec<_>>().join("\n").replace("\\\"", "'");
        let parts: Vec<&str> = code.split('"').collect();
        for index in (1..parts.len()).step_by(2) {
            let (before, literal, after) =
                (parts[index - 1].trim_end(), parts[index], parts[index + 1].trim_start());
            let has_form = literal.starts_with(|c: char| c.is_ascii_lowercase())
                && literal.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
            let placeholder = before.ends_with('(') && placeholders.contains(literal);
            let other = ["langid!(", "fallback_language:"].iter().any(|call| before.ends_with(call));
            let pattern = after.starts_with("=>") || after.starts_with('|');
            if has_form && !placeholder && !other && !pattern {
                ids.insert(literal.to_owned());
            }
        }
    }
    ids
}

#[test]
fn every_language_has_a_folder_and_every_folder_a_language() {
    let spoken: BTreeSet<String> =
        Language::VARIANTS.iter().map(|&language| code(language).to_string()).collect();
    assert_eq!(languages().into_keys().collect::<BTreeSet<_>>(), spoken);
}

#[test]
fn every_language_has_the_same_sentences_with_the_same_placeholders() {
    let outline = |sentences: &Sentences| -> BTreeMap<String, BTreeSet<String>> {
        sentences.iter().map(|(id, sentence)| (id.clone(), placeholders(sentence))).collect()
    };
    let expected = outline(&english());
    assert!(expected.len() > 80, "{} sentences", expected.len());
    for (language, sentences) in languages() {
        let outline = outline(&sentences);
        let differences: Vec<_> =
            expected.iter().filter(|(id, names)| outline.get(*id) != Some(*names)).collect();
        assert!(differences.is_empty(), "{language} lacks or says with other placeholders: {differences:?}");
        let more: Vec<_> = outline.keys().filter(|id| !expected.contains_key(*id)).collect();
        assert!(more.is_empty(), "only {language} has {more:?}");
    }
}

#[test]
fn every_sentence_is_said_and_nothing_else() {
    let english = english();
    let names = english.values().flat_map(|sentence| placeholders(sentence)).collect();
    let (there, said) = (english.into_keys().collect::<BTreeSet<_>>(), said(&names));
    let unused: Vec<_> = there.difference(&said).collect();
    assert!(unused.is_empty(), "nothing says {unused:?}");
    let missing: Vec<_> = said.difference(&there).collect();
    assert!(missing.is_empty(), "no language has {missing:?}");
}

#[test]
fn nothing_is_left_in_english() {
    let english = english();
    for (language, sentences) in languages().into_iter().filter(|(language, _)| language != "en") {
        for (id, sentence) in sentences {
            let worded = |line: &&str| words(line).contains(char::is_alphabetic);
            let english: Vec<&str> = english[&id].lines().filter(worded).collect();
            for line in sentence.lines().filter(worded) {
                assert!(!english.contains(&line), "{id} in {language}: {line}");
                let cyrillic = words(line).chars().any(|c| ('а'..='я').contains(&c));
                assert!(language != "ru" || cyrillic, "{id} in {language}: {line}");
            }
        }
    }
}

#[test]
fn every_sentence_can_be_said_with_its_placeholders() {
    for (language, sentences) in languages() {
        let code: LanguageIdentifier = language.parse().unwrap();
        for (id, sentence) in sentences {
            for value in [FluentValue::from("Ann"), FluentValue::from(1), FluentValue::from(5)] {
                let names = placeholders(&sentence);
                let values = names.into_iter().map(|name| (Cow::Owned(name), value.clone()));
                let text = LOCALES.lookup_with_args(&code, &id, &values.collect::<HashMap<_, _>>());
                assert!(!text.is_empty() && !text.starts_with("Unknown localization"), "{id}: {text}");
                assert!(!text.contains(['{', '}']), "{id} in {language}: {text}");
            }
        }
    }
}

#[test]
fn the_limit_of_a_day_is_told_with_the_time_left() {
    for (bytes, megabytes) in [
        (1_000, "0.001"),
        (100_000, "0.1"),
        (1_000_000, "1"),
        (2_500_000, "2.5"),
        (20_971_520, "20"),
        (500_000_000, "500"),
    ] {
        let told = over_daily_limit(Language::English, DailyLimit { bytes, hours: 5 });
        assert!(told.contains(&format!("limit of {megabytes} MB of files per day")), "{told}");
        assert!(told.contains("in about 5 h"), "{told}");
    }
}

#[test]
fn answers_to_a_tap_and_to_a_checkout_fit_telegrams_alerts() {
    let others = [
        "forgotten",
        "not-your-button",
        "old-button",
        "language-set",
        "language-set-to-app",
        "topics-used",
        "topics-not-allowed",
        "topics-later",
        "not-yours-to-stop",
        "retry-no-question",
        "retry-running",
        "retry-used",
        "retry-old",
    ];
    for &language in Language::VARIANTS {
        let checkouts = english().into_keys().filter(|id| id.starts_with("checkout-"));
        for id in checkouts.chain(others.map(str::to_owned)) {
            let text = say(language, &id);
            assert!((1..=200).contains(&text.chars().count()), "{text}");
        }
    }
}

#[test]
fn every_tool_is_said_in_words() {
    for &tool in ToolName::VARIANTS {
        for &language in Language::VARIANTS {
            for subject in [None, Some("a.example")] {
                let line = tool_line(language, tool.name(), subject, ToolState::Running);
                assert!(!line.contains(tool.name()) && !line.contains("localization"), "{line}");
            }
        }
    }
    let english = |name, subject, state| tool_line(Language::English, name, subject, state);
    assert_eq!(english("of_tomorrow", Some("x"), ToolState::Done), "✅ of_tomorrow");
    assert_eq!(english("web_search", Some("rain"), ToolState::Running), "🔧 searching: rain…");
    assert_eq!(english("web_fetch", Some("a.example"), ToolState::Failed), "⚠️ reading a.example");
}

#[test]
fn a_greeting_names_the_person() {
    assert!(welcome(Language::English, "Ann").starts_with("Hello Ann! I am an AI assistant."));
    assert!(welcome(Language::English, "Ann").contains("writing it.\n\nWrite something new"));
    assert_eq!(closing(Language::English, Outcome::Answered), None);
}
