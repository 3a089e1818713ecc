//! The parts of a formula as outlines. Lengths are in em, downwards from the top left corner.

use ratex_types::color::Color;
use ratex_types::display_item::{DisplayItem, DisplayList};
use ratex_types::path_command::PathCommand;
use tiny_skia::{Path, PathBuilder, Rect, Transform};
use ttf_parser::OutlineBuilder;

use super::fonts::Glyph;

/// A dash of a dashed line is this many times as long as thick, and so is a gap.
const DASH: f64 = 4.0;
/// The most dashes of a line; a formula that fits a picture has fewer.
const MOST_DASHES: usize = 1_000;

/// An outline and how to draw it.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) path: Path,
    pub(super) color: Color,
    pub(super) ink: Ink,
}

/// How an outline is drawn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Ink {
    /// Its inside is filled.
    Filled,
    /// It is a bar, at least a pixel thick.
    Bar,
    /// It is drawn with a pen.
    Stroked,
}

/// Returns the outlines of all parts, in the order in which they are drawn.
pub(super) fn shapes(list: &DisplayList) -> Vec<Shape> {
    let mut shapes = Vec::new();
    for item in &list.items {
        match item {
            DisplayItem::GlyphPath { x, y, scale, font, char_code, color } => {
                shapes.extend(glyph((font, *char_code), (*x, *y, *scale), *color));
            }
            DisplayItem::Line { x, y, width, thickness, color, dashed } => {
                let top = y - thickness / 2.0;
                if *dashed {
                    shapes.extend(
                        dashes(*x, *width, *thickness)
                            .filter_map(|(x, width)| bar((x, top, width, *thickness), *color)),
                    );
                } else {
                    shapes.extend(bar((*x, top, *width, *thickness), *color));
                }
            }
            DisplayItem::Rect { x, y, width, height, color } => {
                shapes.extend(bar((*x, *y, *width, *height), *color));
            }
            DisplayItem::Path { x, y, commands, fill, color } => {
                shapes.extend(drawn(commands, *fill, (*x, *y), *color));
            }
        }
    }
    shapes
}

/// Returns the outline of a glyph on the baseline at `x`, `y`.
fn glyph((font, code): (&str, u32), (x, y, scale): (f64, f64, f64), color: Color) -> Option<Shape> {
    let glyph = Glyph::find(font, code)?;
    let mut pen = Pen(PathBuilder::new());
    glyph.outline(&mut pen);
    let size = float(scale) / glyph.units_per_em();
    let transform = Transform::from_row(size, 0.0, 0.0, -size, float(x), float(y));
    let path = pen.0.finish()?.transform(transform)?;
    Some(Shape { path, color, ink: Ink::Filled })
}

fn bar((x, y, width, height): (f64, f64, f64, f64), color: Color) -> Option<Shape> {
    let rect = Rect::from_xywh(float(x), float(y), float(width), float(height))?;
    Some(Shape { path: PathBuilder::from_rect(rect), color, ink: Ink::Bar })
}

/// Returns the places and widths of the dashes of a line.
fn dashes(x: f64, width: f64, thickness: f64) -> impl Iterator<Item = (f64, f64)> {
    let dash = DASH * thickness;
    let starts = std::iter::successors(Some(0.0), move |start| Some(start + 2.0 * dash));
    let starts = starts.take_while(move |start| *start < width && dash > 0.0).take(MOST_DASHES);
    starts.map(move |start| (x + start, dash.min(width - start)))
}

/// Returns the outlines of a drawing. Filled subpaths become separate shapes: arrows are made of subpaths that overlap
/// with opposite directions, which would cancel each other out in one shape.
fn drawn(commands: &[PathCommand], fill: bool, place: (f64, f64), color: Color) -> Vec<Shape> {
    let ink = if fill { Ink::Filled } else { Ink::Stroked };
    let starts = |command: &PathCommand| matches!(command, PathCommand::MoveTo { .. });
    let parts = commands.chunk_by(|_, next| !fill || !starts(next));
    parts.filter_map(|part| Some(Shape { path: outline(part, place)?, color, ink })).collect()
}

fn outline(commands: &[PathCommand], (x, y): (f64, f64)) -> Option<Path> {
    let mut path = PathBuilder::new();
    let at = |a: f64, b: f64| (float(x + a), float(y + b));
    for command in commands {
        match *command {
            PathCommand::MoveTo { x, y } => {
                let (x, y) = at(x, y);
                path.move_to(x, y);
            }
            PathCommand::LineTo { x, y } => {
                let (x, y) = at(x, y);
                path.line_to(x, y);
            }
            PathCommand::QuadTo { x1, y1, x, y } => {
                let ((x1, y1), (x, y)) = (at(x1, y1), at(x, y));
                path.quad_to(x1, y1, x, y);
            }
            PathCommand::CubicTo { x1, y1, x2, y2, x, y } => {
                let ((x1, y1), (x2, y2), (x, y)) = (at(x1, y1), at(x2, y2), at(x, y));
                path.cubic_to(x1, y1, x2, y2, x, y);
            }
            PathCommand::Close => path.close(),
        }
    }
    path.finish()
}

/// Collects the outline of a glyph.
struct Pen(PathBuilder);

impl OutlineBuilder for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.0.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.0.line_to(x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        self.0.quad_to(x1, y1, x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        self.0.cubic_to(x1, y1, x2, y2, x, y);
    }

    fn close(&mut self) {
        self.0.close();
    }
}

/// Returns the length as the canvas counts, which needs fewer digits.
#[expect(clippy::cast_possible_truncation, reason = "a millionth of an em is not visible")]
pub(super) fn float(length: f64) -> f32 {
    length as f32
}
