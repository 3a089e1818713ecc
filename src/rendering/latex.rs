//! Converts formulas to readable text: `\frac{a}{b}` becomes a/b, `x^2` becomes x², `\alpha \in A` becomes α
//! ∈ A. A formula without a plain form (matrices, unknown commands) is rejected as a whole, and the caller
//! shows its source as code. The tables of symbols are in `symbols`.

use super::symbols;

/// Deepest nesting of groups that still reads well on one line.
const MAX_DEPTH: usize = 6;

/// Environments whose rows read well as lines of text.
const ROW_ENVIRONMENTS: [&str; 9] =
    ["aligned", "align", "align*", "gather", "gather*", "gathered", "split", "equation", "equation*"];

/// Returns the formula as plain Unicode text (several lines if it has rows), or `None` if it has no plain
/// form.
pub(super) fn to_unicode(source: &str) -> Option<String> {
    let mut reader = Reader { rest: source.trim(), depth: 0 };
    let text = reader.sequence(&End::Input)?;
    let lines: Vec<String> = text.split('\n').map(squeeze).filter(|line| !line.is_empty()).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// Collapses white space to one space between words and removes it at the ends.
fn squeeze(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The end of a sequence of terms.
#[derive(PartialEq)]
enum End<'a> {
    Input,
    Brace,
    Bracket,
    Environment(&'a str),
}

struct Reader<'a> {
    rest: &'a str,
    depth: usize,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Option<char> {
        let next = self.rest.chars().next()?;
        self.rest = &self.rest[next.len_utf8()..];
        Some(next)
    }

    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start();
    }

    /// Reads terms up to and including `end`.
    fn sequence(&mut self, end: &End<'a>) -> Option<String> {
        if self.depth > MAX_DEPTH {
            return None;
        }
        self.depth += 1;
        let mut out = String::new();
        loop {
            let Some(next) = self.next() else {
                self.depth -= 1;
                return (*end == End::Input).then_some(out);
            };
            match next {
                '}' if *end == End::Brace => break,
                ']' if *end == End::Bracket => break,
                '{' => out.push_str(&self.sequence(&End::Brace)?),
                '^' | '_' => self.script(next, &mut out)?,
                '\'' => out.push('′'),
                '~' => out.push(' '),
                '&' if matches!(end, End::Environment(_)) => out.push(' '),
                '}' | '#' | '&' => return None,
                '\\' => {
                    let name = self.command();
                    if name == "end" {
                        let name = self.raw_group()?;
                        if *end != End::Environment(name) {
                            return None;
                        }
                        break;
                    }
                    self.run(name, &mut out)?;
                }
                next if next.is_whitespace() => out.push(' '),
                next => out.push(next),
            }
        }
        self.depth -= 1;
        Some(out)
    }

    /// Reads the name behind a backslash: letters, or one other character.
    fn command(&mut self) -> &'a str {
        let letters = self.rest.bytes().take_while(u8::is_ascii_alphabetic).count();
        let first = self.rest.chars().next().map_or(0, char::len_utf8);
        let (name, rest) = self.rest.split_at(letters.max(first));
        self.rest = rest;
        name
    }

    /// Reads the unchanged text of a `{...}` without inner braces.
    fn raw_group(&mut self) -> Option<&'a str> {
        self.skip_blanks();
        let (inner, rest) = self.rest.strip_prefix('{')?.split_once('}')?;
        self.rest = rest;
        (!inner.contains(['{', '\\', '$'])).then_some(inner)
    }

    /// Reads one argument: a group, a command or a single character.
    fn argument(&mut self) -> Option<String> {
        self.skip_blanks();
        let text = match self.next()? {
            '{' => self.sequence(&End::Brace)?,
            '\\' => {
                let name = self.command();
                let mut out = String::new();
                self.run(name, &mut out)?;
                out
            }
            '}' | '^' | '_' | '&' | '#' => return None,
            single => single.to_string(),
        };
        Some(squeeze(&text))
    }

    fn script(&mut self, kind: char, out: &mut String) -> Option<()> {
        let text = self.argument()?;
        out.truncate(out.trim_end().len());
        out.push_str(&if kind == '^' { raised(&text) } else { lowered(&text) });
        Some(())
    }

    fn run(&mut self, name: &'a str, out: &mut String) -> Option<()> {
        if let Some(symbol) = symbols::letter(name) {
            out.push_str(symbol);
        } else if let Some(symbol) = symbols::operator(name) {
            out.push(' ');
            out.push_str(symbol);
            out.push(' ');
        } else if symbols::FUNCTIONS.contains(&name) {
            if out.ends_with(char::is_alphanumeric) {
                out.push(' ');
            }
            out.push_str(name);
            if self.rest.starts_with(|next: char| next == '\\' || next.is_alphanumeric()) {
                out.push(' ');
            }
        } else if let Some(mark) = symbols::accent(name) {
            let base = self.argument()?;
            let mut chars = base.chars();
            let (Some(letter), None) = (chars.next(), chars.next()) else { return None };
            out.extend([letter, mark]);
        } else {
            self.construct(name, out)?;
        }
        Some(())
    }

    /// Reads the arguments of a command that has its own layout.
    fn construct(&mut self, name: &'a str, out: &mut String) -> Option<()> {
        match name {
            "frac" | "dfrac" | "tfrac" => {
                let (above, below) = (self.argument()?, self.argument()?);
                out.push_str(&[grouped(&above), grouped(&below)].join("/"));
            }
            "sqrt" => {
                let degree = match self.rest.strip_prefix('[') {
                    Some(rest) => {
                        self.rest = rest;
                        squeeze(&self.sequence(&End::Bracket)?)
                    }
                    None => String::new(),
                };
                out.push_str(&root(&degree)?);
                out.push_str(&grouped(&self.argument()?));
            }
            "text" | "textrm" | "textbf" | "textit" | "mbox" => out.push_str(self.raw_group()?),
            "mathrm" | "mathbf" | "mathit" | "mathsf" | "mathcal" | "boldsymbol" | "operatorname"
            | "boxed" => {
                out.push_str(&self.argument()?);
            }
            "mathbb" => {
                let name = self.argument()?;
                out.push_str(symbols::double_struck(&name)?);
            }
            "overline" => out.extend(self.argument()?.chars().flat_map(|letter| [letter, '\u{305}'])),
            "left" | "right" | "bigl" | "bigr" | "Bigl" | "Bigr" | "big" | "Big" => {
                self.skip_blanks();
                if let Some(rest) = self.rest.strip_prefix('.') {
                    self.rest = rest;
                }
            }
            "pmod" => out.extend([" (mod ", &self.argument()?, ")"]),
            "tag" => out.extend([" (", &self.argument()?, ")"]),
            "\\" => out.push('\n'),
            "begin" => {
                let name = self.raw_group()?;
                if !ROW_ENVIRONMENTS.contains(&name) {
                    return None;
                }
                out.push_str(&self.sequence(&End::Environment(name))?);
            }
            _ if symbols::SPACES.contains(&name) => out.push(' '),
            _ if symbols::SILENT.contains(&name) => {}
            _ => return None,
        }
        Some(())
    }
}

/// Puts brackets around a term, except around a single number, word or bracketed term.
fn grouped(term: &str) -> String {
    let mut chars = term.chars();
    let bracketed = term.starts_with('(') && term.find(')') == Some(term.len() - 1);
    let single = chars.next().is_some()
        && chars.all(|c| symbols::is_script(c) || c.is_ascii_digit() || c == '.')
        || term.chars().all(|c| c.is_alphanumeric() || c == '.');
    if single || bracketed { term.to_owned() } else { format!("({term})") }
}

fn root(degree: &str) -> Option<String> {
    Some(match degree {
        "" => "√".to_owned(),
        "3" => "∛".to_owned(),
        "4" => "∜".to_owned(),
        _ => format!("{}√", degree.chars().map(symbols::superscript).collect::<Option<String>>()?),
    })
}

/// Returns text as superscript: in superscript characters, or behind a `^`.
pub(super) fn raised(text: &str) -> String {
    if matches!(text, "∘" | "°") {
        return "°".to_owned();
    }
    if matches!(text, "*" | "′" | "†") {
        return text.to_owned();
    }
    let compact = text.chars().filter(|c| !c.is_whitespace());
    compact
        .map(symbols::superscript)
        .collect::<Option<String>>()
        .unwrap_or_else(|| format!("^{}", grouped(text)))
}

/// Returns text as subscript: in subscript characters, or behind a `_`.
pub(super) fn lowered(text: &str) -> String {
    let compact = text.chars().filter(|c| !c.is_whitespace());
    compact
        .map(symbols::subscript)
        .collect::<Option<String>>()
        .unwrap_or_else(|| format!("_{}", grouped(text)))
}

#[cfg(test)]
mod tests;
