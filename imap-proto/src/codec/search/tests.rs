use super::*;
use alloc::boxed::Box;
use alloc::format;
use alloc::vec;
use proptest::prelude::*;

type Key = SearchKey<&'static str>;

#[test]
fn a_tree_is_whole_or_no_search() {
    use SearchKey as Key;
    let of = |keys: Vec<super::SearchKey<&str>>| SearchKeys::new(keys).map(|keys| keys.keys().len());
    assert_eq!(of(vec![]), Err(BadSearch::Empty));
    assert_eq!(of(vec![Key::And(0)]), Err(BadSearch::Empty));
    assert_eq!(of(vec![Key::Not]), Err(BadSearch::Incomplete));
    assert_eq!(of(vec![Key::Or, Key::Seen]), Err(BadSearch::Incomplete));
    assert_eq!(of(vec![Key::And(3), Key::Seen, Key::All]), Err(BadSearch::Incomplete));
    assert_eq!(of(vec![Key::Or, Key::Seen, Key::Not, Key::All, Key::All]), Ok(5));
    let mut deep = vec![Key::Not; 32];
    deep.push(Key::All);
    assert_eq!(of(deep.clone()), Ok(33));
    deep.insert(0, Key::Fuzzy);
    assert_eq!(of(deep), Err(BadSearch::TooDeep));
    assert_eq!(of(vec![Key::And(u32::MAX), Key::All]), Err(BadSearch::Incomplete));
}

#[test]
fn keys_that_cannot_matter_are_not_asked_for() {
    use SearchKey as Key;
    let keys =
        SearchKeys::<&str>::new([Key::Or, Key::Seen, Key::And(2), Key::Draft, Key::Not, Key::Deleted, Key::Flagged])
            .unwrap();
    let mut asked = Vec::new();
    let mut evaluate = |seen: bool, draft: bool| {
        asked.clear();
        let found = keys.evaluate(|key| {
            asked.push(key.clone());
            match key {
                Key::Seen => seen,
                Key::Draft => draft,
                _ => false,
            }
        });
        (found, asked.len())
    };
    // SEEN settles the OR, and FLAGGED is still asked for.
    assert_eq!(evaluate(true, false), (false, 2));
    // Neither SEEN nor DRAFT: nothing more matters.
    assert_eq!(evaluate(false, false), (false, 2));
    // DRAFT, NOT DELETED: the OR holds; FLAGGED does not.
    assert_eq!(evaluate(false, true), (false, 4));
}

#[derive(Clone, Debug)]
enum Tree {
    Leaf(bool),
    Not(Box<Tree>),
    Fuzzy(Box<Tree>),
    Or(Box<Tree>, Box<Tree>),
    And(Vec<Tree>),
}

impl Tree {
    fn flatten(&self, keys: &mut Vec<Key>) {
        match self {
            Tree::Leaf(true) => keys.push(Key::All),
            Tree::Leaf(false) => keys.push(Key::Seen),
            Tree::Not(of) => {
                keys.push(Key::Not);
                of.flatten(keys);
            }
            Tree::Fuzzy(of) => {
                keys.push(Key::Fuzzy);
                of.flatten(keys);
            }
            Tree::Or(a, b) => {
                keys.push(Key::Or);
                a.flatten(keys);
                b.flatten(keys);
            }
            Tree::And(all) => {
                keys.push(Key::And(all.len() as u32));
                all.iter().for_each(|one| one.flatten(keys));
            }
        }
    }

    fn value(&self) -> bool {
        match self {
            Tree::Leaf(value) => *value,
            Tree::Not(of) => !of.value(),
            Tree::Fuzzy(of) => of.value(),
            Tree::Or(a, b) => a.value() || b.value(),
            Tree::And(all) => all.iter().all(Tree::value),
        }
    }
}

fn tree() -> impl Strategy<Value = Tree> {
    any::<bool>().prop_map(Tree::Leaf).prop_recursive(6, 40, 4, |inner| {
        prop_oneof![
            inner.clone().prop_map(|of| Tree::Not(Box::new(of))),
            inner.clone().prop_map(|of| Tree::Fuzzy(Box::new(of))),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| Tree::Or(Box::new(a), Box::new(b))),
            prop::collection::vec(inner, 1..4).prop_map(Tree::And),
        ]
    })
}

proptest! {
    #[test]
    fn a_flat_tree_means_what_the_tree_means(trees in prop::collection::vec(tree(), 1..4)) {
        let mut flat = Vec::new();
        trees.iter().for_each(|tree| tree.flatten(&mut flat));
        let keys = SearchKeys::new(flat.clone()).unwrap();
        prop_assert_eq!(keys.evaluate(|key| *key == Key::All), trees.iter().all(Tree::value));
        let mut wire = Vec::new();
        struct Written<'k>(&'k SearchKeys<&'static str>);
        impl crate::codec::encode::Encode for Written<'_> {
            fn write(&self, writer: &mut crate::codec::encode::Writer<'_>) -> Result<(), crate::codec::encode::Unwritable> {
                self.0.write(writer)
            }
        }
        crate::codec::encode::Encoder::client().encode(&Written(&keys), &mut wire).unwrap();
        let (rest, read) = SearchKeys::read(&wire).unwrap();
        prop_assert!(rest.is_empty());
        prop_assert_eq!(format!("{:?}", read.keys()), format!("{:?}", flat), "{}", wire.escape_ascii());
    }
}
