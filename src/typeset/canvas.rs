//! Draws the outlines of a formula as a PNG: black on white, with a margin, so that it can be read in dark
//! chats too.

use tiny_skia::{Color, FillRule, LineCap, Paint, Path, PathBuilder, Pixmap, Rect, Stroke, Transform};

use super::error::{TypesetError, go_on};
use super::shapes::{Ink, Shape, float};

/// The size of the font in pixels, as long as the formula fits. A phone shows the picture at about half its
/// pixels.
const EM: f32 = 48.0;
/// The smallest size of the font: smaller letters cannot be read on a phone without magnifying the picture.
const SMALLEST_EM: f32 = 24.0;
/// The longest side of a picture in pixels: what a model sees without loss.
const LONGEST_SIDE: f32 = 1_536.0;
/// The margin in pixels.
const MARGIN: f32 = 32.0;
/// The smallest picture, in pixels: chats magnify smaller ones.
const LEAST: (f32, f32) = (480.0, 160.0);
/// The thickness of a pen in em.
const PEN: f32 = 0.04;

/// A finished picture.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct FormulaPicture {
    /// The PNG.
    pub png: Vec<u8>,
    /// The width in pixels.
    pub width: u32,
    /// The height in pixels.
    pub height: u32,
    /// Whether the letters are smaller than usual, because the formula is large.
    pub small: bool,
}

/// Checks that a formula of this size in em fits a picture.
///
/// # Errors
/// Returns [`TypesetError::TooLarge`].
pub(super) fn check(width: f64, height: f64) -> Result<(), TypesetError> {
    let most = (LONGEST_SIDE - 2.0 * MARGIN) / SMALLEST_EM;
    let (width, height) = (float(width), float(height));
    if width <= most && height <= most {
        return Ok(());
    }
    Err(TypesetError::TooLarge { width: whole(width), height: whole(height), most: whole(most.floor()) })
}

/// Draws outlines that were laid out in a box of this size, in em; what lies outside the box is shown, too.
///
/// # Errors
/// Returns an error if the formula does not fit a picture, if nothing is visible, or if `unwanted` returns `true`
/// because the caller has gone.
pub(super) fn draw(
    shapes: &[Shape],
    width: f64,
    height: f64,
    unwanted: &dyn Fn() -> bool,
) -> Result<FormulaPicture, TypesetError> {
    let mut bounds = Bounds { left: 0.0, top: 0.0, right: float(width), bottom: float(height) };
    for shape in shapes {
        bounds.include(shape.path.bounds());
    }
    let (width, height) = (bounds.right - bounds.left, bounds.bottom - bounds.top);
    check(width.into(), height.into())?;
    let room = LONGEST_SIDE - 2.0 * MARGIN;
    let em = EM.min(room / width.max(1.0)).min(room / height.max(1.0));
    let side = |length: f32, least: f32| (length * em + 2.0 * MARGIN).ceil().clamp(least, LONGEST_SIDE);
    let size = (side(width, LEAST.0), side(height, LEAST.1));
    let mut canvas = Pixmap::new(whole(size.0), whole(size.1)).ok_or(TypesetError::Internal)?;
    canvas.fill(Color::WHITE);
    let place = Transform::from_row(
        em,
        0.0,
        0.0,
        em,
        (size.0 - width * em) / 2.0 - bounds.left * em,
        (size.1 - height * em) / 2.0 - bounds.top * em,
    );
    for shape in shapes {
        go_on(unwanted)?;
        paint(&mut canvas, shape, em, place);
    }
    go_on(unwanted)?;
    if canvas.pixels().iter().all(|pixel| *pixel == Color::WHITE.premultiply().to_color_u8()) {
        return Err(TypesetError::Blank);
    }
    let png = canvas.encode_png().map_err(|_| TypesetError::Internal)?;
    Ok(FormulaPicture { png, width: canvas.width(), height: canvas.height(), small: em < EM * 0.7 })
}

fn paint(canvas: &mut Pixmap, shape: &Shape, em: f32, place: Transform) {
    let mut paint = Paint { anti_alias: true, ..Paint::default() };
    let ratex_types::color::Color { r, g, b, a } = shape.color;
    let share = |value: f32| if value.is_finite() { value.clamp(0.0, 1.0) } else { 0.0 };
    if let Some(color) = Color::from_rgba(share(r), share(g), share(b), share(a)) {
        paint.set_color(color);
    }
    match shape.ink {
        Ink::Filled => canvas.fill_path(&shape.path, &paint, FillRule::Winding, place, None),
        Ink::Bar => {
            if let Some(bar) = visible_bar(&shape.path, place) {
                canvas.fill_path(&bar, &paint, FillRule::Winding, Transform::identity(), None);
            }
        }
        Ink::Stroked => {
            let pen = Stroke { width: PEN.max(1.0 / em), line_cap: LineCap::Butt, ..Stroke::default() };
            canvas.stroke_path(&shape.path, &paint, &pen, place, None);
        }
    }
}

/// Returns a bar in pixels that is at least one pixel thick.
fn visible_bar(path: &Path, place: Transform) -> Option<Path> {
    let bounds = path.clone().transform(place)?.bounds();
    let grown = |length: f32| (1.0 - length).max(0.0) / 2.0;
    let (across, down) = (grown(bounds.width()), grown(bounds.height()));
    let rect = Rect::from_ltrb(
        bounds.left() - across,
        bounds.top() - down,
        bounds.right() + across,
        bounds.bottom() + down,
    )?;
    Some(PathBuilder::from_rect(rect))
}

/// The smallest box around everything, in em.
struct Bounds {
    left: f32,
    top: f32,
    right: f32,
    bottom: f32,
}

impl Bounds {
    fn include(&mut self, other: Rect) {
        self.left = self.left.min(other.left());
        self.top = self.top.min(other.top());
        self.right = self.right.max(other.right());
        self.bottom = self.bottom.max(other.bottom());
    }
}

/// Returns the length rounded up to whole units, as far as a number reaches.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the conversion saturates")]
fn whole(length: f32) -> u32 {
    length.ceil() as u32
}
