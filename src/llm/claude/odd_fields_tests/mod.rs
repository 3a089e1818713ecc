//! Events with unexpected, missing or divided values; the rest of the answer must arrive.

mod blocks;
mod each_field;
mod figures;
mod whole_events;
