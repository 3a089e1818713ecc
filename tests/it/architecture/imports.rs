//! Imports of each file, read from the source: `use` items and paths, without tests. A name that a module
//! only re-exports counts as an import of the file that defines it, so a module may collect its files' names.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use syn::visit::{self, Visit};
use syn::{Attribute, Item, ItemMod, ItemUse, UseTree, Visibility};

/// A module's path from the root of its crate, empty for the root.
type Module = Vec<String>;

/// The files of one crate and their imports of each other.
pub(super) struct Imports {
    /// By file, relative to the source directory.
    edges: BTreeMap<String, BTreeSet<String>>,
}

/// One source file.
struct Source {
    module: Module,
    /// Imported paths, from the root of the crate.
    paths: Vec<Module>,
    /// Re-exported names and their targets; `*` for everything.
    exports: Vec<(String, Module)>,
}

impl Imports {
    /// Reads the files below `root`, given as (name, source).
    pub(super) fn of(files: &[(String, String)]) -> Self {
        let modules: BTreeMap<Module, &str> =
            files.iter().map(|(file, _)| (module_of(file), file.as_str())).collect();
        let sources: BTreeMap<&str, Source> =
            files.iter().map(|(file, source)| (file.as_str(), read(file, source, &modules))).collect();
        let edges = sources.iter().map(|(&file, source)| {
            let targets = source.paths.iter().filter_map(|path| target(path, &modules, &sources, 0));
            (file.to_owned(), targets.filter(|&other| other != file).map(str::to_owned).collect())
        });
        Self { edges: edges.collect() }
    }

    /// Returns the imports of a file.
    pub(super) fn of_file(&self, file: &str) -> impl Iterator<Item = &str> {
        self.edges.get(file).into_iter().flatten().map(String::as_str)
    }

    /// Returns the circles: for each file that can be reached from itself, the shortest way back.
    pub(super) fn circles(&self) -> BTreeSet<String> {
        self.edges.keys().filter_map(|file| self.way_back(file)).collect()
    }

    fn way_back(&self, start: &str) -> Option<String> {
        let mut from: BTreeMap<&str, &str> = BTreeMap::new();
        let mut queue = VecDeque::from([start]);
        while let Some(file) = queue.pop_front() {
            for next in self.of_file(file) {
                if next == start {
                    let mut way = vec![start, file];
                    while let Some(&before) =
                        from.get(way[way.len() - 1]).filter(|_| way[way.len() - 1] != start)
                    {
                        way.push(before);
                    }
                    way.reverse();
                    way.dedup();
                    return Some(turned(&way));
                }
                if !from.contains_key(next) {
                    from.insert(next, file);
                    queue.push_back(next);
                }
            }
        }
        None
    }
}

/// Writes a circle in a form that does not depend on the file at which it starts.
fn turned(way: &[&str]) -> String {
    let files = &way[..way.len() - 1];
    let first = files.iter().enumerate().min_by_key(|(_, file)| **file).map_or(0, |(at, _)| at);
    let mut turned: Vec<&str> = files[first..].iter().chain(&files[..first]).copied().collect();
    turned.push(turned[0]);
    turned.join(" -> ")
}

fn module_of(file: &str) -> Module {
    let path = file.trim_end_matches(".rs");
    let path = path.strip_suffix("/mod").unwrap_or(path);
    if matches!(path, "lib" | "main") { Vec::new() } else { path.split('/').map(str::to_owned).collect() }
}

fn read(file: &str, source: &str, modules: &BTreeMap<Module, &str>) -> Source {
    let parsed = syn::parse_file(source).unwrap_or_else(|error| panic!("{file}: {error}"));
    let module = module_of(file);
    let mut reader = Reader { source: Source { module, paths: vec![], exports: vec![] }, modules };
    reader.visit_file(&parsed);
    reader.source
}

struct Reader<'a> {
    source: Source,
    modules: &'a BTreeMap<Module, &'a str>,
}

impl Reader<'_> {
    /// Returns a path from the root of the crate, or `None` if it leads elsewhere.
    fn absolute(&self, path: &[String]) -> Option<Module> {
        let own = &self.source.module;
        let (first, rest) = path.split_first()?;
        match first.as_str() {
            "crate" => Some(rest.to_vec()),
            "self" => Some([own, rest].concat()),
            "super" => {
                let ups = path.iter().take_while(|part| *part == "super").count();
                Some([own.get(..own.len().checked_sub(ups)?)?, &path[ups..]].concat())
            }
            _ => {
                let inside = [own.as_slice(), path].concat();
                self.modules.contains_key(&inside[..=own.len()]).then_some(inside)
            }
        }
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        let attributes: &[Attribute] = match item {
            Item::Mod(item) => &item.attrs,
            Item::Fn(item) => &item.attrs,
            Item::Impl(item) => &item.attrs,
            Item::Struct(item) => &item.attrs,
            Item::Use(item) => &item.attrs,
            _ => &[],
        };
        if !attributes.iter().any(is_test) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        // A module without a body is another file.
        if item.content.is_some() {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        let exported = !matches!(item.vis, Visibility::Inherited);
        for (path, name) in leaves(&item.tree, &mut Vec::new()) {
            let Some(path) = self.absolute(&path) else { continue };
            if exported { self.source.exports.push((name, path)) } else { self.source.paths.push(path) }
        }
    }

    fn visit_visibility(&mut self, _: &'ast Visibility) {
        // `pub(in super::super)` names who may import, and imports nothing.
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let parts: Vec<String> = path.segments.iter().map(|part| part.ident.to_string()).collect();
        if parts.len() > 1 {
            self.source.paths.extend(self.absolute(&parts));
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        // Arguments of a macro are tokens; only those that look like a path of the crate count.
        let text = item.tokens.to_string().replace(' ', "");
        for (at, _) in text.match_indices("crate::") {
            let path = text[at..].split(|c: char| !c.is_alphanumeric() && c != '_' && c != ':').next();
            let parts: Vec<String> =
                path.into_iter().flat_map(|path| path.split("::")).map(str::to_owned).collect();
            self.source.paths.extend(self.absolute(&parts));
        }
        visit::visit_macro(self, item);
    }
}

fn is_test(attribute: &Attribute) -> bool {
    attribute.path().is_ident("cfg")
        && attribute.meta.require_list().is_ok_and(|list| list.tokens.to_string() == "test")
}

/// Returns the paths of a `use`, each with the name that it introduces.
fn leaves(tree: &UseTree, before: &mut Module) -> Vec<(Module, String)> {
    match tree {
        UseTree::Path(path) => {
            before.push(path.ident.to_string());
            let found = leaves(&path.tree, before);
            before.pop();
            found
        }
        UseTree::Name(name) if name.ident == "self" => {
            vec![(before.clone(), before.last().cloned().unwrap_or_default())]
        }
        UseTree::Name(name) => {
            vec![([before.as_slice(), &[name.ident.to_string()]].concat(), name.ident.to_string())]
        }
        UseTree::Rename(name) => {
            vec![([before.as_slice(), &[name.ident.to_string()]].concat(), name.rename.to_string())]
        }
        UseTree::Glob(_) => vec![(before.clone(), "*".to_owned())],
        UseTree::Group(group) => group.items.iter().flat_map(|tree| leaves(tree, before)).collect(),
    }
}

/// Returns the file in which a path ends, following re-exports.
fn target<'a>(
    path: &[String],
    modules: &BTreeMap<Module, &'a str>,
    sources: &BTreeMap<&'a str, Source>,
    depth: usize,
) -> Option<&'a str> {
    let length = (0..=path.len()).rev().find(|&length| modules.contains_key(&path[..length]))?;
    let file = modules[&path[..length]];
    let Some(name) = path.get(length).filter(|_| depth < 8) else { return Some(file) };
    let exports = &sources.get(file)?.exports;
    let Some((_, exported)) = exports.iter().find(|(known, _)| known == name) else { return Some(file) };
    target(&[exported.as_slice(), &path[length + 1..]].concat(), modules, sources, depth + 1)
}
