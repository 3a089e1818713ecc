//! Paths that ids of the service cannot leave.

use super::*;

#[test]
fn ids_cannot_leave_their_part_of_the_path() {
    assert_eq!(escaped("i1-a_b.c~"), "i1-a_b.c~");
    assert_eq!(escaped("../x?y=ю"), "..%2Fx%3Fy%3D%D1%8E");
}
