//! Checks drawn formulas by their pixels: what is drawn is visible, complete and different for different
//! sources; what cannot be drawn is refused quickly.

mod appearance;
mod bombs;
mod random;

use std::time::Duration;

use tiny_skia::Pixmap;

use super::*;

/// The most processor time that a formula may take, in a build without optimisation. It bounds how
/// long a thread is lost to a formula that nobody waits for any more.
const BOUND: Duration = Duration::from_secs(5);

fn render(source: &str, display: bool) -> Result<FormulaPicture, TypesetError> {
    super::render(source, display, &|| false)
}

/// What is not white in a picture: how many pixels, and the box around them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Ink {
    pixels: usize,
    left: u32,
    top: u32,
    right: u32,
    bottom: u32,
}

impl Ink {
    fn width(self) -> u32 {
        self.right - self.left
    }

    fn height(self) -> u32 {
        self.bottom - self.top
    }
}

fn pixels(picture: &FormulaPicture) -> Pixmap {
    let pixels = Pixmap::decode_png(&picture.png).unwrap();
    assert_eq!((pixels.width(), pixels.height()), (picture.width, picture.height));
    assert!(pixels.pixels().iter().all(|pixel| pixel.alpha() == 255), "a picture is opaque");
    pixels
}

fn ink(picture: &FormulaPicture) -> Ink {
    let pixels = pixels(picture);
    let mut ink = Ink { pixels: 0, left: u32::MAX, top: u32::MAX, right: 0, bottom: 0 };
    for y in 0..pixels.height() {
        for x in 0..pixels.width() {
            let pixel = pixels.pixel(x, y).unwrap();
            if (pixel.red(), pixel.green(), pixel.blue()) != (255, 255, 255) {
                ink.pixels += 1;
                (ink.left, ink.right) = (ink.left.min(x), ink.right.max(x + 1));
                (ink.top, ink.bottom) = (ink.top.min(y), ink.bottom.max(y + 1));
            }
        }
    }
    assert!(ink.pixels > 0, "an empty picture");
    ink
}

/// Returns the processor time that this thread has used: other work on the machine does not count.
fn processor_time() -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(told.split(' ').next().unwrap().parse().unwrap())
}

/// Renders on a thread with the stack of those for blocking work, and soon.
fn soon(source: &str) -> Result<FormulaPicture, TypesetError> {
    let owned = source.to_owned();
    let thread = std::thread::Builder::new().stack_size(2 * 1024 * 1024);
    let work = move || (render(&owned, true), processor_time());
    let (result, took) = thread.spawn(work).unwrap().join().unwrap();
    let shown: String = source.chars().take(100).collect();
    assert!(took < BOUND, "{shown} took {took:?}");
    result
}
