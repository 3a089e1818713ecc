//! The path of a file that a test may create, and that is removed with it.

use std::path::{Display, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

pub(crate) struct TempPath(PathBuf);

impl TempPath {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Self(std::env::temp_dir().join(format!("starling-test-{}-{number}", std::process::id())))
    }

    pub(crate) fn path(&self) -> Display<'_> {
        self.0.display()
    }
}

impl Drop for TempPath {
    fn drop(&mut self) {
        std::fs::remove_file(&self.0).ok();
    }
}
