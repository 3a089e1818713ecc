//! The screen of a turn: shows the answer while it grows. It only receives events and has no access to the
//! model or to money. It always reads its channel at once, so Telegram's limits delay the screen but never
//! the model.

mod actions;
mod files;
mod pace;
mod paint;
mod place;
mod presenter;
mod screen;
mod shown;
mod tool_lines;
mod work;

pub(crate) use self::actions::Actions;
pub(crate) use self::pace::REMINDER;
pub(super) use self::paint::{draft, find_lost, is_draft_of};
pub(crate) use self::place::{Place, Surface};
pub(crate) use self::presenter::present;
pub(crate) use self::screen::Screen;
pub(crate) use self::shown::ScreenResult;
