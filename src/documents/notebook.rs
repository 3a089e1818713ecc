//! Jupyter notebooks: cells with their code and the text of their outputs.

use serde::Deserialize;

use super::collector::Collector;
use super::error::Flow;
use super::json;
use super::preview::Unit;

/// The most characters of one output that are shown.
const OUTPUT: usize = 2_000;

#[derive(Deserialize)]
struct Notebook {
    cells: Vec<Cell>,
}

#[derive(Deserialize)]
struct Cell {
    #[serde(default)]
    #[serde(rename = "cell_type")]
    kind: String,
    #[serde(default)]
    source: Lines,
    #[serde(default)]
    outputs: Vec<Output>,
}

#[derive(Deserialize)]
struct Output {
    #[serde(default)]
    text: Lines,
    #[serde(default)]
    data: Data,
    #[serde(default)]
    evalue: Lines,
}

#[derive(Default, Deserialize)]
struct Data {
    #[serde(default, rename = "text/plain")]
    text: Lines,
}

/// Text, as a string or as a list of lines.
#[derive(Deserialize)]
#[serde(untagged)]
enum Lines {
    Whole(String),
    List(Vec<String>),
    Other(serde::de::IgnoredAny),
}

impl Default for Lines {
    fn default() -> Self {
        Self::Whole(String::new())
    }
}

impl Lines {
    fn join(&self) -> String {
        match self {
            Self::Whole(text) => text.clone(),
            Self::List(lines) => lines.concat(),
            Self::Other(_) => String::new(),
        }
    }
}

/// The largest notebook in bytes whose cells are kept in memory; each may need thirty times its bytes.
const HELD: usize = 4 << 20;

/// Reads a notebook. A larger or invalid one is read as JSON.
pub(super) fn read(text: &str, out: &mut Collector) -> Flow {
    let notebook = if text.len() > HELD { None } else { serde_json::from_str::<Notebook>(text).ok() };
    let Some(notebook) = notebook else { return json::read(text, out) };
    out.part(Unit::Text, "", false)?;
    for (index, cell) in notebook.cells.iter().enumerate() {
        out.text(&format!("[cell {}, {}]\n", index + 1, cell.kind))?;
        out.text(&cell.source.join())?;
        out.text("\n")?;
        for output in &cell.outputs {
            for text in [&output.text, &output.data.text, &output.evalue].map(Lines::join) {
                let shown: String = text.chars().take(OUTPUT).collect();
                if shown.is_empty() {
                    continue;
                }
                let mark = if shown.len() < text.len() { "…[cut]" } else { "" };
                out.text(&format!("[output]\n{shown}{mark}\n"))?;
            }
        }
    }
    Ok(())
}
