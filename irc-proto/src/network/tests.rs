use super::*;

#[test]
fn the_table_is_sorted() {
    assert!(TABLE.windows(2).all(|two| two[0].word < two[1].word));
}
