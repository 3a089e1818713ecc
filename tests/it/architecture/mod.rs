//! The layers as a test: a module imports only from groups listed before its own, and foreign crates stay in
//! their modules.

mod imports;
mod orders;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use imports::Imports;
use orders::{INNER, Order, PLAYGROUND};

/// The modules from low to high. Modules on one line must not import each other.
const LAYERS: &[&[&str]] = &[
    &["domain"],
    &["lifecycle"],
    &["config"],
    &["telemetry", "http"],
    &["db", "cache", "llm", "sandbox", "rendering", "images", "documents", "typeset", "bot_api"],
    &["services"],
    &["tools"],
    &["conversation"],
    &["telegram"],
    &["app", "dead_letters", "doctor", "import"],
    &["main", "lib"],
];

/// A crate and the modules in which it may appear.
const HOMES: &[(&str, &[&str])] = &[
    ("teloxide", &["telegram"]),
    ("strsim", &["telegram"]),
    ("sqlx", &["db"]),
    ("redis", &["cache"]),
    ("reqwest", &["http", "llm", "sandbox", "bot_api"]),
    ("prometheus", &["telemetry"]),
    (
        "std::env",
        &["config/source.rs", "config/tests", "rendering/tests.rs", "telegram/inbound/fuzz_tests.rs"],
    ),
    ("anyhow", &["app", "app.rs", "dead_letters.rs", "doctor.rs", "import.rs", "main.rs"]),
    ("sse_stream", &["llm"]),
    ("image", &["images"]),
    ("lofty", &["llm"]),
    ("async_stream", &["llm", "db/single.rs"]),
    ("chardetng", &["llm", "documents"]),
    ("unicode_width", &["rendering"]),
    ("pulldown_cmark", &["rendering"]),
    ("calamine", &["documents"]),
    ("cfb", &["documents"]),
    ("csv", &["documents"]),
    ("flate2", &["documents"]),
    ("html5gum", &["documents"]),
    ("lopdf", &["documents"]),
    ("mail_parser", &["documents"]),
    ("quick_xml", &["documents"]),
    ("zip", &["documents"]),
    ("ratex_font", &["typeset"]),
    ("ratex_katex_fonts", &["typeset"]),
    ("ratex_layout", &["typeset"]),
    ("ratex_parser", &["typeset"]),
    ("ratex_types", &["typeset"]),
    ("tiny_skia", &["typeset"]),
    ("ttf_parser", &["typeset"]),
    ("fluent_templates", &["telegram/text"]),
    ("clap", &["main.rs"]),
    ("rlimit", &["main.rs"]),
    ("procfs", &["lifecycle"]),
    ("rustix", &["lifecycle"]),
    ("ring", &["domain/digest.rs"]),
];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}

fn files() -> Vec<(String, String)> {
    files_below("src")
}

fn files_below(folder: &str) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let name = |path: &PathBuf| path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
    sources(&root).iter().map(|path| (name(path), std::fs::read_to_string(path).unwrap())).collect()
}

fn module(file: &str) -> &str {
    file.split('/').next().unwrap_or(file).trim_end_matches(".rs")
}

fn rank(name: &str) -> usize {
    LAYERS.iter().position(|group| group.contains(&name)).unwrap_or(usize::MAX)
}

/// Returns the upward or sideways imports of a file. An unknown name ranks above everything, so that a
/// grouped `use crate::{...}` cannot hide one.
fn forbidden(file: &str, source: &str) -> Vec<String> {
    let own = module(file);
    source
        .match_indices("crate::")
        .filter(|(at, _)| !source[..*at].ends_with(['_', '$']))
        .filter_map(|(at, _)| source[at + 7..].split(|c: char| !c.is_alphanumeric() && c != '_').next())
        .filter(|&used| used != own && rank(used) >= rank(own))
        .map(|used| format!("{file} imports {used}"))
        .collect()
}

/// The path of a file from a folder; `None` if it is elsewhere. The empty folder is the root.
fn inside<'a>(folder: &str, file: &'a str) -> Option<&'a str> {
    if folder.is_empty() { Some(file) } else { file.strip_prefix(folder)?.strip_prefix('/') }
}

/// The part of a module to which a file belongs, and its rank; `None` if no part fits.
fn part<'a>(folder: &str, parts: &[&[&'a str]], file: &str) -> Option<(usize, &'a str)> {
    let inside = inside(folder, file)?.trim_end_matches(".rs");
    let fits =
        |name: &str| inside.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let ranked =
        parts.iter().enumerate().flat_map(|(rank, group)| group.iter().map(move |&name| (rank, name)));
    ranked.filter(|(_, name)| fits(name)).max_by_key(|(_, name)| name.len())
}

/// The upward or sideways imports inside modules, and files that belong to no part.
fn forbidden_inside(orders: &[Order], imports: &Imports, files: &[(String, String)]) -> Vec<String> {
    let mut found = Vec::new();
    for (folder, parts) in orders {
        for (file, _) in files.iter().filter(|(file, _)| inside(folder, file).is_some()) {
            let Some((rank, own)) = part(folder, parts, file) else {
                found.push(format!("no part names {file}"));
                continue;
            };
            let others = imports.of_file(file).filter_map(|other| Some((other, part(folder, parts, other)?)));
            found.extend(
                others
                    .filter(|(_, (other_rank, name))| *name != own && *other_rank >= rank)
                    .map(|(other, _)| format!("{file} imports {other}")),
            );
        }
    }
    found
}

/// Returns crates that appear in a file outside their modules.
fn strangers(file: &str, source: &str) -> Vec<String> {
    let code: String =
        source.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    HOMES
        .iter()
        .filter(|(krate, homes)| {
            let used = code
                .match_indices(&format!("{krate}::"))
                .any(|(at, _)| !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':'));
            used && !homes.iter().any(|home| {
                file == *home || file.starts_with(&format!("{home}/")) || file == format!("{home}.rs")
            })
        })
        .map(|(krate, _)| format!("{file} uses {krate}"))
        .collect()
}

#[test]
fn imports_go_downwards_only() {
    let files = files();
    assert!(files.len() > 50, "the walk found only {} files", files.len());
    let unknown: Vec<&String> =
        files.iter().map(|(file, _)| file).filter(|file| rank(module(file)) == usize::MAX).collect();
    assert!(unknown.is_empty(), "no layer names {unknown:?}");
    let found: Vec<String> = files.iter().flat_map(|(file, source)| forbidden(file, source)).collect();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn imports_inside_a_module_go_downwards_only() {
    for (folder, orders) in [("src", INNER), ("playground/src", PLAYGROUND)] {
        let files = files_below(folder);
        let found = forbidden_inside(orders, &Imports::of(&files), &files);
        assert!(found.is_empty(), "{folder}: {found:#?}");
    }
}

#[test]
fn an_upward_or_sideways_import_inside_a_module_is_found() {
    let files = |session: &str| {
        [
            ("lib.rs", "mod telegram;"),
            ("telegram/mod.rs", "mod session; mod handlers; mod intake; mod dispatcher; mod replies;"),
            ("telegram/session.rs", session),
            ("telegram/session/gathering.rs", "use super::super::replies::reply;"),
            ("telegram/replies/mod.rs", "pub fn reply() {}"),
            ("telegram/handlers/mod.rs", "use super::session::run; pub fn route() { run() }"),
            ("telegram/intake/mod.rs", "use super::dispatcher::run;"),
            ("telegram/dispatcher.rs", "pub fn run() {}"),
            ("telegram/novelty.rs", ""),
        ]
        .map(|(file, source)| (file.to_owned(), source.to_owned()))
    };
    let found = |files: &[(String, String)]| forbidden_inside(INNER, &Imports::of(files), files);
    let always =
        ["telegram/intake/mod.rs imports telegram/dispatcher.rs", "no part names telegram/novelty.rs"];
    assert_eq!(found(&files("mod gathering; pub fn run() {}")), always);
    let upward = found(&files("use super::handlers::route; mod gathering; pub fn run() { route() }"));
    assert_eq!(upward[0], "telegram/session.rs imports telegram/handlers/mod.rs");
    assert_eq!(upward[1..], always);
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    for folder in ["src", "playground/src"] {
        let circles = Imports::of(&files_below(folder)).circles();
        assert!(circles.is_empty(), "{folder}: {circles:#?}");
    }
}

#[test]
fn a_circle_is_found_and_a_module_that_only_re_exports_is_none() {
    let files = |files: &[(&str, &str)]| {
        files.iter().map(|(file, source)| ((*file).to_owned(), (*source).to_owned())).collect::<Vec<_>>()
    };
    let mut house = files(&[
        ("lib.rs", "mod a;"),
        ("a/mod.rs", "mod b; mod c; pub use b::B;"),
        ("a/b.rs", "pub struct B;"),
        ("a/c.rs", "use super::B; fn c() -> B { B }"),
    ]);
    let imports = Imports::of(&house);
    assert_eq!(imports.of_file("a/c.rs").collect::<Vec<_>>(), ["a/b.rs"]);
    assert!(imports.circles().is_empty());
    house[2].1 = "pub struct B; impl B { fn c() { super::c::c(); } }".to_owned();
    let circles = Imports::of(&house).circles();
    assert_eq!(circles, BTreeSet::from(["a/b.rs -> a/c.rs -> a/b.rs".to_owned()]));
    house[2].1 = "pub struct B;\n#[cfg(test)]\nmod tests { use crate::a::c; }".to_owned();
    assert!(Imports::of(&house).circles().is_empty(), "tests may look up");
}

#[test]
fn foreign_crates_stay_home() {
    let found: Vec<String> = files().iter().flat_map(|(file, source)| strangers(file, source)).collect();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn files_stay_short_and_say_what_they_are_for() {
    for (file, source) in ["src", "playground/src", "tests/it"].into_iter().flat_map(files_below) {
        let lines = source.lines().count();
        assert!(lines <= 400, "{file} has {lines} lines");
        assert!(source.starts_with("//!"), "{file} does not begin with what it is for");
    }
}

#[test]
fn the_rules_catch_what_they_forbid() {
    assert_eq!(forbidden("db/inbox.rs", "use crate::telegram::text;"), ["db/inbox.rs imports telegram"]);
    assert_eq!(forbidden("db/inbox.rs", "use crate::llm::event;"), ["db/inbox.rs imports llm"]);
    assert_eq!(forbidden("db/inbox.rs", "use crate::{services, domain};"), ["db/inbox.rs imports "]);
    assert!(forbidden("db/inbox.rs", "use crate::domain::ids;\nuse crate::db::DbError;").is_empty());
    assert_eq!(strangers("services/x.rs", "let x = sqlx::query(\"\");"), ["services/x.rs uses sqlx"]);
    assert!(strangers("db/x.rs", "use sqlx::PgPool;").is_empty());
}
