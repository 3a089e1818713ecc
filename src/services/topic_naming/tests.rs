//! Tests: names of topics that nobody has named on purpose.

use super::*;

#[test]
fn pauses_double_up_to_an_hour() {
    let pauses: Vec<f64> = [0, 1, 2, 3, 6, 20, i32::MAX].map(pause).to_vec();
    assert_eq!(pauses, [5.0, 5.0, 10.0, 20.0, 160.0, 3_600.0, 3_600.0]);
}
