//! The table beside the map of the standard library: the same answers, whatever was done; and one digest for one content.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn leaf(key: &String, value: &u64) -> Hash {
    format!("{key}={value}").rank()
}

fn join(parts: [Hash; 3]) -> Hash {
    format!("{parts:?}").rank()
}

fn fresh(of: &BTreeMap<String, u64>) -> Table<String, u64> {
    of.iter().map(|(key, value)| (key.clone(), *value)).collect()
}

#[derive(Clone, Debug)]
enum Step {
    Insert(u8, u64),
    Change(u8),
    Remove(u8),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (any::<u8>(), any::<u64>()).prop_map(|(key, value)| Step::Insert(key % 32, value)),
        any::<u8>().prop_map(|key| Step::Change(key % 32)),
        any::<u8>().prop_map(|key| Step::Remove(key % 32)),
    ];
    proptest::collection::vec(step, 0..50)
}

proptest! {
    #[test]
    fn it_answers_as_a_map_does_and_its_digest_is_that_of_its_content(steps in steps()) {
        let (mut table, mut map) = (Table::default(), BTreeMap::new());
        for step in steps {
            let before = (table.clone(), map.clone());
            match step {
                Step::Insert(key, value) => {
                    table.insert(key.to_string(), value);
                    map.insert(key.to_string(), value);
                }
                Step::Change(key) => {
                    table.get_mut(&key.to_string()).into_iter().for_each(|value: &mut u64| *value ^= 1);
                    map.get_mut(&key.to_string()).into_iter().for_each(|value| *value ^= 1);
                }
                Step::Remove(key) => {
                    table.remove(&key.to_string());
                    map.remove(&key.to_string());
                }
            }
            prop_assert!(table.iter().eq(map.iter()));
            prop_assert_eq!(table.len(), map.len());
            prop_assert_eq!(table.digest(&leaf, &join), fresh(&map).digest(&leaf, &join));
            prop_assert!(before.0.iter().eq(before.1.iter()), "a copy stays as it was");
            prop_assert_eq!(before.0.digest(&leaf, &join), fresh(&before.1).digest(&leaf, &join));
        }
    }
}

#[test]
fn keys_in_order_make_no_deep_table() {
    fn depth(link: &Link<String, ()>) -> usize {
        link.as_ref().map_or(0, |node| 1 + depth(&node.left).max(depth(&node.right)))
    }
    let table: Table<String, ()> = (0..10_000).map(|number| (format!("row-{number:05}"), ())).collect();
    assert!(depth(&table.top) < 48, "{}", depth(&table.top));
}
