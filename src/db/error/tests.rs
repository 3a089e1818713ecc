//! Tests: database errors.

use super::*;

#[test]
fn a_state_of_the_server_says_whether_a_repetition_helps() {
    for (codes, class) in [
        (&["08006", "53300", "57P01", "57P03", "25P03", "25006"][..], Class::Unavailable),
        (&["40001", "40P01", "55P03"], Class::Contended),
        (&["57014"], Class::TooSlow),
        (&["23505", "42601", "22001"], Class::Permanent),
    ] {
        for code in codes {
            assert_eq!(Class::of_sqlstate(code), class, "{code}");
        }
    }
}
