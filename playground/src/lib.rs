//! Emulated outside world for development and tests.
