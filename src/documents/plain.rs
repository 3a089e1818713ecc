//! Plain text, code, and subtitles.

use super::collector::Collector;
use super::error::Flow;
use super::preview::Unit;

/// Reads text unchanged, except that line ends are unified.
pub(super) fn read(text: &str, out: &mut Collector) -> Flow {
    out.part(Unit::Text, "", false)?;
    write(text, out)
}

/// Writes text into the current part.
pub(super) fn write(text: &str, out: &mut Collector) -> Flow {
    for line in text.split_inclusive('\n') {
        match line.strip_suffix("\r\n") {
            Some(line) => {
                out.text(line)?;
                out.text("\n")?;
            }
            None => out.text(line)?,
        }
    }
    Ok(())
}

/// Reads SRT or VTT as one line per subtitle with its start time.
pub(super) fn read_subtitles(text: &str, out: &mut Collector) -> Flow {
    out.part(Unit::Text, "", false)?;
    let mut lines = text.lines().map(str::trim).peekable();
    let mut line = String::new();
    while let Some(next) = lines.next() {
        let follows_time = lines.peek().is_some_and(|line| line.contains("-->"));
        if let Some((start, _)) = next.split_once("-->") {
            end(&mut line, out)?;
            let start = start.trim().split(['.', ',']).next().unwrap_or_default();
            line = format!("[{start}]");
        } else if next.is_empty() || follows_time {
            end(&mut line, out)?;
        } else if !line.is_empty() {
            line.push(' ');
            line.push_str(&without_tags(next));
        }
    }
    end(&mut line, out)
}

fn end(line: &mut String, out: &mut Collector) -> Flow {
    if !line.is_empty() {
        line.push('\n');
        out.text(line)?;
        line.clear();
    }
    Ok(())
}

/// Removes tags such as `<i>`; other signs stay.
fn without_tags(line: &str) -> String {
    let mut text = String::new();
    let mut rest = line;
    while let Some((before, behind)) = rest.split_once('<') {
        text.push_str(before);
        let is_tag = behind.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
        if let Some((_, after)) = behind.split_once('>').filter(|_| is_tag) {
            rest = after;
        } else {
            text.push('<');
            rest = behind;
        }
    }
    text + rest
}
